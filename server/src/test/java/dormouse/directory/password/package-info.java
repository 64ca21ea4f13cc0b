@NullMarked
package dormouse.directory.password;

import org.jspecify.annotations.NullMarked;
