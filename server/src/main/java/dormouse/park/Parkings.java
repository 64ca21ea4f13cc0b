package dormouse.park;

import dormouse.listen.EventLoops;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/// The parking of every event loop, if this machine has what it takes. Immutable; each parking is its loop's own, and ends with it.
public final class Parkings {
  private static final EventLog LOG = EventLog.of(Parkings.class);

  private final IdentityHashMap<EventLoop, Parking> parkings = new IdentityHashMap<>();

  private Parkings() {}

  /// What parked sessions are counted by. Any thread.
  record Gauges(Metrics metrics) {
    void parked(int delta) {
      metrics.parked(delta, (long) delta * ParkTable.SLOT_BYTES);
    }

    void spoke() {
      metrics.parkedSpoke();
    }

    void revived() {
      metrics.revived();
    }
  }

  /// Opens a parking on each loop; where that cannot be, none, which is said once in the log.
  ///
  /// @param wanted `runtime.park`
  public static Parkings open(EventLoops loops, boolean wanted, Metrics metrics) {
    Parkings all = new Parkings();
    if (!wanted) {
      return all;
    }
    if (!loops.epoll() || !Kernel.isKnown()) {
      LOG.warn("unparked", "reason", "not 64-bit Linux with epoll");
      return all;
    }
    Gauges gauges = new Gauges(metrics);
    try {
      for (EventLoop loop : loops.all()) {
        all.parkings.put(loop, Parking.on(loop, gauges));
      }
    } catch (IOException e) {
      all.parkings.clear();
      LOG.warn("unparked", "reason", e.getMessage());
    }
    return all;
  }

  /// The parking of a loop; null if nothing is parked here.
  public @Nullable Parking of(EventLoop loop) {
    return parkings.get(loop);
  }
}
