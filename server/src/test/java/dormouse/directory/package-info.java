@NullMarked
package dormouse.directory;

import org.jspecify.annotations.NullMarked;
