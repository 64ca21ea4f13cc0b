package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class BackendFeedsTest {
  private Instant now = Instant.EPOCH;
  private final BackendFeeds feeds = new BackendFeeds("mx", () -> now, new Metrics());
  private final Feed feed = feeds.add("f", true);
  private final List<String> heard = new ArrayList<>();

  private Runnable subscribe(String user) {
    BackendFeeds.Listener listener =
        new BackendFeeds.Listener() {
          @Override
          public Executor toldOn() {
            return Runnable::run;
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
    feeds.subscribe(user, listener);
    return () -> feeds.unsubscribe(user, listener);
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
