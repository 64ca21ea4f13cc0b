package dormouse.auth;

import dormouse.config.LoginAsSettings;
import dormouse.config.SecretFile;
import dormouse.directory.password.SealedPassword;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A user of a backend who may log in for every other one, so that no password of a client need be kept: Dovecot's master
/// passdb, Cyrus' `proxyservers`. Immutable; any thread.
public final class MasterUser {
  private final String name;
  private final @Nullable String separator;
  private final SealedPassword password;

  private MasterUser(String name, @Nullable String separator, SealedPassword password) {
    this.name = name;
    this.separator = separator;
    this.password = password;
  }

  /// The one that the settings name, null if they name none. Reads the password's file, so it blocks.
  ///
  /// @throws IOException if the file holds no password; the message has nothing of what it holds
  public static @Nullable MasterUser load(LoginAsSettings settings) throws IOException {
    if (settings.user() == null || settings.passwordFile() == null) {
      return null;
    }
    byte[] password = SecretFile.read(settings.passwordFile());
    try {
      return new MasterUser(settings.user(), settings.separator(), SealedPassword.seal(password));
    } finally {
      Arrays.fill(password, (byte) 0);
    }
  }

  /// What logs `user` in; the caller wipes it after use.
  public Credentials as(String user) {
    return separator == null
        ? new Credentials(name, user, password.open())
        : new Credentials(user + separator + name, "", password.open());
  }

  @Override
  public String toString() {
    return "MasterUser[name=" + name + ", password hidden]";
  }
}
