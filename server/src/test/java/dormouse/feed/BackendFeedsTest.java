package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class BackendFeedsTest {
  private final BackendFeeds feeds = new BackendFeeds("mx", new Metrics());
  private final Feed feed = feeds.add("f");
  private final List<String> heard = new ArrayList<>();

  private Runnable subscribe(String user) {
    return feeds.subscribe(
        user,
        Runnable::run,
        new BackendFeeds.Listener() {
          @Override
          public void changed(@Nullable String mailbox) {
            heard.add(user + " " + mailbox);
          }

          @Override
          public void turned() {
            heard.add(user + " " + feeds.state());
          }
        });
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
    Feed other = feeds.add("g");
    feed.down("no events");
    assertThat(feeds.state()).isEqualTo(FeedState.DOWN);
    other.up();
    assertThat(feeds.state()).isEqualTo(FeedState.UP);
    other.down("no events");
    feed.changed("ann", null);
    assertThat(feeds.state()).isEqualTo(FeedState.DOWN);
  }
}
