package dormouse.auth;

import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Proof;
import dormouse.directory.TokenRefusal;
import dormouse.directory.password.ScramSalts;
import dormouse.directory.password.ScramVerifier;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What is said to a client while its login is decided, in the mechanisms that do not end with its first word. Any thread.
final class SaslProofs {
  /// What the salt and the iterations of whoever was last asked for a password of its own look like; before anybody was, as most store them.
  private static volatile Look look = new Look(4096, ScramSalts.BYTES);

  private record Look(int iterations, int saltBytes) {}

  private SaslProofs() {}

  /// Whether the client proves to know the password of a verifier.
  static CompletableFuture<Boolean> proves(
      Proof.Scram first, ScramVerifier verifier, SaslClient client) {
    look = new Look(verifier.iterations(), verifier.salt().length);
    return asked(first, verifier, client);
  }

  private static CompletableFuture<Boolean> asked(
      Proof.Scram first, ScramVerifier verifier, SaslClient client) {
    ScramServer server = new ScramServer(first, verifier);
    return client
        .ask(server.challenge())
        .thenCompose(answer -> {
          byte[] signature = answer == null ? null : server.signature(answer);
          return signature == null
              ? CompletableFuture.completedFuture(false)
              : client.ask(signature).thenApply(last -> last != null && last.length == 0);
        });
  }

  /// As if the user had a password, which nothing proves: who asks learns nothing of who has one.
  ///
  /// @param user what the directory's links call it: names that they take for one have one salt, whether there is such a user or not
  static CompletableFuture<Boolean> disproves(Proof.Scram first, String user, SaslClient client) {
    Look alike = look;
    byte[] key = ScramSalts.keyOf(user);
    byte[] salt = ScramSalts.of(user, alike.saltBytes);
    return asked(first, new ScramVerifier(alike.iterations, salt, key, key), client);
  }

  /// Ends a mechanism that is not over with a no.
  ///
  /// @param user as [#disproves]
  /// @param code as [Answer.Reject#code]: a token about which nothing is said is not called invalid
  /// @param sasl as [#tokenRefused]
  static CompletableFuture<?> told(
      Attempt attempt, String user, String code, String sasl, SaslClient client) {
    return switch (attempt.proof()) {
      case Proof.Scram first -> disproves(first, user, client);
      case Proof.Token _ when sasl.isEmpty() && Answer.Reject.passes(code) ->
          CompletableFuture.completedFuture(null);
      case Proof.Token _ -> tokenRefused(attempt.mechanism(), sasl, client);
      case Proof.Password _, Proof.CramMd5 _, Proof.Certificate _, Proof.Resumed _ ->
          CompletableFuture.completedFuture(null);
    };
  }

  /// Says why a token is not taken (RFC 7628 §3.2.2), which the client answers with something that means nothing.
  ///
  /// @param told by the directory, as JSON; "" if it has not
  private static CompletableFuture<byte @Nullable []> tokenRefused(
      String mechanism, String told, SaslClient client) {
    String json = told.isEmpty() ? TokenRefusal.INVALID.json(mechanism) : told;
    return client.ask(json.getBytes(StandardCharsets.UTF_8));
  }
}
