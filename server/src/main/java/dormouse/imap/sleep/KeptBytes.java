package dormouse.imap.sleep;

import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// How much memory holds what is kept of all sleeping sessions, and whether there is room for more of it.
///
/// What is kept may grow while it sleeps, with its mailbox; that is counted, and bounds who sleeps next. Any thread: two who ask at once may
/// both get the last room.
public final class KeptBytes {
  private static final EventLog LOG = EventLog.of(KeptBytes.class);

  private final long heapBytes;
  private final Metrics metrics;
  private final AtomicLong kept = new AtomicLong();
  private final AtomicBoolean warned = new AtomicBoolean();

  /// @param heapBytes the largest heap of this process
  public KeptBytes(long heapBytes, Metrics metrics) {
    this.heapBytes = heapBytes;
    this.metrics = metrics;
  }

  /// `delta` more bytes are kept; negative for fewer.
  void add(long delta) {
    kept.addAndGet(delta);
    metrics.keptBytes(delta);
  }

  /// Whether so much more may be kept. Says so in the log when it may not for the first time, and again only after there was a
  /// tenth of the room left.
  ///
  /// @param heapPercent how much of the heap may hold what is kept
  boolean roomFor(long more, int heapPercent) {
    long most = heapBytes / 100 * heapPercent;
    long now = kept.get();
    if (now + more <= most) {
      if (now < most - most / 10) {
        warned.set(false);
      }
      return true;
    }
    if (!warned.getAndSet(true)) {
      LOG.warn("kept-heap-full", "kept", now, "most", most);
    }
    return false;
  }
}
