package dormouse.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Who logs users in again while their clients are not asked: to wake, and to look after those who sleep.
///
/// @param user a master user of the backend, who may log in for others; none: only the client's own password can, if
///     `hibernate.keep-password`
/// @param passwordFile holds the master user's password; with `user`, and only then
/// @param separator stands between user and master user where both are given as one name (Dovecot:
///     `auth_master_user_separator`); none: the user is the authorization identity of SASL PLAIN (RFC 4616)
public record LoginAsSettings(
    @Nullable String user, @Nullable Path passwordFile, @Nullable String separator) {
  public static final LoginAsSettings DEFAULT = new LoginAsSettings(null, null, null);

  public LoginAsSettings {
    new Checks()
        .that(
            (user == null) == (passwordFile == null),
            user == null ? "user" : "password-file",
            user == null
                ? "the master user whose password `password-file` holds"
                : "the file that holds the password of `user`")
        .that(user != null || separator == null, "user", "the master user behind the separator")
        .that(user == null || !user.isBlank(), "user", "a name, or none")
        .that(
            separator == null || separator.matches("[!-~]{1,8}"),
            "separator",
            "up to 8 visible ASCII characters, or none")
        .done();
  }
}
