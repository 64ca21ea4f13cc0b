package dormouse.imap;

import dormouse.imap.sleep.UserMailboxes;
import dormouse.session.Client;
import dormouse.session.KeepAlivePhase;
import dormouse.session.Timer;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// `* OK Still here` for a client in IDLE that has no backend to say it (Dovecot: `imap_idle_notify_interval`). All
/// connections of one device beat in the same second, so that its radio wakes once.
///
/// Lives on the user's event loop.
final class KeepAlive {
  private final UserMailboxes home;
  private final int phase;
  private final Runnable beat;
  private @Nullable Timer timer;
  private Instant spoken = Instant.EPOCH;

  KeepAlive(UserMailboxes home, Client client, String user, Runnable beat) {
    this.home = home;
    this.phase = KeepAlivePhase.hashOf(client.remote().getAddress(), user);
    this.beat = beat;
  }

  void start() {
    stop();
    spoke();
    schedule();
  }

  private void schedule() {
    Duration interval = home.settings().keepAlive();
    if (interval.isZero()) {
      return;
    }
    Duration wait = KeepAlivePhase.untilNext(home.clock().instant(), interval, phase);
    timer = home.wheel().after(wait, this::due);
  }

  private void due() {
    Duration silence = Duration.between(spoken, home.clock().instant());
    if (silence.compareTo(home.settings().keepAlive().dividedBy(2)) >= 0) {
      beat.run();
      spoke();
    }
    schedule();
  }

  /// Something else was said to the client.
  void spoke() {
    spoken = home.clock().instant();
  }

  void stop() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
