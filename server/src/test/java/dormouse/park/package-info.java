@NullMarked
package dormouse.park;

import org.jspecify.annotations.NullMarked;
