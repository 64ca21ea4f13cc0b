/// The wiring of Dormouse. Start with [Main].
@NullMarked
package dormouse;

import org.jspecify.annotations.NullMarked;
