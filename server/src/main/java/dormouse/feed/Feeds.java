package dormouse.feed;

import dormouse.config.DovecotEventsSettings;
import dormouse.config.FeedKind;
import dormouse.config.FeedSettings;
import dormouse.config.Network;
import dormouse.listen.EventLoops;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// All feeds of the settings, and what they tell, by backend. Any thread.
public final class Feeds implements AutoCloseable {
  private static final EventLog LOG = EventLog.of(Feeds.class);

  private final InstantSource clock;
  private final Metrics metrics;
  private final List<Source> sources = new ArrayList<>();
  private final Map<String, BackendFeeds> backends = new ConcurrentHashMap<>();

  /// Where events come in, and the feeds that they are for: one a backend.
  private record Source(FeedKind kind, EventServer server, List<Feed> feeds) {
    boolean covers(String backend) {
      return kind.backends().isEmpty() || kind.backends().contains(backend);
    }
  }

  private Feeds(InstantSource clock, Metrics metrics) {
    this.clock = clock;
    this.metrics = metrics;
  }

  /// Opens all feeds.
  ///
  /// @throws IOException if an address cannot be had
  public static Feeds start(
      List<FeedSettings> settings, EventLoops loops, InstantSource clock, Metrics metrics)
      throws IOException {
    Feeds feeds = new Feeds(clock, metrics);
    try {
      for (FeedSettings one : settings) {
        switch (one.kind()) {
          case DovecotEventsSettings events -> feeds.listen(events, loops);
        }
      }
      return feeds;
    } catch (IOException e) {
      feeds.close();
      throw e;
    }
  }

  private void listen(DovecotEventsSettings settings, EventLoops loops) throws IOException {
    String name = settings.key();
    List<Feed> told = new CopyOnWriteArrayList<>();
    EventServer server =
        EventServer.bind(
            settings.listen(),
            loops,
            from -> Network.contain(settings.allow(), from),
            DovecotEvent::parse,
            new EventReceiver.Told() {
              @Override
              public void changed(Heard.Changed change) {
                metrics.feedEvent(name);
                told.forEach(feed -> feed.changed(change.user(), change.mailbox()));
              }

              @Override
              public void malformed() {
                metrics.feedMalformed(name);
              }
            });
    sources.add(new Source(settings, server, told));
    LOG.info("listen", "protocol", name, "address", server.address());
  }

  /// The feeds of a backend. The same for as long as the process runs.
  public BackendFeeds of(String backend) {
    return backends.computeIfAbsent(
        backend,
        name -> {
          BackendFeeds all = new BackendFeeds(name, clock, metrics);
          for (Source source : sources) {
            if (source.covers(name)) {
              source.feeds().add(all.add(source.kind().key(), source.kind().tellsAll()));
            }
          }
          return all;
        });
  }

  /// Where events are listened for, in the order of the settings, with real ports.
  public List<InetSocketAddress> addresses() {
    return sources.stream().map(source -> source.server().address()).toList();
  }

  @Override
  public void close() {
    sources.forEach(source -> source.server().close());
  }
}
