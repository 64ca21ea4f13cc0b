package dormouse.auth;

import org.jspecify.annotations.Nullable;

/// The LOGIN mechanism (draft-murchison-sasl-login-00): the server asks twice, the client answers with name and password.
/// No standard, but old clients know no other.
final class SaslLogin {
  /// `Username:` in Base64, to be asked first. Clients only look for a question.
  static final String ASK_USER = "VXNlcm5hbWU6";

  /// `Password:` in Base64, to be asked second.
  static final String ASK_PASSWORD = "UGFzc3dvcmQ6";

  private SaslLogin() {}

  /// The credentials in both answers, `null` if they are malformed.
  static @Nullable Credentials parse(byte[] user, byte[] password) {
    return Sasl.credentials(user, new byte[0], password);
  }
}
