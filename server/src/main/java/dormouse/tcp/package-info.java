/// TCP connections on event loops of epoll's, for which the kernel is asked for little but their bytes.
///
/// Start with [TcpChannel].
@NullMarked
package dormouse.tcp;

import org.jspecify.annotations.NullMarked;
