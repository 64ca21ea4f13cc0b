package dormouse.imap;

import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.sleep.Wake;
import dormouse.imap.track.Verb;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import java.time.Duration;
import java.time.Instant;

/// One way of a session from its sleep to a backend: the client waits, and its mailbox stays watched.
///
/// Lives on the user's event loop.
final class Waking {
  /// The session that wakes.
  interface Host {
    /// @param first the command that ended the sleep
    /// @param firstTime whether the session began asleep
    void awake(Wake.Result.Awake awake, Verb first, boolean firstTime);

    void end(CloseReason reason, String bye);

    void broken(String what, Throwable bug);
  }

  private static final EventLog LOG = EventLog.of(Waking.class);

  private final Host host;
  private final UserMailboxes home;
  private final Client client;
  private final String user;
  private final Doze doze;
  private final Verb first;
  private final Wake wake;
  private final Instant begun;
  private boolean cancelled;

  /// @param doze the sleep that ends
  /// @param first the command that ends it
  Waking(
      Host host, UserMailboxes home, Client client, String user, Doze doze, Verb first, Wake wake) {
    this.host = host;
    this.home = home;
    this.client = client;
    this.user = user;
    this.doze = doze;
    this.first = first;
    this.wake = wake;
    this.begun = home.clock().instant();
  }

  void begin() {
    doze.stir();
    home.metrics().sessionState(Metrics.State.HIBERNATED, Metrics.State.WAKING);
    wake.begin()
        .thenAccept(this::ended)
        .exceptionally(bug -> {
          host.broken("wake", bug);
          return null;
        });
  }

  private void ended(Wake.Result result) {
    switch (result) {
      case Wake.Result.Awake awake -> awake(awake);
      case Wake.Result.Refused(var reason, var bye) -> failed(reason, bye);
      case Wake.Result.Unavailable(var during) -> {
        if (!cancelled) {
          LOG.warn("wake-timeout", "session", client.sessionId(), "user", user, "during", during);
        }
        failed(
            CloseReason.BACKEND_UNAVAILABLE,
            "[UNAVAILABLE] Temporary problem, please try again later");
      }
    }
  }

  private void awake(Wake.Result.Awake awake) {
    if (cancelled) {
      awake.alerts().release();
      awake.connection().leave();
      return;
    }
    Instant now = home.clock().instant();
    Duration took = Duration.between(begun, now);
    home.metrics().sessionState(Metrics.State.WAKING, Metrics.State.ATTACHED);
    home.metrics().woke("client", took);
    LOG.debug(
        "wake",
        "session",
        client.sessionId(),
        "user",
        user,
        "backend",
        awake.connection().backend().name(),
        "reason",
        "client",
        "slept",
        Duration.between(doze.since(), now),
        "took",
        took);
    doze.end();
    host.awake(awake, first, doze.neverAwake());
  }

  private void failed(CloseReason reason, String bye) {
    if (cancelled) {
      return;
    }
    home.metrics().wakeFailed(reason.label());
    host.end(reason, bye);
  }

  /// The client has gone: nobody waits any more.
  void cancel() {
    cancelled = true;
    doze.end();
    wake.cancel();
  }
}
