package dormouse.imap;

import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import java.time.Duration;

/// Whether a client takes what it is sent: while it does not keep up, some of what waits must go within a time, and then again. Linux'
/// kernel too would give it up soon afterwards (TCP_USER_TIMEOUT), but tell no more than that it is gone.
///
/// Lives on the user's event loop.
final class Stall extends Timer {
  private static final Duration PATIENCE = Duration.ofSeconds(50);

  private final TimerWheel wheel;
  private final ClientSide client;
  private final Runnable stalled;
  private long unsent; // when the time began

  /// @param stalled called when the client has taken nothing for the whole time
  Stall(TimerWheel wheel, ClientSide client, Runnable stalled) {
    this.wheel = wheel;
    this.client = client;
    this.stalled = stalled;
  }

  /// The client keeps up now, or does so no more.
  void consider() {
    if (client.keepsUp()) {
      cancel();
    } else if (!isWaiting()) {
      begin();
    }
  }

  private void begin() {
    unsent = client.unsentBytes();
    wheel.set(this, PATIENCE);
  }

  @Override
  protected void due() {
    if (client.keepsUp()) {
      return;
    }
    if (client.unsentBytes() < unsent) {
      begin();
    } else {
      stalled.run();
    }
  }
}
