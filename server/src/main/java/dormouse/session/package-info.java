/// One client connection's life: who the client is, why it ended, and the time that passes meanwhile.
///
/// Start with [Client] and [CloseReason].
@NullMarked
package dormouse.session;

import org.jspecify.annotations.NullMarked;
