/// Scripted clients, mail servers and stand-in backends to test Dormouse against. It speaks bytes and
/// knows nothing of the server module, so that what it says about Dormouse is independent of it.
@NullMarked
package dormouse.testkit;

import org.jspecify.annotations.NullMarked;
