package dormouse.imap.sleep;

import dormouse.auth.Credentials;
import dormouse.auth.MasterUser;
import dormouse.auth.SealedPassword;
import dormouse.backend.Backend;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The leave to log a user in again while the client is not asked: by a master user of the backend, else by the client's own password, which is
/// kept sealed until the session ends. Lives on the user's event loop.
public final class Grant {
  private final String user;
  private final String authzid;
  private final String owner;
  private final Function<String, @Nullable MasterUser> masters;
  private final @Nullable SealedPassword password;

  private Grant(
      Credentials credentials,
      Function<String, @Nullable MasterUser> masters,
      @Nullable SealedPassword password) {
    this.user = credentials.user();
    this.authzid = credentials.authzid();
    this.owner = credentials.owner();
    this.masters = masters;
    this.password = password;
  }

  /// For who has logged in at a backend; null if there is no way to do so again.
  ///
  /// @param masters the master users there are, by the names of their backends
  /// @param keepPassword whether the client's password may be kept; nothing of it is if the backend has a master user
  public static @Nullable Grant of(
      Credentials credentials,
      Backend backend,
      Function<String, @Nullable MasterUser> masters,
      boolean keepPassword) {
    if (masters.apply(backend.name()) != null) {
      return new Grant(credentials, masters, null);
    }
    return keepPassword
        ? new Grant(credentials, masters, SealedPassword.seal(credentials.password()))
        : null;
  }

  /// Whose login the client's was.
  public String user() {
    return user;
  }

  /// What logs the user in at a backend, once, for the caller to wipe; null if there is nothing that does.
  public @Nullable Credentials open(Backend backend) {
    MasterUser master = masters.apply(backend.name());
    if (master != null) {
      return master.as(owner);
    }
    return password == null ? null : new Credentials(user, authzid, password.open());
  }

  /// The session has ended.
  public void wipe() {
    if (password != null) {
      password.wipe();
    }
  }
}
