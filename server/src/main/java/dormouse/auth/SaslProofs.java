package dormouse.auth;

import dormouse.directory.Proof;
import dormouse.directory.password.ScramSalts;
import dormouse.directory.password.ScramVerifier;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What is said to a client while its login is decided, in the mechanisms that do not end with its first word. Any thread.
final class SaslProofs {
  private static final int ITERATIONS = 4096;

  private SaslProofs() {}

  /// Whether the client proves to know the password of a verifier.
  static CompletableFuture<Boolean> proves(
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
  static CompletableFuture<Boolean> disproves(Proof.Scram first, SaslClient client) {
    byte[] key = ScramSalts.keyOf(first.user());
    return proves(
        first, new ScramVerifier(ITERATIONS, ScramSalts.of(first.user()), key, key), client);
  }

  /// Says why a token is not taken (RFC 7628 §3.2.2), which the client answers with something that means nothing.
  ///
  /// @param told by the directory, as JSON; "" if it has not
  static CompletableFuture<byte @Nullable []> tokenRefused(
      String mechanism, String told, SaslClient client) {
    if (!told.isEmpty()) {
      return client.ask(told.getBytes(StandardCharsets.UTF_8));
    }
    String status = mechanism.equals("XOAUTH2") ? "401" : "invalid_token";
    String error = "{\"status\":\"" + status + "\",\"schemes\":\"bearer\"}";
    return client.ask(error.getBytes(StandardCharsets.US_ASCII));
  }
}
