package dormouse.directory;

import io.netty.channel.EventLoop;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/// One source of answers: a daemon, a database, a file. Any thread.
public interface Link extends AutoCloseable {
  /// Asks. Called on the client's event loop, and so must not block: what blocks is run on a virtual thread.
  ///
  /// Who asks waits for as long as the link's `timeout`, then cancels the future. Failing is answered like
  /// [Answer.CannotTell].
  ///
  /// @param attempt its proof is readable until the answer, and may be wiped after it
  /// @param loop the client's, which this is called on
  /// @return completed on any thread
  CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop);

  /// Whether it can say of a user who has logged in by such a proof, without it, what it would say now ([Proof.Resumed]): only
  /// then is it asked so.
  default boolean resumes(Proof.Kind before) {
    return true;
  }

  /// What its answers go by, beside the user, the proof and the protocol.
  default Set<Heeds> heeds() {
    return Set.of();
  }

  /// What an answer may go by.
  enum Heeds {
    /// From where the client comes, and where it came in.
    WAY_IN,
    /// From which port, too: no answer is good for another connection.
    CLIENT_PORT
  }

  /// Gives back what it holds. Not from a loop.
  @Override
  default void close() {}
}
