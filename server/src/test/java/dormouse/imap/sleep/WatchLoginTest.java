package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Priority;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.route.Route;
import dormouse.session.Client;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A watch whose mailbox two clients of a user sleep in, who have come in by different logins. The first is gone before the directory has said
/// whether it may still come in: what it says is not said of the other.
class WatchLoginTest {
  private final OneLoop loop = new OneLoop();
  private final Slow directory = new Slow();
  private final UserMailboxes home = loop.of(directory);
  private final Sleeper first = sleeper("first");
  private final Sleeper second = sleeper("second");
  private final Watch watch = new Watch(List.of(first, second));
  private final WatchLogin login = new WatchLogin(home.backend(), watch);

  @Test
  void whoComesInByAnotherLoginDoesNotTakeTheTurnOfWhoIsGone() {
    login.begin(Priority.SYNC);
    watch.asleep.remove(first);
    directory.answers();
    loop.turn();
    assertThat(watch.events).containsExactly("no turn", "failed");
    login.begin(Priority.SYNC);
    assertThat(directory.asked).isEqualTo(2);
  }

  @Test
  void whoIsRefusedTakesNobodyAlong() {
    login.begin(Priority.SYNC);
    directory.answer.complete(new Resumption.Refused("Closed"));
    loop.turn();
    assertThat(watch.events).containsExactly("refused first");
  }

  private Sleeper sleeper(String login) {
    MailboxView view = new MailboxView(1, 2, 3, UidSet.of(1), null);
    return new Sleeper(
        new Snapshot.Result.Taken(view, home.changes().proof("INBOX"), OwnSets.NONE),
        Told.PLAIN,
        /* rev2= */ false,
        loop.grant(login),
        new Silent());
  }

  /// What a watch is for its login.
  private static final class Watch implements WatchLogin.Host {
    final List<String> events = new ArrayList<>();
    final List<Sleeper> asleep;
    private final List<Sleeper> all;

    Watch(List<Sleeper> all) {
      this.all = all;
      this.asleep = new ArrayList<>(all);
    }

    @Override
    public Sleeper applicant() {
      return asleep.getFirst();
    }

    @Override
    public @Nullable Sleeper applicant(Grant grant) {
      for (Sleeper one : asleep) {
        if (one.grant == grant) {
          events.add(one.grant.user() + "'s turn");
          return one;
        }
      }
      events.add("no turn");
      return null;
    }

    @Override
    public void loggedIn(BackendConnection connection, Capabilities capabilities) {
      events.add("logged in");
    }

    @Override
    public void refused(Refusal refusal, Predicate<Sleeper> whom) {
      all.stream().filter(whom).forEach(one -> events.add("refused " + one.grant.user()));
    }

    @Override
    public void failed(String why, Predicate<Sleeper> whom) {
      events.add("failed");
    }

    @Override
    public void broke(Throwable bug) {
      throw new AssertionError(bug);
    }
  }

  /// A directory that takes its time.
  private final class Slow extends Ann {
    int asked;
    private CompletableFuture<Resumption> answer = new CompletableFuture<>();

    /// That the first belongs where it is.
    void answers() {
      answer.complete(loop.goes("first", loop.route("here")));
    }

    @Override
    public Route route() {
      return loop.route("here");
    }

    @Override
    public CompletableFuture<Resumption> askAgain(
        Standing standing, Client client, String clientId) {
      asked++;
      answer = new CompletableFuture<>();
      return answer;
    }

    @Override
    public void moved(Resumption.Goes there) {
      throw new AssertionError("nobody is");
    }
  }
}
