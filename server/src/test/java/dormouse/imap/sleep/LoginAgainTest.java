package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.LoginResult;
import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.route.Route;
import dormouse.session.Client;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// Who has gone before the directory has answered; all else stands in the transcripts `wake-…`.
class LoginAgainTest {
  private final OneLoop loop = new OneLoop();
  private final Slow host = new Slow();
  private final UserMailboxes home = loop.of(host);

  @Test
  void whoIsThereIsMoved() {
    home.enter();
    begin().giveUp();
    host.answers("elsewhere");
    loop.turn();
    assertThat(host.events).containsExactly("moved");
  }

  @Test
  void whoHasGoneMeanwhileIsNotMovedAndStaysForgotten() {
    home.enter();
    LoginAgain login = begin();
    home.exit();
    login.giveUp();
    host.answers("elsewhere");
    loop.turn();
    assertThat(host.events).containsExactly("unused");
  }

  @Test
  void whatIsBeingAskedIsAskedOnce() {
    home.enter();
    Grant grant = loop.grant("ann");
    List<LoginAgain> all = List.of(begin(grant), begin(grant), begin(grant));
    host.answers("here");
    loop.turn();
    assertThat(host.asked).isOne();
    assertThat(host.events).containsExactly("stays");
    assertThat(all).allMatch(one -> one.outcome().isCompletedExceptionally()); // all log in
    assertThat(loop.metrics.scrape()).contains("dormouse_asked_again_total{result=\"same\"} 1.0");
  }

  @Test
  void thatNobodyCanTellIsSaidToAll() {
    home.enter();
    Grant grant = loop.grant("ann");
    List<LoginAgain> all = List.of(begin(grant), begin(grant), begin(grant));
    host.answer.complete(new Resumption.Unknown(LoginResult.Cause.DIRECTORY));
    loop.turn();
    assertThat(host.asked).isOne();
    LoginResult away = new LoginResult.Unavailable(LoginResult.Cause.DIRECTORY);
    assertThat(all)
        .allMatch(one -> one.outcome().join().equals(new LoginAgain.Outcome.Failed(away)));
    assertThat(all).noneMatch(LoginAgain::asking);
    begin(grant);
    assertThat(host.asked).isEqualTo(2); // it is no news for whoever comes later
  }

  @Test
  void aRefusalIsSaidToAllWhateverTheyHaveAskedFor() {
    home.enter();
    Grant grant = loop.grant("ann");
    Refusal gone = Refusal.byDirectory("Gone");
    List<LoginAgain> all =
        List.of(begin(grant), login(grant).beginIfMoved(gone), login(grant).beginIfMoved(gone));
    host.answer.complete(new Resumption.Refused("Closed"));
    loop.turn();
    assertThat(host.asked).isOne();
    LoginAgain.Outcome closed = new LoginAgain.Outcome.Refused(Refusal.byDirectory("Closed"));
    assertThat(all).allMatch(one -> one.outcome().join().equals(closed));
    assertThat(loop.metrics.scrape())
        .contains("dormouse_asked_again_total{result=\"refused\"} 1.0");
  }

  @Test
  void whatWasFoundBeforeHoldsForWhomNothingIsNew() {
    home.enter();
    Grant grant = loop.grant("ann");
    Refusal gone = Refusal.byDirectory("Gone");
    List<LoginAgain> all =
        List.of(login(grant).beginIfMoved(gone), login(grant).beginIfMoved(gone));
    host.answers("here");
    loop.turn();
    assertThat(host.asked).isOne();
    assertThat(all)
        .allMatch(one -> one.outcome().join().equals(new LoginAgain.Outcome.Refused(gone)));
  }

  @Test
  void aQuestionThatBreaksIsOver() {
    home.enter();
    Grant grant = loop.grant("ann");
    host.broken = true;
    List<LoginAgain> all = List.of(begin(grant), begin(grant));
    loop.turn();
    assertThat(all).allMatch(one -> one.outcome().isCompletedExceptionally());
    host.broken = false;
    LoginAgain later = begin(grant);
    host.answer.complete(new Resumption.Refused("Closed"));
    loop.turn();
    assertThat(later.outcome()).isCompleted();
    home.exit();
    assertThat(host.events).containsExactly("unused");
  }

  private LoginAgain begin() {
    return begin(loop.grant("ann"));
  }

  private LoginAgain begin(Grant grant) {
    return login(grant).begin();
  }

  private LoginAgain login(Grant grant) {
    return new LoginAgain(
        home.backend(),
        new Silent().client(),
        /* clientId= */ "",
        grant,
        () -> {
          throw new AssertionError("nobody waits for it");
        });
  }

  /// A directory that takes its time.
  private final class Slow extends Ann {
    final List<String> events = new ArrayList<>();
    int asked;
    boolean broken;
    private final CompletableFuture<Resumption> answer = new CompletableFuture<>();

    void answers(String place) {
      answer.complete(loop.goes("ann", loop.route(place)));
    }

    @Override
    public Route route() {
      return loop.route("here");
    }

    @Override
    public CompletableFuture<Resumption> askAgain(
        Standing standing, Client client, String clientId) {
      asked++;
      if (broken) {
        throw new IllegalStateException("a link's own bug");
      }
      return answer;
    }

    @Override
    public void moved(Resumption.Goes there) {
      events.add("moved");
    }

    @Override
    public void stays(Resumption.Goes there) {
      events.add("stays");
    }

    @Override
    public void unused() {
      events.add("unused");
    }
  }
}
