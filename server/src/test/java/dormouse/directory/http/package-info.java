@NullMarked
package dormouse.directory.http;

import org.jspecify.annotations.NullMarked;
