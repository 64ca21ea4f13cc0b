package dormouse.imap.sleep;

import dormouse.config.StatusCacheSettings;
import dormouse.ops.Metrics;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// How much memory the [StatusCache]s, [ListCache]s and [SelectCache]s of all users may take together. Any thread.
public final class StatusRoom {
  private static final int MAX_SHARED = 1000; // of at most 20 lines each

  private final Metrics metrics;
  private final AtomicLong taken = new AtomicLong();
  private final Map<Object, Object> shared = new ConcurrentHashMap<>();
  private final Map<String, String> names = new ConcurrentHashMap<>();
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

  /// A text, or what else cannot change, as it is kept once for all users. Beyond so many they are kept anew.
  @SuppressWarnings("unchecked") // what equals it is of its type
  <T> T shared(T one) {
    if (shared.size() >= MAX_SHARED) {
      shared.clear();
    }
    Object before = shared.putIfAbsent(one, one);
    return before == null ? one : (T) before;
  }

  /// The same of the name of a mailbox: there are more of them, and they push nothing else out.
  String name(String one) {
    if (names.size() >= MAX_SHARED) {
      names.clear();
    }
    String before = names.putIfAbsent(one, one);
    return before == null ? one : before;
  }

  /// An answer was dropped, or not kept, for want of room.
  void crowded() {
    metrics.statusCacheFull();
  }
}
