@NullMarked
package dormouse.backend;

import org.jspecify.annotations.NullMarked;
