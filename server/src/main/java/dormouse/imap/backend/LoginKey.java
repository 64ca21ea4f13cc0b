package dormouse.imap.backend;

import dormouse.auth.Credentials;
import dormouse.auth.CredentialsDigest;
import dormouse.backend.Backend;
import org.jspecify.annotations.Nullable;

/// What a login at a backend was made with, such that it can be compared. Immutable.
///
/// @param byMaster whether a master user logs in for the account's
record LoginKey(boolean byMaster, CredentialsDigest digest) {

  /// For a login to the account of `user`, to read the mail of `owner`.
  static LoginKey of(Credentials credentials, String user, String owner) {
    boolean byMaster = !credentials.user().equals(user) || !credentials.owner().equals(owner);
    return new LoginKey(byMaster, CredentialsDigest.of(credentials));
  }

  /// Of what would log in at a backend for a wish; null where nothing does.
  static @Nullable LoginKey of(Backend backend, Wish wish) {
    Credentials credentials = wish.credentials().apply(backend);
    if (credentials == null) {
      return null;
    }
    LoginKey key = of(credentials, wish.user(), wish.owner());
    credentials.wipe();
    return key;
  }

  /// Whether who has this key may use a connection of the same account that was made with another: if it is the same one, or a
  /// master's, which every account is open to.
  boolean opens(LoginKey other) {
    return byMaster || equals(other);
  }
}
