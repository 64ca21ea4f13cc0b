package dormouse.directory;

import dormouse.directory.password.StoredPassword;
import java.util.concurrent.CompletableFuture;

/// Holds what a client shows against what a link knows of its user. Any thread.
public final class Verification {
  private Verification() {}

  /// The link's answer.
  ///
  /// @param stored the user's password
  /// @param facts what is known of the user, if the client proves to be it
  /// @param checks where passwords are hashed
  public static CompletableFuture<Answer> of(
      Attempt attempt, StoredPassword stored, Answer facts, Workers checks) {
    if (stored instanceof StoredPassword.Unusable(var why)) {
      return CompletableFuture.completedFuture(new Answer.CannotTell(why, /* down= */ false));
    }
    return switch (attempt.proof()) {
      case Proof.Password(var password) ->
          checks.run(() -> stored.matches(password) ? facts : Answer.reject());
    };
  }
}
