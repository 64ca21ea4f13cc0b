package dormouse.imap.sleep;

import dormouse.config.StatusCacheSettings;
import dormouse.ops.Metrics;
import java.util.concurrent.atomic.AtomicLong;

/// How much memory the [StatusCache]s of all users may take together. Any thread.
public final class StatusRoom {
  private final Metrics metrics;
  private final AtomicLong taken = new AtomicLong();
  private volatile StatusCacheSettings settings = StatusCacheSettings.DEFAULT;

  public StatusRoom(Metrics metrics) {
    this.metrics = metrics;
  }

  /// These bounds from now on; what is kept beyond them goes as it ages.
  public void serve(StatusCacheSettings bounds) {
    settings = bounds;
  }

  int perUserBytes() {
    return settings.perUserBytes();
  }

  /// Takes so many bytes, if there is room for them.
  boolean take(int bytes) {
    if (taken.addAndGet(bytes) > settings.totalBytes()) {
      taken.addAndGet(-bytes);
      crowded();
      return false;
    }
    metrics.statusCacheBytes(bytes);
    return true;
  }

  void give(int bytes) {
    taken.addAndGet(-bytes);
    metrics.statusCacheBytes(-bytes);
  }

  /// An answer was dropped, or not kept, for want of room.
  void crowded() {
    metrics.statusCacheFull();
  }
}
