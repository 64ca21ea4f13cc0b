package dormouse.imap;

import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import java.time.Duration;

/// Whether a client takes what it is sent: while it does not keep up, it must take something within a time, and then again, or it is [ClientSide#stalled]. Linux' kernel
/// too would give it up soon afterwards (TCP_USER_TIMEOUT), but tell no more than that it is gone.
///
/// It is looked at often, for it may take the most in the moment in which it falls behind: a kernel has room of its own.
///
/// Lives on the user's event loop.
final class Stall extends Timer {
  private static final Duration EVERY = Duration.ofSeconds(2);
  private static final int LOOKS = 25; // for which it may take nothing: 50 seconds

  private final TimerWheel wheel;
  private final ClientSide client;
  private long taken; // at the last look
  private int looks; // since it took something; below 0 before the first
  private boolean last; // nothing more will be sent
  private boolean over;

  Stall(TimerWheel wheel, ClientSide client) {
    this.wheel = wheel;
    this.client = client;
  }

  /// The client keeps up now, or does so no more.
  void consider() {
    if (client.keepsUp()) {
      cancel();
    } else if (!isWaiting() && !over) {
      looks = -1;
      wheel.set(this, EVERY);
    }
  }

  /// The session has ended: what waits for the client must all be taken, in the same way, until [#over].
  void lastWords() {
    if (over) {
      return;
    }
    last = true;
    looks = -1;
    wheel.set(this, EVERY);
  }

  /// The connection has ended, maybe before its session: there is nobody to look at any more.
  void over() {
    over = true;
    cancel();
  }

  @Override
  protected void due() {
    if (client.keepsUp() && !last) {
      return;
    }
    long now = client.takenBytes();
    looks = looks < 0 || now > taken ? 0 : looks + 1;
    taken = now;
    if (looks < LOOKS) {
      wheel.set(this, EVERY);
    } else {
      client.stalled();
    }
  }
}
