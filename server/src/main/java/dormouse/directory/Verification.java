package dormouse.directory;

import dormouse.directory.password.ClearPassword;
import dormouse.directory.password.ScramSalts;
import dormouse.directory.password.ScramVerifier;
import dormouse.directory.password.StoredPassword;
import java.util.concurrent.CompletableFuture;

/// Holds what a client shows against what a link knows of its user. Any thread.
public final class Verification {
  private Verification() {}

  /// The link's answer.
  ///
  /// @param stored the user's password; none at all lets nobody in, unless the facts say `nopassword`
  /// @param facts what is known of the user, if the client proves to be it
  /// @param checks where passwords are hashed
  public static CompletableFuture<Answer> of(
      Attempt attempt, StoredPassword stored, Answer facts, Workers checks) {
    if (stored instanceof StoredPassword.Unusable(var why)) {
      return now(new Answer.CannotTell(why, /* down= */ false));
    }
    boolean any =
        stored instanceof StoredPassword.Absent
            && facts instanceof Answer.Accept(Facts known, _)
            && known.nopassword();
    return switch (attempt.proof()) {
      case Proof.Password _, Proof.Certificate _, Proof.Resumed _ when any -> now(facts);
      case Proof.Password(var password) ->
          checks.run(() -> stored.matches(password) ? facts : Answer.reject());
      case Proof.CramMd5(var challenge, var digest) ->
          now(
              stored instanceof ClearPassword clear && clear.answers(challenge, digest)
                  ? facts
                  : Answer.reject());
      case Proof.Scram _ ->
          switch (stored) {
            case ScramVerifier verifier -> now(prove(facts, verifier));
            case ClearPassword clear ->
                checks.run(() ->
                    prove(facts, clear.verifier(ScramSalts.of(attempt.user(), ScramSalts.BYTES))));
            default -> now(Answer.reject());
          };
      case Proof.Certificate _, Proof.Resumed _ -> now(mayBeUsed(stored) ? facts : Answer.reject());
      case Proof.Token _ -> now(new Answer.NotMine());
    };
  }

  private static boolean mayBeUsed(StoredPassword stored) {
    return !(stored instanceof StoredPassword.Locked) && !(stored instanceof StoredPassword.Absent);
  }

  private static Answer prove(Answer facts, ScramVerifier verifier) {
    return facts instanceof Answer.Accept(Facts known, _)
        ? new Answer.Prove(known, verifier)
        : facts;
  }

  private static CompletableFuture<Answer> now(Answer answer) {
    return CompletableFuture.completedFuture(answer);
  }
}
