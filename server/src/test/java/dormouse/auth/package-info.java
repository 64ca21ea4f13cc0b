@NullMarked
package dormouse.auth;

import org.jspecify.annotations.NullMarked;
