package dormouse.bench;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// What happened to the clients of one run. Any thread.
final class IdleTally {
  private static final int REASONS_KEPT = 20;

  private final AtomicInteger idling = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private final AtomicInteger left = new AtomicInteger();
  private final AtomicLong stillHere = new AtomicLong();
  private final AtomicLong exists = new AtomicLong();
  private final Queue<String> reasons = new ConcurrentLinkedQueue<>();
  private final Runnable settled;

  /// @param settled called when a client idles for the first time, or is lost
  IdleTally(Runnable settled) {
    this.settled = settled;
  }

  void idles() {
    idling.incrementAndGet();
    settled.run();
  }

  void lost(String why) {
    if (lost.incrementAndGet() <= REASONS_KEPT) {
      reasons.add(why);
    }
    settled.run();
  }

  void left() {
    left.incrementAndGet();
  }

  void heardStillHere() {
    stillHere.incrementAndGet();
  }

  void heardExists() {
    exists.incrementAndGet();
  }

  /// How many have ever idled.
  int idling() {
    return idling.get();
  }

  /// How many were refused, cut off, or heard what they should not.
  int lost() {
    return lost.get();
  }

  /// How many have logged out as they should.
  int gone() {
    return left.get();
  }

  long stillHere() {
    return stillHere.get();
  }

  /// How many EXISTS all clients have heard in IDLE.
  long exists() {
    return exists.get();
  }

  /// Why clients were lost, the first twenty.
  Queue<String> reasons() {
    return reasons;
  }
}
