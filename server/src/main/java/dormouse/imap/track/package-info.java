/// The byte machines between client and backend: which command runs, which response passes, and nothing more.
///
/// They do no I/O and keep no reference-counted memory: bytes come in as `ByteBuf`, cut anywhere, and go out as slices.
/// Read [CommandTracker] for the way to the backend, [ResponseTracker] for the way to the client, and [ResponseLines]
/// for answers to our own commands. What they know of lines and literals is in `LineScanner` (RFC 9051 §4.3).
@NullMarked
package dormouse.imap.track;

import org.jspecify.annotations.NullMarked;
