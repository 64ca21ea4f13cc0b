package dormouse.auth;

import dormouse.config.LoginSettings;
import dormouse.config.Network;
import dormouse.listen.SecretKeys;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Who may log in from some networks only: administrators, and master users. Immutable.
public final class Admins {
  private static final char MASTER_SEPARATOR = '*'; // Dovecot: auth_master_user_separator

  private final Set<String> names;
  private final List<Network> from;

  private Admins(Set<String> names, List<Network> from) {
    this.names = names;
    this.from = from;
  }

  /// Those of the settings.
  public static Admins of(LoginSettings settings) {
    return new Admins(
        settings.admins().stream().map(SecretKeys::plain).collect(Collectors.toUnmodifiableSet()),
        settings.adminsFrom());
  }

  /// Whether a user may come from there. `ann*root`, by which the master user root logs in as ann, may from where root may.
  public boolean allow(String user, InetAddress address) {
    return !(names.contains(SecretKeys.plain(user))
            || names.contains(SecretKeys.plain(master(user))))
        || Network.contain(from, address);
  }

  /// The master user whom a name holds; `""` if none.
  static String master(String user) {
    int at = user.lastIndexOf(MASTER_SEPARATOR);
    return at < 0 ? "" : user.substring(at + 1).strip();
  }
}
