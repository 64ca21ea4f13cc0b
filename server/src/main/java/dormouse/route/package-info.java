/// Which backend serves a user: a pure function over what is known. Start with [Route].
@NullMarked
package dormouse.route;

import org.jspecify.annotations.NullMarked;
