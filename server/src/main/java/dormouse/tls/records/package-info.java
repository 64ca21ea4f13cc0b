/// TLS 1.3 after its handshake, carried by Dormouse itself: BoringSSL shakes hands and is let go, and what is left of a
/// connection is two secrets and two counters.
///
/// Start with [dormouse.tls.records.Handover], then [dormouse.tls.records.TlsRecords], which does no I/O.
@NullMarked
package dormouse.tls.records;

import org.jspecify.annotations.NullMarked;
