@NullMarked
package dormouse.proxy;

import org.jspecify.annotations.NullMarked;
