package dormouse.imap;

import dormouse.config.LoginSettings;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// The two deadlines of a dialogue: silence, and the whole time from accept to login. Lives on its session's event loop,
/// and takes its timers from that loop's wheel anew after each [#stop], since the session may have moved.
final class LoginTimers {
  private final LoginSettings limits;
  private final InstantSource clock;
  private final Runnable onSilence;
  private final Runnable onLimit;
  private final Instant accepted;
  private @Nullable Timer silence;
  private @Nullable Timer limit;

  /// @param onSilence when the client was silent for too long
  /// @param onLimit when it took too long altogether
  LoginTimers(LoginSettings limits, InstantSource clock, Runnable onSilence, Runnable onLimit) {
    this.limits = limits;
    this.clock = clock;
    this.onSilence = onSilence;
    this.onLimit = onLimit;
    this.accepted = clock.instant();
  }

  /// Sets both, the whole time less what has passed of it.
  void start(TimerWheel wheel) {
    Duration passed = Duration.between(accepted, clock.instant());
    limit = wheel.after(limits.limit().minus(passed), onLimit);
    heard(wheel);
  }

  /// The client said something.
  void heard(TimerWheel wheel) {
    if (silence != null) {
      silence.cancel();
    }
    silence = wheel.after(limits.timeout(), onSilence);
  }

  void stop() {
    if (silence != null) {
      silence.cancel();
      silence = null;
    }
    if (limit != null) {
      limit.cancel();
      limit = null;
    }
  }
}
