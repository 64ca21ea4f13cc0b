@NullMarked
package dormouse.listen;

import org.jspecify.annotations.NullMarked;
