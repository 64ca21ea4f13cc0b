/// Where clients come in: event loops, and listeners that accept on all of them.
///
/// Start with [dormouse.listen.Listeners], then [dormouse.listen.Listener].
@NullMarked
package dormouse.listen;

import org.jspecify.annotations.NullMarked;
