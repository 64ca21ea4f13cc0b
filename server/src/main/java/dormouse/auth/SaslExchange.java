package dormouse.auth;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One client's way through a SASL mechanism (RFC 4422), the same in every protocol: lines of Base64 in, turns out. Lives
/// on its session's event loop; no I/O.
public final class SaslExchange {
  private static final byte[] EMPTY = {};

  /// Whose turn it is after what the client said.
  public sealed interface Turn {
    /// The client's, to answer this.
    ///
    /// @param challenge in Base64, may be empty
    record Ask(String challenge) implements Turn {}

    /// Ours: the client has said all.
    record Present(Credentials credentials) implements Turn {}

    /// Nobody's: what the client said is no answer, or no possible name or password, or it gave up.
    ///
    /// @param why for the client; repeats nothing of what it sent
    record Failed(String why) implements Turn {}
  }

  private enum Mechanism {
    PLAIN,
    LOGIN
  }

  private final Mechanism mechanism;
  private byte @Nullable [] user;

  private SaslExchange(Mechanism mechanism) {
    this.mechanism = mechanism;
  }

  /// Begins an exchange, `null` if we do not speak the mechanism.
  ///
  /// @param mechanism its name in upper case
  public static @Nullable SaslExchange of(String mechanism) {
    return switch (mechanism) {
      case "PLAIN" -> new SaslExchange(Mechanism.PLAIN);
      case "LOGIN" -> new SaslExchange(Mechanism.LOGIN);
      default -> null;
    };
  }

  /// Credentials of a name and a password that came outside any mechanism, as in LOGIN of IMAP or USER and PASS of POP3;
  /// `null` if they cannot be right.
  ///
  /// @param password not copied
  public static @Nullable Credentials credentials(byte[] user, byte[] password) {
    return SaslLogin.parse(user, password);
  }

  /// The client's initial response in Base64 (`=`: an empty one, RFC 4959 §3), `null` if it sent none.
  public Turn begin(byte @Nullable [] initial) {
    if (initial == null) {
      return new Turn.Ask(mechanism == Mechanism.PLAIN ? "" : SaslLogin.ASK_USER);
    }
    byte[] response = isEmptyResponse(initial) ? EMPTY : Sasl.decode(initial);
    if (response == null) {
      return new Turn.Failed("Not Base64");
    }
    if (mechanism == Mechanism.LOGIN && response.length == 0) {
      return new Turn.Ask(SaslLogin.ASK_USER); // the mechanism knows no initial response
    }
    return take(response);
  }

  /// The client's answer to what it was asked: Base64, or `*` if it gives up.
  public Turn answer(byte[] line) {
    if (line.length == 1 && line[0] == '*') {
      return new Turn.Failed("Authentication cancelled");
    }
    byte[] response = Sasl.decode(line);
    return response == null ? new Turn.Failed("Not Base64") : take(response);
  }

  private Turn take(byte[] response) {
    return switch (mechanism) {
      case PLAIN -> {
        Credentials credentials = SaslPlain.parse(response);
        Arrays.fill(response, (byte) 0);
        yield present(credentials);
      }
      case LOGIN -> {
        if (user == null) {
          user = response;
          yield new Turn.Ask(SaslLogin.ASK_PASSWORD);
        }
        yield present(SaslLogin.parse(user, response));
      }
    };
  }

  private static Turn present(@Nullable Credentials credentials) {
    return credentials == null
        ? new Turn.Failed("No such user name or password is possible")
        : new Turn.Present(credentials);
  }

  private static boolean isEmptyResponse(byte[] initial) {
    return initial.length == 1 && initial[0] == '=';
  }
}
