package dormouse.feed;

import dormouse.config.FeedKind;
import dormouse.config.Network;
import dormouse.ops.Metrics;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/// One feed of the settings: what it hears goes to its [Feed]s, one for each backend that it tells of. Any thread.
final class Source implements EventReceiver.Told {
  private final FeedKind kind;
  private final List<Network> allow;
  private final Function<byte[], Heard> parse;
  private final Consumer<Heard.Changed> onward;
  private final Metrics metrics;
  private final Map<BackendFeeds, Feed> feeds = new ConcurrentHashMap<>();

  /// @param allow networks that may tell
  /// @param parse reads an event
  /// @param onward takes what was heard too, for others
  Source(
      FeedKind kind,
      List<Network> allow,
      Function<byte[], Heard> parse,
      Consumer<Heard.Changed> onward,
      Metrics metrics) {
    this.kind = kind;
    this.allow = allow;
    this.parse = parse;
    this.onward = onward;
    this.metrics = metrics;
  }

  FeedKind kind() {
    return kind;
  }

  /// Tells of this backend from now on, if it is one of its own.
  void tell(BackendFeeds backend) {
    if (kind.backends().isEmpty() || kind.backends().contains(backend.backend())) {
      feeds.computeIfAbsent(backend, one -> one.add(kind.key(), kind.tellsAll()));
    }
  }

  /// Tells of no backend any more.
  void end() {
    feeds.forEach(BackendFeeds::remove);
    feeds.clear();
  }

  @Override
  public boolean allows(InetAddress from) {
    return Network.contain(allow, from);
  }

  @Override
  public Heard read(byte[] event) {
    return parse.apply(event);
  }

  @Override
  public void changed(Heard.Changed change) {
    metrics.feedEvent(kind.key());
    feeds.values().forEach(feed -> feed.changed(change.user(), change.mailbox(), change.session()));
    onward.accept(change);
  }

  @Override
  public void malformed() {
    metrics.feedMalformed(kind.key());
  }

  /// What brings the events is gone.
  void lost(String why) {
    feeds.values().forEach(feed -> feed.lost(why));
  }

  /// It is there again.
  ///
  /// @param gap whether events may have been lost meanwhile
  void back(boolean gap) {
    feeds.values().forEach(feed -> feed.back(gap));
  }
}
