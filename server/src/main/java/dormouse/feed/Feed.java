package dormouse.feed;

import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// One source of word that mailboxes of one backend may have changed. An event only says "look": the truth comes from the
/// backend, so that a feed may double, reorder and delay events; what it loses, a sweep finds.
/// ```text
/// unheard ──an event for somebody who listens──▶ up ──unanswered changes──▶ down ──an event──▶ up
///    └───────────────── the backend's canary is heard ─▶ up ◀─────▶ down ◀─ it is not ┘
/// ```
/// Whether it tells is known by the backend's canary, where there is one that sings. Where there is none: by changes that are
/// known to have happened and behind which no event came, from anybody of the backend who listens.
///
/// Any thread.
public final class Feed {
  /// An event that has not come so long after its change is not counted upon.
  public static final Duration WITHIN = Duration.ofSeconds(5);

  /// It may come a little before the change is known here.
  private static final Duration BEFORE = Duration.ofSeconds(1);

  /// So many changes without any event before, between and behind them, and the feed is down.
  static final int MOST_UNANSWERED = 3;

  private static final EventLog LOG = EventLog.of(Feed.class);

  private final String name;
  private final boolean tellsAll;
  private final BackendFeeds backend;
  private final InstantSource clock;
  private final Metrics metrics;
  private volatile FeedState state = FeedState.UNHEARD;
  private volatile boolean cut; // down for no other reason
  private Instant heardAt = Instant.MIN;
  private int unanswered;

  /// @param name its kind, as the settings say it
  /// @param tellsAll whether it tells of every change, so that one it does not tell of speaks against it
  Feed(String name, boolean tellsAll, BackendFeeds backend, InstantSource clock, Metrics metrics) {
    this.name = name;
    this.tellsAll = tellsAll;
    this.backend = backend;
    this.clock = clock;
    this.metrics = metrics;
    metrics.feedUp(name, backend.backend(), false);
  }

  /// Whether it is one of this name and up.
  boolean isUpAs(String wanted) {
    return name.equals(wanted) && state == FeedState.UP;
  }

  /// A mailbox may have changed.
  ///
  /// @param mailbox its name as people write it; null: it may be any of the user's
  public void changed(String user, @Nullable String mailbox) {
    changed(user, mailbox, null);
  }

  /// The same by a session.
  ///
  /// @param session the backend's name for it; null if it is not known
  public void changed(String user, @Nullable String mailbox, @Nullable String session) {
    if (!backend.changed(this, user, mailbox, session)) {
      return; // of another backend for all we know
    }
    synchronized (this) {
      heardAt = clock.instant();
      unanswered = 0;
    }
    if (state != FeedState.UP && !backend.canarySings()) {
      up();
    }
  }

  /// A mailbox was changed at a time that lies [#WITHIN] back: was anything heard around it?
  void check(Instant changedAt) {
    synchronized (this) {
      if (!tellsAll
          || backend.canarySings()
          || state != FeedState.UP
          || heardAt.isAfter(changedAt.minus(BEFORE))
          || ++unanswered < MOST_UNANSWERED) {
        return;
      }
    }
    down("changes-unheard");
  }

  /// What brings the events is gone, and nothing is wrong with who tells.
  void lost(String why) {
    boolean was = state == FeedState.UP;
    cut |= was;
    if (was) {
      down(why);
    }
  }

  /// It is there again.
  ///
  /// @param gap whether events may have been lost meanwhile
  void back(boolean gap) {
    boolean was = cut;
    cut = false;
    if (was && !backend.canarySings()) {
      up();
    } else if (gap && state == FeedState.UP) {
      backend.turned();
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
      unanswered = 0;
    }
    backend.turned(); // first: whoever sees it by the metric can count upon it
    metrics.feedUp(name, backend.backend(), next == FeedState.UP);
    if (next == FeedState.UP) {
      LOG.info("feed-up", "feed", name, "backend", backend.backend());
    } else {
      LOG.warn("feed-down", "feed", name, "backend", backend.backend(), "reason", why);
    }
  }

  public FeedState state() {
    return state;
  }

  /// Whether it tells of every change.
  public boolean tellsAll() {
    return tellsAll;
  }

  public String name() {
    return name;
  }

  /// The name of the backend that it tells of.
  public String backend() {
    return backend.backend();
  }
}
