/// A connection to a mail server, as far as no protocol is spoken on it yet: name resolution, TCP, TLS. Start with
/// [Backend].
@NullMarked
package dormouse.backend;

import org.jspecify.annotations.NullMarked;
