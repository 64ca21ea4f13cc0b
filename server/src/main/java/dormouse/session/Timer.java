package dormouse.session;

/// What waits in a [TimerWheel] for its time. Whoever has one for as long as it lives is one itself, for that takes the fewest bytes. Lives
/// on the wheel's event loop.
public abstract class Timer {
  long dueMillis;

  /// Neighbours in a ring of timers; this itself when in none.
  Timer next = this;

  Timer previous = this;

  protected Timer() {}

  /// Its time has come.
  protected abstract void due();

  /// Holds nothing any more.
  void forget() {}

  /// Waits no longer; O(1).
  ///
  /// @return whether it was still waiting
  public final boolean cancel() {
    boolean waited = isWaiting();
    leave();
    forget();
    return waited;
  }

  /// Whether its time is still to come.
  @SuppressWarnings("ReferenceEquality") // neighbours in a ring, each itself
  public final boolean isWaiting() {
    return next != this;
  }

  /// Steps out of its ring.
  void leave() {
    previous.next = next;
    next.previous = previous;
    next = this;
    previous = this;
  }

  /// Puts `timer`, which is in no ring, before this one: last, if this one heads the ring.
  void append(Timer timer) {
    timer.previous = previous;
    timer.next = this;
    previous.next = timer;
    previous = timer;
  }
}
