package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.flat.Cells;
import dormouse.ops.Metrics;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class BackendFeedsTest {
  private static final int MEMBERS = 400;

  private Instant now = Instant.EPOCH;
  private final BackendFeeds feeds = new BackendFeeds("mx", () -> now, new Metrics());
  private final Feed feed = feeds.add("f", true);
  private final List<String> heard = new ArrayList<>();

  private Runnable subscribe(String user) {
    BackendFeeds.Listener listener = listener(user);
    feeds.subscribe(user, listener);
    return () -> feeds.unsubscribe(user, listener);
  }

  private BackendFeeds.Listener listener(String user) {
    return listener(user, Runnable::run);
  }

  private BackendFeeds.Listener listener(String user, Executor toldOn) {
    return new BackendFeeds.Listener() {
      @Override
      public Executor toldOn() {
        return toldOn;
      }

      @Override
      public void changed(Feed by, @Nullable String mailbox) {
        heard.add(user + " " + mailbox);
      }

      @Override
      public void turned() {
        heard.add(user + " " + feeds.state());
      }
    };
  }

  @Test
  void whoListensHearsAndNobodyElse() {
    feed.up();
    Runnable cancel = subscribe("ann");
    subscribe("ann@example.org");
    subscribe("ann@example.net");
    subscribe("bob");

    feed.changed("Ann@Example.org", "INBOX");
    assertThat(heard).containsExactlyInAnyOrder("ann INBOX", "ann@example.org INBOX");

    heard.clear();
    cancel.run();
    feed.changed("ANN", null);
    assertThat(heard).containsExactlyInAnyOrder("ann@example.org null", "ann@example.net null");
  }

  @Test
  void severalOfOneNameComeAndGo() {
    feed.up();
    Runnable first = subscribe("ann");
    Runnable second = subscribe("Ann");
    Runnable third = subscribe("ann");
    second.run();
    feed.changed("ann", "INBOX");
    assertThat(heard).containsExactly("ann INBOX", "ann INBOX");

    heard.clear();
    first.run();
    feed.changed("ann", null);
    assertThat(heard).containsExactly("ann null");

    heard.clear();
    third.run();
    feed.changed("ann", null);
    assertThat(heard).isEmpty();
  }

  @Test
  void membersOfACrowdHearWhatListenersHear() throws IOException {
    feed.up();
    Crowd crowd = crowd(Runnable::run);
    BackendFeeds.Listener ann = listener("ann");
    feeds.subscribe("Ann@example.org", ann);
    feeds.join("Ann@example.org", ann, crowd, 5);
    BackendFeeds.Listener bob = listener("bob");
    feeds.subscribe("bob", bob);
    feeds.join("bob", bob, crowd, 6);
    assertThat(feeds.changed(feed, "ANN@example.org", "INBOX", null)).isTrue();
    assertThat(feeds.changed(feed, "ann", "Sent", null)).isTrue(); // an event too many costs a look
    assertThat(feeds.changed(feed, "ann@example.net", "INBOX", null)).isFalse();
    assertThat(feeds.changed(feed, "bob@example.org", null, null)).isTrue();
    assertThat(heard).containsExactly("5 INBOX", "5 Sent", "6 null");

    heard.clear();
    feeds.leave("Ann@example.org", ann, crowd, 5);
    feed.changed("ann@example.org", "INBOX");
    assertThat(heard).containsExactly("ann INBOX");
    feeds.unsubscribe("Ann@example.org", ann);
    assertThat(feeds.changed(feed, "ann@example.org", "INBOX", null)).isFalse();

    heard.clear();
    int turns = feeds.turns();
    feed.down("test");
    assertThat(feeds.turns()).isEqualTo(turns + 1);
    assertThat(heard).containsExactly("crowd " + feeds.state());
  }

  /// What was told of a member reaches who it is when it is told, and nobody else.
  @Test
  void whoLeavesTheCrowdBeforeItIsToldHearsItAllTheSame() throws IOException {
    feed.up();
    List<Runnable> later = new ArrayList<>();
    Executor loop = later::add;
    Crowd crowd = crowd(loop);
    BackendFeeds.Listener ann = listener("ann", loop);
    feeds.subscribe("ann", ann);
    feeds.join("ann", ann, crowd, 5);
    feed.changed("ann", "INBOX");
    feeds.leave("ann", ann, crowd, 5);
    BackendFeeds.Listener bob = listener("bob", loop);
    feeds.subscribe("bob", bob);
    feeds.join("bob", bob, crowd, 5); // her number is free
    List.copyOf(later).forEach(Runnable::run);
    assertThat(heard).containsExactly("ann INBOX");

    heard.clear();
    later.clear();
    feed.changed("bob", "INBOX");
    feeds.leave("bob", bob, crowd, 5);
    feeds.join("bob", bob, crowd, 7); // again, as another
    List.copyOf(later).forEach(Runnable::run);
    assertThat(heard).containsExactly("7 INBOX");
  }

  /// Who is told may leave the crowd by that, and even take others along: those hear it as what they are by then.
  @Test
  void whoLeavesTheCrowdWhileOthersAreToldIsNoMemberAnyMore() throws IOException {
    feed.up();
    List<Integer> told = new ArrayList<>();
    Executor loop = Runnable::run;
    BackendFeeds.Listener info = listener("info", loop);
    AtomicReference<Crowd> itself = new AtomicReference<>();
    Crowd crowd =
        crowd(
            loop,
            member -> {
              told.add(member);
              for (int i = 0; i < 3; i++) {
                feeds.leave("info@d" + i, info, itself.get(), i);
              }
            });
    itself.set(crowd);
    for (int i = 0; i < 3; i++) {
      feeds.join("info@d" + i, info, crowd, i);
    }
    feed.changed("info", "INBOX");
    assertThat(told).hasSize(1);
    assertThat(heard).contains("info INBOX");
  }

  /// The same the other way round: a listener need not know who it is by now.
  @Test
  void whoJoinsTheCrowdBeforeItIsToldHearsItAllTheSame() throws IOException {
    feed.up();
    List<Runnable> later = new ArrayList<>();
    Executor loop = later::add;
    Crowd crowd = crowd(loop);
    BackendFeeds.Listener ann = listener("ann", loop);
    feeds.subscribe("ann", ann);
    feed.changed("ann", "INBOX");
    feeds.join("ann", ann, crowd, 5);
    List.copyOf(later).forEach(Runnable::run);
    assertThat(heard).containsExactly("5 INBOX");
  }

  /// Two have one name: who has been found as a listener hides nobody who has become one since.
  @Test
  void whoLeavesTheCrowdWhileItIsLookedForIsFoundBesideOthers() throws Exception {
    feed.up();
    Crowd crowd = crowd(Runnable::run);
    BackendFeeds.Listener one = listener("one");
    BackendFeeds.Listener other = listener("other");
    feeds.subscribe("ann", one);
    feeds.subscribe("ann", other);
    feeds.join("ann", other, crowd, 5);
    Thread teller = new Thread(() -> feeds.changed(feed, "ann", "INBOX", null));
    synchronized (crowd) {
      teller.start();
      while (teller.isAlive() && teller.getState() != Thread.State.BLOCKED) {
        Thread.onSpinWait();
      }
      feeds.leave("ann", other, crowd, 5);
    }
    teller.join();
    assertThat(heard).containsExactlyInAnyOrder("one INBOX", "other INBOX");
  }

  /// Whoever joins and leaves all the time misses nothing of what another thread tells.
  @Test
  void nothingIsMissedBetweenTheTwo() throws Exception {
    feed.up();
    Crowd crowd = crowd(_ -> {});
    BackendFeeds.Listener ann = listener("ann");
    feeds.subscribe("ann", ann);
    AtomicBoolean over = new AtomicBoolean();
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<?> moves =
          other.submit(() -> {
            while (!over.get()) {
              feeds.join("ann", ann, crowd, 1);
              feeds.leave("ann", ann, crowd, 1);
            }
          });
      try {
        for (int i = 0; i < 20_000; i++) {
          assertThat(feeds.changed(feed, "ann", "INBOX", null)).isTrue();
        }
      } finally {
        over.set(true);
      }
      moves.get();
    }
  }

  private Crowd crowd(Executor loop) throws IOException {
    return crowd(loop, _ -> {});
  }

  private Crowd crowd(Executor loop, IntConsumer told) throws IOException {
    Crowd.Members members =
        new Crowd.Members() {
          @Override
          public void changed(
              int member, Feed by, @Nullable String mailbox, @Nullable String session) {
            told.accept(member);
            heard.add(member + " " + mailbox);
          }

          @Override
          public void turned(BackendFeeds by) {
            heard.add("crowd " + by.state());
          }
        };
    Cells cells = new Cells((1 + Crowd.NUMBERS) * Integer.BYTES, MEMBERS);
    for (int i = 0; i < MEMBERS; i++) {
      cells.take();
    }
    return new Crowd(loop, members, cells, Integer.BYTES);
  }

  /// Each domain has its `info`, and those go one by one.
  @Test
  void membersWithOnePartBeforeTheirDomainAreEachOther() throws IOException {
    feed.up();
    Crowd crowd = crowd(Runnable::run);
    BackendFeeds.Listener info = listener("info");
    for (int i = 0; i < MEMBERS; i++) {
      feeds.join("info@d" + i, info, crowd, i);
    }
    for (int i = 0; i < MEMBERS; i += 2) {
      feeds.leave("info@d" + i, info, crowd, i);
      feeds.unsubscribe("info@d" + i, info);
    }
    assertThat(crowd.size()).isEqualTo(MEMBERS / 2);
    assertThat(feeds.changed(feed, "info@d2", "INBOX", null)).isFalse();
    feeds.changed(feed, "info@d3", "INBOX", null);
    assertThat(heard).containsExactly("3 INBOX");
    feeds.changed(feed, "info", "INBOX", null);
    assertThat(heard).hasSize(1 + MEMBERS / 2).contains("1 INBOX", "399 INBOX");
  }

  /// However many have a name, a loop that has some of them looks for them once.
  @Test
  void anEventForManyIsOneTaskOfTheirLoop() throws IOException {
    feed.up();
    List<Runnable> later = new ArrayList<>();
    Executor loop = later::add;
    Crowd crowd = crowd(loop);
    for (int i = 0; i < MEMBERS; i++) {
      BackendFeeds.Listener info = listener("info@d" + i, loop);
      feeds.subscribe("info@d" + i, info);
      if (i % 2 == 0) {
        feeds.join("info@d" + i, info, crowd, i);
      }
    }
    feed.changed("info", "INBOX");
    assertThat(later).hasSize(1);
    later.removeFirst().run();
    assertThat(heard).hasSize(MEMBERS).contains("0 INBOX", "info@d1 INBOX").doesNotHaveDuplicates();
    assertThat(later).isEmpty();
  }

  /// What one of them has a bug with is no bug of the next.
  @Test
  void whoeverFailsKeepsNobodyFromHearing() throws IOException {
    feed.up();
    Crowd crowd =
        crowd(
            Runnable::run,
            member -> {
              if (member == 1) {
                throw new IllegalStateException("a bug");
              }
            });
    BackendFeeds.Listener info = listener("info");
    for (int i = 0; i < 3; i++) {
      feeds.join("info@d" + i, info, crowd, i);
    }
    feed.changed("info", "INBOX");
    assertThat(heard).containsExactlyInAnyOrder("0 INBOX", "2 INBOX");
  }

  @Test
  void aFeedIsUpFromTheFirstEventForSomebodyWhoListens() {
    subscribe("ann@example.org");
    feed.changed("bob", null);
    assertThat(feeds.state()).isEqualTo(FeedState.UNHEARD);

    feed.changed("ann@example.org", "INBOX");
    assertThat(feeds.state()).isEqualTo(FeedState.UP);
    assertThat(heard).containsExactly("ann@example.org INBOX", "ann@example.org UP");
  }

  @Test
  void oneFeedThatIsUpIsEnough() {
    Feed other = feeds.add("g", true);
    feed.down("no events");
    assertThat(feeds.state()).isEqualTo(FeedState.DOWN);
    other.up();
    assertThat(feeds.state()).isEqualTo(FeedState.UP);
    other.down("no events");
    feed.changed("ann", null);
    assertThat(feeds.state()).isEqualTo(FeedState.DOWN);
  }

  private void changeUnheard() {
    Instant changedAt = now;
    now = now.plus(Feed.WITHIN);
    feeds.check(changedAt);
  }

  @Test
  void aFeedThatTellsOfNoneOfThreeChangesIsDownUntilItTellsAgain() {
    subscribe("ann");
    feed.changed("ann", null);
    now = now.plus(Feed.WITHIN);
    changeUnheard();
    changeUnheard();
    feed.changed("bob", null); // who is not of this backend, for all we know
    assertThat(feeds.state()).isEqualTo(FeedState.UP);

    changeUnheard();
    assertThat(feeds.state()).isEqualTo(FeedState.DOWN);
    assertThat(heard).containsExactly("ann null", "ann UP", "ann DOWN");

    feed.changed("ann", null);
    assertThat(feeds.state()).isEqualTo(FeedState.UP);
  }

  @Test
  void anEventNearAChangeSpeaksForTheFeed() {
    subscribe("ann");
    feed.changed("ann", null);
    for (int i = 0; i < 10; i++) {
      now = now.plus(Feed.WITHIN.multipliedBy(3));
      Instant changedAt = now;
      now = now.plusSeconds(i % 2 == 0 ? 2 : 0);
      feed.changed("ann", null);
      now = changedAt.plus(Feed.WITHIN);
      feeds.check(changedAt);
    }
    assertThat(feeds.state()).isEqualTo(FeedState.UP);
  }

  @Test
  void aFeedThatDoesNotTellOfAllIsNotBlamedForWhatItDoesNotTell() {
    Feed some = feeds.add("some", false);
    subscribe("ann");
    some.changed("ann", null);
    for (int i = 0; i < 10; i++) {
      now = now.plus(Feed.WITHIN);
      changeUnheard();
    }
    assertThat(some.state()).isEqualTo(FeedState.UP);
  }

  @Test
  void whileACanarySingsItAloneJudges() {
    subscribe("ann");
    feeds.canary(true);
    feed.changed("ann", null);
    assertThat(feeds.state()).isEqualTo(FeedState.UNHEARD);
    feed.up();
    for (int i = 0; i < 10; i++) {
      now = now.plus(Feed.WITHIN);
      changeUnheard();
    }
    assertThat(feeds.state()).isEqualTo(FeedState.UP);

    feed.down("canary-unheard");
    feed.changed("ann", null);
    assertThat(feeds.state()).isEqualTo(FeedState.DOWN);
    feeds.canary(false);
    feed.changed("ann", null);
    assertThat(feeds.state()).isEqualTo(FeedState.UP);
  }
}
