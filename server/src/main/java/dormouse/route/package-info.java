/// Which backends serve a user, and in which order they are tried: pure functions over settings, facts and health. Start with [Router].
@NullMarked
package dormouse.route;

import org.jspecify.annotations.NullMarked;
