package dormouse.feed;

import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import org.jspecify.annotations.Nullable;

/// One source of word that mailboxes of one backend may have changed. An event only says "look": the truth comes from the
/// backend, so that a feed may double, reorder and delay events; what it loses, a sweep finds.
/// ```text
/// unheard ──an event for somebody who listens──▶ up ◀──▶ down
/// ```
/// Any thread.
public final class Feed {
  private static final EventLog LOG = EventLog.of(Feed.class);

  private final String name;
  private final BackendFeeds backend;
  private final Metrics metrics;
  private volatile FeedState state = FeedState.UNHEARD;

  /// @param name its kind, as the settings say it
  Feed(String name, BackendFeeds backend, Metrics metrics) {
    this.name = name;
    this.backend = backend;
    this.metrics = metrics;
    metrics.feedUp(name, backend.backend(), false);
  }

  /// A mailbox may have changed.
  ///
  /// @param mailbox its name as people write it; null: it may be any of the user's
  public void changed(String user, @Nullable String mailbox) {
    if (backend.changed(user, mailbox) && state == FeedState.UNHEARD) {
      up();
    }
  }

  /// Events come through.
  public void up() {
    turn(FeedState.UP, null);
  }

  /// Events may not come through.
  ///
  /// @param why for the operator
  public void down(String why) {
    turn(FeedState.DOWN, why);
  }

  private void turn(FeedState next, @Nullable String why) {
    synchronized (this) {
      if (state == next) {
        return;
      }
      state = next;
    }
    metrics.feedUp(name, backend.backend(), next == FeedState.UP);
    if (next == FeedState.UP) {
      LOG.info("feed-up", "feed", name, "backend", backend.backend());
    } else {
      LOG.warn("feed-down", "feed", name, "backend", backend.backend(), "reason", why);
    }
    backend.turned();
  }

  public FeedState state() {
    return state;
  }

  public String name() {
    return name;
  }

  /// The name of the backend that it tells of.
  public String backend() {
    return backend.backend();
  }
}
