/// TLS towards clients, by certificate and name, and towards backends, by whom we trust.
///
/// Start with [dormouse.tls.Certificates].
@NullMarked
package dormouse.tls;

import org.jspecify.annotations.NullMarked;
