package dormouse.directory;

import dormouse.session.Client;
import dormouse.tls.records.HandshakeFacts;
import org.jspecify.annotations.Nullable;

/// One try of a client to log in: all that a link may want to know of it. Immutable, but for its proof, which is wiped when
/// the try is decided.
///
/// @param protocol what the client speaks: `imap`
/// @param client who it is on the wire
/// @param tls what was agreed on with it; null without TLS
/// @param clientId what it told of itself, as the arguments of IMAP's ID (RFC 2971); or ""
/// @param number of the try on this connection, from 1
/// @param mechanism SASL's name in upper case; IMAP's own LOGIN counts as `LOGIN`
/// @param user whom it says it is; a step of the chain may have rewritten it
/// @param authzid whose mail it is to be; empty for the user's own
/// @param proof what it shows for that
public record Attempt(
    String protocol,
    Client client,
    @Nullable HandshakeFacts tls,
    String clientId,
    int number,
    String mechanism,
    String user,
    String authzid,
    Proof proof) {

  /// The same of another user.
  public Attempt withUser(String other) {
    return new Attempt(protocol, client, tls, clientId, number, mechanism, other, authzid, proof);
  }
}
