package dormouse.feed;

import dormouse.config.CyrusEventsSettings;
import dormouse.config.DovecotEventsSettings;
import dormouse.config.DovecotOxSettings;
import dormouse.config.FeedKind;
import dormouse.config.FeedSettings;
import dormouse.config.Network;
import dormouse.config.RedisSettings;
import dormouse.listen.BindAddress;
import dormouse.listen.EventLoops;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.SessionIds;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// All feeds of the settings, and what they tell, by backend. Any thread.
public final class Feeds implements AutoCloseable {
  private static final EventLog LOG = EventLog.of(Feeds.class);

  private final EventLoops loops;
  private final InstantSource clock;
  private final Metrics metrics;
  private final String ourselves = new SessionIds().next();
  private final Map<String, BackendFeeds> backends = new HashMap<>();
  private volatile List<Open> opened = List.of();
  private volatile List<RedisPublisher> publishers = List.of();

  /// A feed, and what brings its events: one of the two.
  private record Open(Source source, @Nullable EventServer server, @Nullable Line line) {
    FeedKind kind() {
      return source.kind();
    }
  }

  /// The way to a Redis server.
  private record Line(Redis redis, RedisFeed feed, @Nullable RedisPublisher publisher) {
    void start() {
      feed.start();
      if (publisher != null) {
        publisher.start();
      }
    }

    void close() {
      feed.close();
      if (publisher != null) {
        publisher.close();
      }
      redis.loop().execute(redis::close);
    }
  }

  public Feeds(EventLoops loops, InstantSource clock, Metrics metrics) {
    this.loops = loops;
    this.clock = clock;
    this.metrics = metrics;
  }

  /// The next settings, made ready: [#commit] or [#discard] must follow.
  public final class Change {
    private final List<Open> next = new ArrayList<>();
    private final List<Open> fresh = new ArrayList<>();
    private final List<Open> gone = new ArrayList<>(opened);

    private Change() {}

    private void prepare(FeedKind kind) throws IOException {
      Open same = take(kind);
      if (same != null) {
        next.add(same);
        return;
      }
      Open made =
          switch (kind) {
            case DovecotEventsSettings it ->
                listening(it, it.listen(), it.allow(), DovecotEvent::parse);
            case DovecotOxSettings it -> listening(it, it.listen(), it.allow(), OxEvent::parse);
            case CyrusEventsSettings it ->
                listening(it, it.listen(), it.allow(), CyrusEvent::parse);
            case RedisSettings it -> connecting(it);
          };
      next.add(made);
      fresh.add(made);
    }

    private @Nullable Open take(FeedKind kind) {
      for (Open one : gone) {
        if (one.kind().equals(kind)) {
          gone.remove(one);
          return one;
        }
      }
      return null;
    }

    private Open listening(
        FeedKind kind,
        InetSocketAddress address,
        List<Network> allow,
        Function<byte[], Heard> parse)
        throws IOException {
      Source source = new Source(kind, allow, parse, Feeds.this::publish, metrics);
      for (Open one : gone) { // changed in another way: its door stays open
        if (one.server() != null && one.server().isFor(address)) {
          return new Open(source, one.server(), null);
        }
      }
      boolean unshared = !overlaps(address, opened) && !overlaps(address, fresh);
      return new Open(source, EventServer.bind(address, unshared, loops, source), null);
    }

    private static boolean overlaps(InetSocketAddress address, List<Open> others) {
      return others.stream()
          .map(Open::server)
          .filter(Objects::nonNull)
          .anyMatch(server -> BindAddress.overlap(address, server.address()));
    }

    private Open connecting(RedisSettings settings) throws IOException {
      Source source =
          new Source(
              settings,
              List.of(),
              _ -> new Heard.Nothing(),
              _ -> {},
              metrics); // it is not told by HTTP
      Redis redis = Redis.of(settings, loops);
      return new Open(
          source,
          null,
          new Line(
              redis,
              new RedisFeed(redis, source, ourselves),
              settings.publish() ? new RedisPublisher(redis, ourselves, metrics) : null));
    }

    /// From now on these hold.
    public void commit() {
      synchronized (Feeds.this) {
        // before those end whose door it has: what comes in there is heard by one of them
        for (Open one : fresh) {
          backends.values().forEach(one.source()::tell);
          if (one.server() != null) {
            one.server().use(one.source());
          }
        }
        for (Open one : gone) {
          one.source().end();
          if (one.line() != null) {
            one.line().close();
          } else if (!isDoorOf(next, one)) {
            Objects.requireNonNull(one.server()).close();
          }
        }
        opened = List.copyOf(next);
        publishers =
            next.stream()
                .filter(one -> one.line() != null && one.line().publisher() != null)
                .map(one -> Objects.requireNonNull(one.line()).publisher())
                .toList();
        for (Open one : fresh) {
          if (one.line() != null) {
            one.line().start();
          } else if (one.server() != null && !isDoorOf(gone, one)) {
            one.server().begin();
            LOG.info("listen", "protocol", one.kind().key(), "address", one.server().address());
          }
        }
      }
    }

    private static boolean isDoorOf(List<Open> others, Open one) {
      return others.stream().anyMatch(other -> other.server() == one.server());
    }

    /// All stays as it was.
    public void discard() {
      for (Open one : fresh) {
        if (one.line() != null) {
          one.line().redis().close();
        } else if (!isDoorOf(gone, one)) {
          Objects.requireNonNull(one.server()).close();
        }
      }
    }
  }

  /// Opens what the next settings need and is not there; nothing else changes before [Change#commit]. Blocks. Not while another
  /// change is under way, and on none of the
  /// loops: they may wait for [#of] meanwhile.
  ///
  /// @throws IOException if an address cannot be had, or a password; then nothing has changed
  public Change prepare(List<FeedSettings> settings) throws IOException {
    Change change = new Change();
    try {
      for (FeedSettings one : settings) {
        change.prepare(one.kind());
      }
      return change;
    } catch (IOException | RuntimeException | Error e) {
      change.discard();
      throw e;
    }
  }

  /// Where a feed of these settings listens for events; null if it does not.
  public static @Nullable InetSocketAddress address(FeedSettings of) {
    return switch (of.kind()) {
      case DovecotEventsSettings it -> it.listen();
      case DovecotOxSettings it -> it.listen();
      case CyrusEventsSettings it -> it.listen();
      case RedisSettings _ -> null;
    };
  }

  private void publish(Heard.Changed change) {
    publishers.forEach(publisher -> publisher.publish(change));
  }

  /// The feeds of a backend. The same for as long as the process runs, whatever feeds there are.
  public synchronized BackendFeeds of(String backend) {
    return backends.computeIfAbsent(
        backend,
        name -> {
          BackendFeeds all = new BackendFeeds(name, clock, metrics);
          opened.forEach(one -> one.source().tell(all));
          return all;
        });
  }

  /// Where events are listened for, in the order of the settings, with real ports.
  public synchronized List<InetSocketAddress> addresses() {
    return opened.stream()
        .map(Open::server)
        .filter(Objects::nonNull)
        .map(EventServer::address)
        .toList();
  }

  @Override
  public void close() {
    List<Open> all;
    synchronized (this) {
      all = opened;
      for (Open one : all) {
        if (one.server() != null) {
          one.server().close();
        } else if (one.line() != null) {
          one.line().close();
        }
      }
    }
    all.stream().map(Open::server).filter(Objects::nonNull).forEach(EventServer::awaitEnd);
  }
}
