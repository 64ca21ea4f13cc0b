package dormouse.feed;

import dormouse.ops.Metrics;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// The feeds of one backend, and who listens to them: what is told of a user's mailboxes reaches the user's sessions on
/// their event loop. An event for anybody else costs one look into a map.
///
/// Users are matched without regard to case; where only one side names a domain, it is disregarded too. An event too many
/// costs a look, one too few would cost the truth.
///
/// Any thread.
public final class BackendFeeds {
  /// Somebody who wants to know, on an event loop of their own.
  public interface Listener {
    /// A mailbox of the user may have changed.
    ///
    /// @param by who says so
    /// @param mailbox its name as people write it; null: it may be any
    void changed(Feed by, @Nullable String mailbox);

    /// The same by a session.
    ///
    /// @param session the backend's name for it; null if it is not known
    default void changed(Feed by, @Nullable String mailbox, @Nullable String session) {
      changed(by, mailbox);
    }

    /// The feeds have become reliable or have ceased to be.
    void turned();
  }

  private record Subscription(Executor loop, Listener listener) {}

  private static final String ANY_DOMAIN = "@";

  private final String backend;
  private final InstantSource clock;
  private final Metrics metrics;
  private final List<Feed> feeds = new CopyOnWriteArrayList<>();
  private final Map<String, List<Subscription>> subscriptions = new ConcurrentHashMap<>();

  private volatile boolean canarySings;

  /// @param backend its name in the settings
  public BackendFeeds(String backend, InstantSource clock, Metrics metrics) {
    this.backend = backend;
    this.clock = clock;
    this.metrics = metrics;
  }

  /// Adds a source of events.
  ///
  /// @param name its kind, as the settings say it
  /// @param tellsAll whether it tells of every change
  public Feed add(String name, boolean tellsAll) {
    Feed feed = new Feed(name, tellsAll, this, clock, metrics);
    feeds.add(feed);
    return feed;
  }

  /// Ends one.
  void remove(Feed feed) {
    feeds.remove(feed);
    metrics.feedUp(feed.name(), backend, false);
    if (feed.state() == FeedState.UP) {
      turned();
    }
  }

  /// Tells the listener of the user's mailboxes until the returned task is run.
  ///
  /// @param user as the client names itself
  /// @param loop where the listener is called
  public Runnable subscribe(String user, Executor loop, Listener listener) {
    Subscription subscription = new Subscription(loop, listener);
    List<String> keys = keys(user);
    for (String key : keys) {
      subscriptions.merge(key, List.of(subscription), BackendFeeds::joined);
    }
    return () -> {
      for (String key : keys) {
        subscriptions.computeIfPresent(key, (_, all) -> without(all, subscription));
      }
    };
  }

  /// What a user is found by: the name; with a domain, also the part before it for events that name none.
  private static List<String> keys(String user) {
    String name = user.toLowerCase(Locale.ROOT);
    int at = name.lastIndexOf('@');
    return at < 0 ? List.of(name) : List.of(name, name.substring(0, at) + ANY_DOMAIN);
  }

  private static List<Subscription> joined(List<Subscription> some, List<Subscription> more) {
    List<Subscription> all = new ArrayList<>(some);
    all.addAll(more);
    return List.copyOf(all);
  }

  private static @Nullable List<Subscription> without(List<Subscription> all, Subscription one) {
    List<Subscription> rest = all.stream().filter(other -> !other.equals(one)).toList();
    return rest.isEmpty() ? null : rest;
  }

  /// Passes an event on; returns whether anybody listens for the user.
  boolean changed(Feed by, String user, @Nullable String mailbox, @Nullable String session) {
    String name = user.toLowerCase(Locale.ROOT);
    int at = name.lastIndexOf('@');
    boolean exactly = tell(by, name, mailbox, session);
    String other = at < 0 ? name + ANY_DOMAIN : name.substring(0, at);
    return tell(by, other, mailbox, session) || exactly;
  }

  private boolean tell(Feed by, String key, @Nullable String mailbox, @Nullable String session) {
    List<Subscription> found = subscriptions.get(key);
    if (found == null) {
      return false;
    }
    for (Subscription one : found) {
      one.loop().execute(() -> one.listener().changed(by, mailbox, session));
    }
    return true;
  }

  /// A feed has become reliable, or has ceased to be.
  void turned() {
    subscriptions.forEach((key, all) -> {
      if (!key.endsWith(ANY_DOMAIN)) { // each once
        all.forEach(one -> one.loop().execute(() -> one.listener().turned()));
      }
    });
  }

  /// A look found what no event had told of.
  public void missed() {
    metrics.feedMissed(backend);
  }

  /// A mailbox was changed at a time that lies [Feed#WITHIN] back: feeds that told of nothing around it may be down.
  public void check(Instant changedAt) {
    feeds.forEach(feed -> feed.check(changedAt));
  }

  /// A canary has begun to judge the feeds, or can do so no more.
  ///
  /// @param sings while it does, no other evidence counts
  public void canary(boolean sings) {
    canarySings = sings;
  }

  boolean canarySings() {
    return canarySings;
  }

  /// All of them.
  public List<Feed> all() {
    return List.copyOf(feeds);
  }

  /// How far the feeds can be relied upon together for any change: one that tells of all and is up is enough.
  public FeedState state() {
    FeedState best = FeedState.UNHEARD;
    for (Feed feed : feeds) {
      FeedState state = feed.tellsAll() ? feed.state() : FeedState.UNHEARD;
      if (state == FeedState.UP) {
        return FeedState.UP;
      }
      best = state == FeedState.DOWN ? state : best;
    }
    return best;
  }

  public String backend() {
    return backend;
  }
}
