package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.auth.OwnStanding;
import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.HibernateSettings;
import dormouse.feed.BackendFeeds;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.OwnConnection;
import dormouse.ops.Metrics;
import dormouse.route.Route;
import dormouse.route.Wanted;
import dormouse.session.Client;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// Who has gone before the directory has answered; all else stands in the transcripts `wake-…`.
class LoginAgainTest {
  private static final InetSocketAddress SOMEWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 143);

  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final Metrics metrics = new Metrics();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final Backend backend = new OwnConnection().connection().backend();
  private final Slow host = new Slow();
  private final UserMailboxes home =
      new UserMailboxes(
          new UserMailboxes.Surroundings(
              new ConnectionPool(channel.eventLoop(), wheel, metrics),
              at -> new BackendFeeds(at.name(), clock, metrics),
              channel.eventLoop(),
              wheel,
              metrics,
              new KeptBytes(1 << 20, metrics),
              HibernateSettings.DEFAULT,
              clock,
              new StatusRoom(metrics)),
          host,
          backend);

  @Test
  void whoIsThereIsMoved() {
    home.enter();
    begin().giveUp();
    host.answers(route("elsewhere"));
    channel.runPendingTasks();
    assertThat(host.events).containsExactly("moved");
  }

  @Test
  void whoHasGoneMeanwhileIsNotMovedAndStaysForgotten() {
    home.enter();
    LoginAgain login = begin();
    home.exit();
    login.giveUp();
    host.answers(route("elsewhere"));
    channel.runPendingTasks();
    assertThat(host.events).containsExactly("unused");
  }

  @Test
  void whatIsBeingAskedIsAskedOnce() {
    home.enter();
    Grant grant = grant();
    List<LoginAgain> all = List.of(begin(grant), begin(grant), begin(grant));
    host.answers(route("here"));
    channel.runPendingTasks();
    assertThat(host.asked).isOne();
    assertThat(host.events).containsExactly("stays");
    assertThat(all).allMatch(one -> one.outcome().isCompletedExceptionally()); // all log in
    assertThat(metrics.scrape()).contains("dormouse_asked_again_total{result=\"same\"} 1.0");
  }

  @Test
  void thatNobodyCanTellIsSaidToAll() {
    home.enter();
    Grant grant = grant();
    List<LoginAgain> all = List.of(begin(grant), begin(grant), begin(grant));
    host.answer.complete(new Resumption.Unknown(LoginResult.Cause.DIRECTORY));
    channel.runPendingTasks();
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
    Grant grant = grant();
    Refusal gone = Refusal.byDirectory("Gone");
    List<LoginAgain> all =
        List.of(begin(grant), login(grant).beginIfMoved(gone), login(grant).beginIfMoved(gone));
    host.answer.complete(new Resumption.Refused("Closed"));
    channel.runPendingTasks();
    assertThat(host.asked).isOne();
    LoginAgain.Outcome closed = new LoginAgain.Outcome.Refused(Refusal.byDirectory("Closed"));
    assertThat(all).allMatch(one -> one.outcome().join().equals(closed));
    assertThat(metrics.scrape()).contains("dormouse_asked_again_total{result=\"refused\"} 1.0");
  }

  @Test
  void whatWasFoundBeforeHoldsForWhomNothingIsNew() {
    home.enter();
    Grant grant = grant();
    Refusal gone = Refusal.byDirectory("Gone");
    List<LoginAgain> all =
        List.of(login(grant).beginIfMoved(gone), login(grant).beginIfMoved(gone));
    host.answers(route("here"));
    channel.runPendingTasks();
    assertThat(host.asked).isOne();
    assertThat(all)
        .allMatch(one -> one.outcome().join().equals(new LoginAgain.Outcome.Refused(gone)));
  }

  @Test
  void aQuestionThatBreaksIsOver() {
    home.enter();
    Grant grant = grant();
    host.broken = true;
    List<LoginAgain> all = List.of(begin(grant), begin(grant));
    channel.runPendingTasks();
    assertThat(all).allMatch(one -> one.outcome().isCompletedExceptionally());
    host.broken = false;
    LoginAgain later = begin(grant);
    host.answer.complete(new Resumption.Refused("Closed"));
    channel.runPendingTasks();
    assertThat(later.outcome()).isCompleted();
    home.exit();
    assertThat(host.events).containsExactly("unused");
  }

  private LoginAgain begin() {
    return begin(grant());
  }

  private Grant grant() {
    long longAgo = clock.millis() - HibernateSettings.DEFAULT.askAgainEvery().toMillis();
    return Objects.requireNonNull(
        Grant.of(
            credentials(),
            backend,
            _ -> null,
            /* keepPassword= */ true,
            OwnStanding.of("ann", "here", longAgo)));
  }

  private LoginAgain begin(Grant grant) {
    return login(grant).begin();
  }

  private LoginAgain login(Grant grant) {
    return new LoginAgain(
        home.backend(),
        new Client("s1", SOMEWHERE, SOMEWHERE, /* tls= */ false),
        /* clientId= */ "",
        grant,
        () -> {
          throw new AssertionError("nobody waits for it");
        });
  }

  private static Credentials credentials() {
    return new Credentials("ann", "", new byte[] {'x'});
  }

  private Route route(String place) {
    return new Route(place, List.of(backend), List.of(), Approach.USUAL);
  }

  /// A directory that takes its time.
  private final class Slow extends Ann {
    final List<String> events = new ArrayList<>();
    int asked;
    boolean broken;
    private final CompletableFuture<Resumption> answer = new CompletableFuture<>();

    void answers(Route to) {
      Wanted wanted = new Wanted("ann", "imap", SOMEWHERE, null, null, 0, null, Approach.USUAL);
      answer.complete(
          new Resumption.Goes(
              "ann", wanted, to, credentials(), /* renewed= */ false, List.of(), null));
    }

    @Override
    public Route route() {
      return LoginAgainTest.this.route("here");
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
