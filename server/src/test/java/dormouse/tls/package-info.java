@NullMarked
package dormouse.tls;

import org.jspecify.annotations.NullMarked;
