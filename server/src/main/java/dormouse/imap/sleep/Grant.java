package dormouse.imap.sleep;

import dormouse.auth.Credentials;
import dormouse.auth.SealedPassword;

/// The leave to log a user in again while the client is not asked: the kept password, sealed.
///
/// Lives on the user's event loop.
public final class Grant {
  private final String user;
  private final String authzid;
  private final SealedPassword password;

  private Grant(String user, String authzid, SealedPassword password) {
    this.user = user;
    this.authzid = authzid;
    this.password = password;
  }

  public static Grant of(Credentials credentials) {
    return new Grant(
        credentials.user(), credentials.authzid(), SealedPassword.seal(credentials.password()));
  }

  public String user() {
    return user;
  }

  /// Opened for one login; the caller drops it at once.
  Credentials open() {
    return new Credentials(user, authzid, password.open());
  }

  /// The session has ended.
  public void wipe() {
    password.wipe();
  }
}
