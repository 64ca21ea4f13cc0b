/// What outlives a restart, and a loss of power.
///
/// Start with [LastingFile].
@NullMarked
package dormouse.store;

import org.jspecify.annotations.NullMarked;
