package dormouse.directory;

import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;

/// Lets the backend decide: accepts whoever shows a password, which goes to the backend as it is, and whom a certificate
/// names. Any thread.
public final class BackendLink implements Link {
  private static final Answer NOT_MINE = new Answer.NotMine();
  private static final Answer ACCEPT = new Answer.Accept(Facts.NONE);

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    return CompletableFuture.completedFuture(
        switch (attempt.proof()) {
          case Proof.Password _, Proof.Certificate _, Proof.Resumed _ -> ACCEPT;
          case Proof.Token _, Proof.CramMd5 _, Proof.Scram _ -> NOT_MINE;
        });
  }

  @Override
  public boolean resumes(Proof.Kind before) {
    return before == Proof.Kind.PASSWORD || before == Proof.Kind.CERTIFICATE;
  }
}
