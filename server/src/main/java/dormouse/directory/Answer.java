package dormouse.directory;

import dormouse.directory.password.ScramVerifier;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a link, or the chain of them, says to an [Attempt]. Immutable.
public sealed interface Answer {

  /// The client is who it says.
  ///
  /// @param facts what is known of the user
  /// @param kept for how long the link's answer is to be kept; null: as its settings say. The chain itself says nothing of it
  record Accept(Facts facts, @Nullable Duration kept) implements Answer {
    /// Kept as the settings say.
    public Accept(Facts facts) {
      this(facts, /* kept= */ null);
    }
  }

  /// The client is not let in, and trying the same again will not help.
  ///
  /// @param code a response code of RFC 5530 §3 without brackets; or ""
  /// @param text for the client; "" says what we always say
  /// @param delay how long the client waits for the answer (nginx: Auth-Wait)
  /// @param last whether the connection is closed then
  /// @param sasl what a client that has shown a token is told before that (RFC 7628 §3.2.2), as JSON; "" is what we always tell
  record Reject(String code, String text, Duration delay, boolean last, String sasl)
      implements Answer {
    /// Codes (RFC 5530) of refusals that another try may mend.
    private static final Set<String> PASSING = Set.of("UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT");

    /// Whether a refusal with this code says nothing against the client.
    public static boolean passes(String code) {
      return PASSING.contains(code);
    }
  }

  /// This link does not know the user: the next one is asked.
  record NotMine() implements Answer {}

  /// Nobody can tell now: not the client's fault, and trying again later can help.
  ///
  /// @param why for the operator, never for the client; holds no secret
  /// @param down whether the link itself fails, whoever is asked about; else it is about this attempt alone
  record CannotTell(String why, boolean down) implements Answer {
    /// The link itself fails.
    public CannotTell(String why) {
      this(why, /* down= */ true);
    }
  }

  /// The client is who it says if it can prove that it knows the password of this verifier. Only to [Proof.Scram].
  ///
  /// @param facts what is known of the user then
  record Prove(Facts facts, ScramVerifier verifier) implements Answer {}

  /// This link does not decide, but knows more of the user than there was: the next one is asked.
  ///
  /// @param user what the next links call the user
  /// @param facts what holds for it, unless the link that accepts it says otherwise
  record Learnt(String user, Facts facts) implements Answer {}

  /// This link will know, if it is asked the same again after a while (nginx: `Auth-Status: WAIT`). The chain itself never
  /// answers so.
  record AskAgain(Duration after) implements Answer {}

  /// Wrong name or password, which of them is not told.
  static Answer reject() {
    return new Reject("", "", Duration.ZERO, false, "");
  }

  /// Not let in, for a reason that the client may know.
  static Answer reject(String code, String text) {
    return new Reject(code, text, Duration.ZERO, false, "");
  }
}
