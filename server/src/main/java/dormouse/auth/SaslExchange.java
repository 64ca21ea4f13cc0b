package dormouse.auth;

import dormouse.config.SaslMechanism;
import dormouse.directory.Proof;
import dormouse.tls.records.ChannelBindings;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One client's way through a SASL mechanism (RFC 4422), the same in every protocol: lines of Base64 in, turns out, until
/// it is known whom the client wants to be and what it shows for that. Lives on its session's event loop; no I/O.
public final class SaslExchange {
  private static final byte[] EMPTY = {};

  /// Whose turn it is after what the client said.
  public sealed interface Turn {
    /// The client's, to answer this.
    ///
    /// @param challenge in Base64, may be empty
    record Ask(String challenge) implements Turn {}

    /// Ours: the client has said what it has to say unasked.
    ///
    /// @param user whom it says it is
    /// @param authzid whose mail it is to be; empty for the user's own
    /// @param proof the receiver's, to wipe
    record Present(String user, String authzid, Proof proof) implements Turn {}

    /// Nobody's: what the client said is no answer, or no possible name or password, or it gave up.
    ///
    /// @param why for the client; repeats nothing of what it sent
    record Failed(String why) implements Turn {}
  }

  static final Turn IMPOSSIBLE = new Turn.Failed("No such user name or password is possible");

  private final SaslMechanism mechanism;
  private final Seen seen;
  private final String challenge;
  private byte @Nullable [] user;

  private SaslExchange(SaslMechanism mechanism, Seen seen) {
    this.mechanism = mechanism;
    this.seen = seen;
    this.challenge = mechanism == SaslMechanism.CRAM_MD5 ? SaslCramMd5.newChallenge() : "";
  }

  /// What is known of a client before it says anything.
  ///
  /// @param certificateName whom its certificate is made out to; `""` if it has none
  /// @param bindings what its channel can be bound to
  /// @param offersPlus whether it was told that its channel could be bound
  public record Seen(String certificateName, ChannelBindings bindings, boolean offersPlus) {
    /// Nothing.
    public static final Seen NOTHING = new Seen("", ChannelBindings.NONE, false);
  }

  /// Begins an exchange.
  public static SaslExchange of(SaslMechanism mechanism, Seen seen) {
    return new SaslExchange(mechanism, seen);
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
      return firstQuestion();
    }
    byte[] response = isEmptyResponse(initial) ? EMPTY : Sasl.decode(initial);
    if (response == null) {
      return new Turn.Failed("Not Base64");
    }
    if (response.length == 0 && mechanism == SaslMechanism.LOGIN) {
      return firstQuestion(); // the mechanism knows no initial response
    }
    if (mechanism == SaslMechanism.CRAM_MD5) {
      return new Turn.Failed("The server begins this mechanism");
    }
    return take(response);
  }

  private Turn firstQuestion() {
    return new Turn.Ask(
        switch (mechanism) {
          case LOGIN -> SaslLogin.ASK_USER;
          case CRAM_MD5 -> Sasl.encode(challenge);
          case PLAIN, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, EXTERNAL, OAUTHBEARER, XOAUTH2 -> "";
        });
  }

  /// The client's answer to what it was asked: Base64, or `*` if it gives up.
  public Turn answer(byte[] line) {
    if (line.length == 1 && line[0] == '*') {
      return new Turn.Failed("Authentication cancelled");
    }
    byte[] response = Sasl.decode(line);
    return response == null ? new Turn.Failed("Not Base64") : take(response);
  }

  /// A line of Base64 that answers us outside of an exchange's own turns; null if it is none, or `*`: then the client gives up.
  public static byte @Nullable [] decode(byte[] line) {
    return Sasl.decode(line);
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
      case CRAM_MD5 -> present(SaslCramMd5.parse(challenge, response));
      case EXTERNAL -> external(response);
      case OAUTHBEARER, XOAUTH2 -> {
        Turn.Present token = SaslToken.parse(mechanism, response);
        Arrays.fill(response, (byte) 0);
        yield present(token);
      }
      case SCRAM_SHA_256, SCRAM_SHA_256_PLUS ->
          SaslScram.parse(
              response,
              mechanism == SaslMechanism.SCRAM_SHA_256_PLUS,
              seen.offersPlus(),
              seen.bindings());
    };
  }

  /// The certificate says who the client is; what it sends is whose mail it wants (RFC 4422 App. A).
  private Turn external(byte[] response) {
    Credentials names = Sasl.credentials(Sasl.utf8(seen.certificateName()), response, EMPTY);
    return names == null
        ? new Turn.Failed("No certificate that names a user")
        : new Turn.Present(names.user(), names.authzid(), new Proof.Certificate());
  }

  private static Turn present(@Nullable Credentials credentials) {
    return credentials == null
        ? IMPOSSIBLE
        : new Turn.Present(
            credentials.user(), credentials.authzid(), new Proof.Password(credentials.password()));
  }

  private static Turn present(Turn.@Nullable Present turn) {
    return turn == null ? IMPOSSIBLE : turn;
  }

  private static boolean isEmptyResponse(byte[] initial) {
    return initial.length == 1 && initial[0] == '=';
  }
}
