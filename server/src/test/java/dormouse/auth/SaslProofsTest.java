package dormouse.auth;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.directory.Verification;
import dormouse.directory.Workers;
import dormouse.directory.password.StoredPassword;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What who asks by SCRAM learns of a user whose password it does not know.
class SaslProofsTest {
  private final Workers checks =
      new Workers("checks", 1, Duration.ofSeconds(5), InstantSource.system());

  @AfterEach
  void stop() {
    checks.close();
  }

  @Test
  void whoHasAPasswordAndWhoHasNoneAreAskedAlike() throws Exception {
    String known = challenge("u1", "{PLAIN}secret");
    assertThat(challenge("u1", "{PLAIN}secret")).isEqualTo(known);
    assertThat(challenge("u1", "!")).as("the password is gone").isEqualTo(known);

    String unknown = challenge("u2", "");
    assertThat(challenge("u2", "")).isEqualTo(unknown).isNotEqualTo(known);
    assertThat(unknown).hasSameSizeAs(known);
  }

  @Test
  void aLinkThatRewritesANameDoesNotShow() throws Exception {
    Attempt typed = Attempts.scram("u1@example.org");
    assertThat(challenge(typed.withUser("u1"), "{PLAIN}secret"))
        .isEqualTo(challenge(typed, ""))
        .isNotEqualTo(challenge("u1", "{PLAIN}secret"));
  }

  private String challenge(String user, String stored) throws Exception {
    return challenge(Attempts.scram(user), stored);
  }

  /// The salt and the iterations that a client is told.
  private String challenge(Attempt attempt, String stored) throws Exception {
    Proof.Scram first = (Proof.Scram) attempt.proof();
    CompletableFuture<String> asked = new CompletableFuture<>();
    SaslClient client =
        challenge -> {
          asked.complete(new String(challenge, US_ASCII));
          return CompletableFuture.<byte @Nullable []>completedFuture(null);
        };
    Answer answer =
        Verification.of(
                attempt, StoredPassword.parse(stored, "PLAIN"), Facts.accept(Map.of()), checks)
            .get(20, TimeUnit.SECONDS);
    CompletableFuture<Boolean> proven =
        answer instanceof Answer.Prove(_, var verifier)
            ? SaslProofs.proves(first, verifier, client)
            : SaslProofs.disproves(first, client);
    assertThat(proven.get(20, TimeUnit.SECONDS)).isFalse();
    String said = asked.join();
    return said.substring(said.indexOf(",s="));
  }
}
