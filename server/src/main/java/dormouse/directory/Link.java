package dormouse.directory;

import java.util.concurrent.CompletableFuture;

/// One source of answers: a daemon, a database, a file. Any thread.
public interface Link {
  /// Asks. Called on the client's event loop, and so must not block: what blocks is run on a virtual thread.
  ///
  /// Who asks waits for as long as the link's `timeout`, then cancels the future. Failing is answered like
  /// [Answer.CannotTell].
  ///
  /// @param attempt its proof is readable until the answer, and may be wiped after it
  /// @return completed on any thread
  CompletableFuture<Answer> ask(Attempt attempt);
}
