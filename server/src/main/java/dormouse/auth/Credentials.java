package dormouse.auth;

import java.util.Arrays;

/// What a client logs in with. Whoever is done with it last wipes it.
///
/// @param user whose password it is (the authentication identity of RFC 4616 §2)
/// @param authzid whose mail it is to be; empty for the user's own
/// @param password in the client's own bytes; not copied
/// @param token whether it is an access token (OAuth 2.0) in place of a password
@SuppressWarnings("ArrayRecordComponent") // a password is wiped, and never compared
public record Credentials(String user, String authzid, byte[] password, boolean token) {
  /// With a password.
  public Credentials(String user, String authzid, byte[] password) {
    this(user, authzid, password, false);
  }

  /// Whose mail it is to be.
  public String owner() {
    return authzid.isEmpty() ? user : authzid;
  }

  /// The same with a password array of its own, wiped apart from this one.
  public Credentials copy() {
    return new Credentials(user, authzid, password.clone(), token);
  }

  /// Overwrites the password.
  public void wipe() {
    Arrays.fill(password, (byte) 0);
  }

  @Override
  public String toString() {
    return "Credentials[user=" + user + ", authzid=" + authzid + ", password hidden]";
  }
}
