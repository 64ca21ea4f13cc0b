@NullMarked
package dormouse.directory.oauth2;

import org.jspecify.annotations.NullMarked;
