/// An IMAP connection to a backend: commands of our own and their replies, the login, and what the backend can do.
/// Start with [BackendLogin], then [BackendConnection].
@NullMarked
package dormouse.imap.backend;

import org.jspecify.annotations.NullMarked;
