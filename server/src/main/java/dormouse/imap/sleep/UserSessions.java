package dormouse.imap.sleep;

import dormouse.config.HibernateSettings;
import dormouse.imap.sleep.UserMailboxes.Surroundings;
import org.jspecify.annotations.Nullable;

/// How many sessions a user has, how many of them sleep, and how much is kept of those.
///
/// Lives on the user's event loop.
public final class UserSessions {
  private final Surroundings in;
  private int count;
  private int asleep;
  private long keptBytes;

  UserSessions(Surroundings in) {
    this.in = in;
  }

  void fold(FoldWriter out) {
    out.number(keptBytes);
  }

  /// @param sleeping how many there are: all of them sleep
  void unfold(FoldReader from, int sleeping) {
    keptBytes = from.number();
    count = sleeping;
    asleep = sleeping;
  }

  void enter() {
    count++;
  }

  void exit() {
    count--;
  }

  /// One has given up its backend connection.
  public void slept() {
    asleep++;
  }

  /// One wakes, or has ended asleep.
  public void stirred() {
    asleep--;
  }

  /// How many there are.
  int count() {
    return count;
  }

  /// How many do not sleep.
  public int awake() {
    return count - asleep;
  }

  /// How many sleep.
  public int asleep() {
    return asleep;
  }

  /// `delta` more bytes hold what is kept of those that sleep; negative for fewer.
  public void kept(long delta) {
    keptBytes += delta;
    in.everybodysBytes().add(delta);
  }

  /// Why one must not sleep if so many bytes had to be kept of it, or null.
  public @Nullable StayReason noRoomFor(long bytes) {
    HibernateSettings settings = in.settings();
    if (bytes > settings.keptPerSessionBytes()) {
      return StayReason.KEPT_PER_SESSION;
    }
    if (keptBytes + bytes > settings.keptPerUserBytes()) {
      return StayReason.KEPT_PER_USER;
    }
    return in.everybodysBytes().roomFor(bytes, settings.keptHeapPercent())
        ? null
        : StayReason.KEPT_HEAP;
  }
}
