package dormouse.feed;

import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
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

    /// Where it is told. Any thread.
    Executor toldOn();
  }

  /// Several who are found by one name. Immutable.
  private record Several(List<Listener> all) implements Listener {
    @Override
    public void changed(Feed by, @Nullable String mailbox) {
      throw new UnsupportedOperationException("each of them is told");
    }

    @Override
    public void turned() {
      throw new UnsupportedOperationException("each of them is told");
    }

    @Override
    public Executor toldOn() {
      throw new UnsupportedOperationException("each of them elsewhere");
    }
  }

  private static final EventLog LOG = EventLog.of(BackendFeeds.class);
  private static final String ANY_DOMAIN = "@";

  private final String backend;
  private final InstantSource clock;
  private final Metrics metrics;
  private final List<Feed> feeds = new CopyOnWriteArrayList<>();
  private final Map<String, Listener> listeners =
      new ConcurrentHashMap<>(); // one object a user, for most

  private final CopyOnWriteArrayList<Crowd> crowds =
      new CopyOnWriteArrayList<>(); // those who ever had a member here
  private final AtomicInteger turns = new AtomicInteger();
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
    metrics.feedUp(
        feed.name(), backend, feeds.stream().anyMatch(other -> other.isUpAs(feed.name())));
    if (feed.state() == FeedState.UP) {
      turned();
    }
  }

  /// Tells the listener of the user's mailboxes until [#unsubscribe].
  ///
  /// @param user as the client names itself
  public void subscribe(String user, Listener listener) {
    subscribe(keys(user), listener);
  }

  private void subscribe(List<String> keys, Listener listener) {
    for (String key : keys) {
      listeners.merge(key, listener, BackendFeeds::both);
    }
  }

  /// Tells it no more.
  public void unsubscribe(String user, Listener listener) {
    unsubscribe(keys(user), listener);
  }

  private void unsubscribe(List<String> keys, Listener listener) {
    for (String key : keys) {
      listeners.computeIfPresent(key, (_, all) -> without(all, listener));
    }
  }

  /// A listener becomes a member of a crowd, and misses nothing by that.
  public void join(String user, Listener listener, Crowd crowd, int member) {
    crowds.addIfAbsent(crowd);
    List<String> keys = keys(user);
    synchronized (crowd) {
      crowd.add(member, backend, keys.getFirst());
      unsubscribe(keys, listener);
    }
  }

  /// A member becomes a listener.
  public void leave(String user, Listener listener, Crowd crowd, int member) {
    List<String> keys = keys(user);
    synchronized (crowd) {
      crowd.remove(member);
      subscribe(keys, listener);
    }
  }

  /// How often feeds have become reliable or ceased to be, so that whoever was told neither as a listener nor as a member sees that it was not.
  public int turns() {
    return turns.get();
  }

  /// What a user is found by: the name; with a domain, also the part before it for events that name none.
  private static List<String> keys(String user) {
    String name = nameOf(user);
    int at = name.lastIndexOf('@');
    return at < 0 ? List.of(name) : List.of(name, name.substring(0, at + 1));
  }

  private static String key(String name, boolean anyDomain) {
    return anyDomain ? name + ANY_DOMAIN : name;
  }

  static String nameOf(String user) {
    return user.toLowerCase(Locale.ROOT);
  }

  private static Listener both(Listener some, Listener one) {
    List<Listener> all = new ArrayList<>(each(some));
    all.add(one);
    return new Several(List.copyOf(all));
  }

  private static List<Listener> each(@Nullable Listener some) {
    return switch (some) {
      case null -> List.of();
      case Several(var several) -> several;
      default -> List.of(some);
    };
  }

  @SuppressWarnings("ReferenceEquality") // each is itself
  private static boolean isAmong(@Nullable Listener some, Listener one) {
    return each(some).stream().anyMatch(other -> other == one);
  }

  @SuppressWarnings("ReferenceEquality") // each is itself
  private static boolean isSame(@Nullable Listener some, @Nullable Listener other) {
    return some == other;
  }

  @SuppressWarnings("ReferenceEquality") // each is itself
  private static @Nullable Listener without(Listener all, Listener one) {
    if (!(all instanceof Several(var several))) {
      return all == one ? null : all;
    }
    List<Listener> rest = several.stream().filter(other -> other != one).toList();
    return rest.size() == 1 ? rest.getFirst() : new Several(rest);
  }

  /// Passes an event on; returns whether anybody listens for the user.
  boolean changed(Feed by, String user, @Nullable String mailbox, @Nullable String session) {
    String name = nameOf(user);
    int at = name.lastIndexOf('@');
    boolean exactly = tell(new Event(by, name, /* anyDomain= */ false, mailbox, session));
    String other = at < 0 ? name : name.substring(0, at);
    return tell(new Event(by, other, /* anyDomain= */ at < 0, mailbox, session)) || exactly;
  }

  /// What a feed tells of those who listen by this name.
  private record Event(
      Feed by,
      String name,
      boolean anyDomain,
      @Nullable String mailbox,
      @Nullable String session) {}

  /// One task for each loop that somebody is told on, however many those are.
  private boolean tell(Event event) {
    String key = key(event.name(), event.anyDomain());
    Listener some = listeners.get(key);
    Set<Executor> loops = new HashSet<>();
    each(some).forEach(one -> loops.add(one.toldOn()));
    for (Crowd crowd : crowds) {
      Listener now;
      synchronized (crowd) { // whoever joins or leaves it is found here or there
        if (crowd.hasAny(backend, event.name(), event.anyDomain())) {
          loops.add(crowd.loop());
        }
        now = listeners.get(key);
      }
      if (!isSame(now, some)) {
        each(now).forEach(one -> loops.add(one.toldOn()));
        some = now;
      }
    }
    loops.forEach(loop -> loop.execute(() -> tell(event, loop)));
    return !loops.isEmpty();
  }

  /// Tells whoever of the loop listens now, as what they are by now: nobody comes to it or leaves it for another.
  private void tell(Event event, Executor loop) {
    String key = key(event.name(), event.anyDomain());
    Listener all = listeners.get(key); // before members become listeners by what they hear
    for (Crowd crowd : crowds) {
      if (crowd.loop().equals(loop)
          && crowd.forEach(
              backend, event.name(), event.anyDomain(), member -> tell(event, crowd, member))) {
        loop.execute(() -> tell(event, loop)); // as what are they now?
      }
    }
    for (Listener one : each(all)) {
      Listener now = listeners.get(key);
      if (one.toldOn().equals(loop) && (isSame(now, all) || isAmong(now, one))) {
        safely(() -> one.changed(event.by(), event.mailbox(), event.session()));
      }
    }
  }

  private static void tell(Event event, Crowd crowd, int member) {
    safely(() -> crowd.members().changed(member, event.by(), event.mailbox(), event.session()));
  }

  /// So that one bug keeps nobody else from hearing.
  private static void safely(Runnable told) {
    try {
      told.run();
    } catch (RuntimeException | AssertionError bug) {
      LOG.error(bug, "bug", "in", "feed");
    }
  }

  /// A feed has become reliable, or has ceased to be.
  void turned() {
    turns.incrementAndGet();
    listeners.forEach((key, who) -> {
      if (!key.endsWith(ANY_DOMAIN)) { // each once
        each(who).forEach(one -> one.toldOn().execute(one::turned));
      }
    });
    crowds.forEach(crowd -> crowd.loop().execute(() -> crowd.members().turned(this)));
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
