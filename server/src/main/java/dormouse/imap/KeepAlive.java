package dormouse.imap;

import dormouse.config.HibernateSettings;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.park.Parked;
import dormouse.session.Client;
import dormouse.session.KeepAlivePhase;
import dormouse.session.Timer;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
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

  static final String LINE = "* OK Still here";

  void start() {
    start(home.clock().instant());
  }

  /// @param lastSpoken when the client was told something last in its IDLE
  void start(Instant lastSpoken) {
    stop();
    spoken = lastSpoken;
    schedule();
  }

  /// When the client was told something last in an IDLE.
  Instant spoken() {
    return spoken;
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
    if (isDue(home.settings(), spoken, home.clock().instant())) {
      beat.run();
      spoke();
    }
    schedule();
  }

  /// Whether it is time to say it at the beat of now.
  ///
  /// @param spoken when the client was told something last in its IDLE
  static boolean isDue(HibernateSettings settings, Instant spoken, Instant now) {
    return Duration.between(spoken, now).compareTo(settings.keepAlive().dividedBy(2)) >= 0;
  }

  /// How long until the next beat of a client; null if there is none.
  ///
  /// @param beat of [KeepAlivePhase#hashOf]
  static @Nullable Duration untilNext(HibernateSettings settings, Instant from, int beat) {
    Duration interval = settings.keepAlive();
    return interval.isZero() ? null : KeepAlivePhase.untilNext(from, interval, beat);
  }

  /// Says it to a client whose socket is parked.
  static void say(Parked socket) {
    socket.send(Unpooled.copiedBuffer(LINE + "\r\n", StandardCharsets.US_ASCII));
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
