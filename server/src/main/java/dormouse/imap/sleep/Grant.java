package dormouse.imap.sleep;

import dormouse.auth.Credentials;
import dormouse.auth.MasterUser;
import dormouse.auth.SealedPassword;

/// The leave to log a user in again while the client is not asked. Lives on the user's event loop.
public sealed interface Grant {
  /// Whose login the client's was.
  String user();

  /// What logs the user in, once; the caller wipes it.
  Credentials open();

  /// The session has ended.
  void wipe();

  /// By the client's own password, kept sealed until the session ends.
  static Grant keeping(Credentials credentials) {
    return new Kept(
        credentials.user(), credentials.authzid(), SealedPassword.seal(credentials.password()));
  }

  /// By a master user of the backend; nothing of the client's password is kept.
  static Grant by(MasterUser master, Credentials credentials) {
    return new ByMaster(master, credentials.user(), credentials.owner());
  }

  record Kept(String user, String authzid, SealedPassword password) implements Grant {
    @Override
    public Credentials open() {
      return new Credentials(user, authzid, password.open());
    }

    @Override
    public void wipe() {
      password.wipe();
    }
  }

  /// @param owner whose mail it is
  record ByMaster(MasterUser master, String user, String owner) implements Grant {
    @Override
    public Credentials open() {
      return master.as(owner);
    }

    @Override
    public void wipe() {}
  }
}
