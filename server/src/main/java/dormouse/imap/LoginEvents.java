package dormouse.imap;

import dormouse.auth.LoginResult;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import java.time.Duration;
import java.util.Locale;

/// Tells log and metrics what happens to clients before they are logged in. Any thread.
final class LoginEvents {
  private static final EventLog log = EventLog.of(ImapDialogue.class);

  private final Metrics metrics;

  LoginEvents(Metrics metrics) {
    this.metrics = metrics;
  }

  void accepted() {
    metrics.sessionState(null, Metrics.State.GREETING);
  }

  void decided(Client client, String user, LoginResult result, Duration took) {
    String outcome =
        switch (result) {
          case LoginResult.Accepted _ -> "accepted";
          case LoginResult.Rejected _ -> "rejected";
          case LoginResult.PutOff _ -> "put-off";
          case LoginResult.Unavailable(var cause) -> cause.name().toLowerCase(Locale.ROOT);
        };
    String code =
        switch (result) {
          case LoginResult.Rejected(var rejected, _) -> rejected;
          case LoginResult.PutOff(var passing, _) -> passing;
          case LoginResult.Accepted _, LoginResult.Unavailable _ -> null;
        };
    metrics.login(outcome);
    log.info(
        "login",
        "session",
        client.sessionId(),
        "user",
        user,
        "result",
        outcome,
        "code",
        code,
        "client",
        client.remote(),
        "via",
        client.via().proxy(),
        "tls",
        client.tls(),
        "certificate",
        client.via().certificateName().isEmpty() ? null : client.via().certificateName(),
        "took",
        took);
  }

  void closed(Client client, CloseReason reason) {
    metrics.sessionState(Metrics.State.GREETING, null);
    metrics.closed(reason.label());
    log.info(
        "close",
        "session",
        client.sessionId(),
        "reason",
        reason.label(),
        "client",
        client.remote(),
        "tls",
        client.tls());
  }

  void bug(Client client, Throwable cause) {
    log.error(cause, "bug", "session", client.sessionId(), "client", client.remote());
  }
}
