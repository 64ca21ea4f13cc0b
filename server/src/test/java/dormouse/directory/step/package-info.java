@NullMarked
package dormouse.directory.step;

import org.jspecify.annotations.NullMarked;
