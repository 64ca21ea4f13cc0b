package dormouse.imap;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.DovecotEventsSettings;
import dormouse.config.DovecotOxSettings;
import dormouse.config.FeedSettings;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.ImapClient;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A real Dovecot whose driver `ox` tells of new messages in INBOX, and of nothing else.
class OxIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SELDOM = Duration.ofHours(1);
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  @Test
  void aDeliveredMessageIsToldAndWatchesStay() {
    var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var ox = new DovecotOxSettings(any, DovecotEventsSettings.DEFAULT.allow(), List.of());
    try (EventRelay relay = EventRelay.start(1);
        DovecotServer dovecot = DovecotServer.start(DovecotOptions.DEFAULT.withOxTo(relay.port()));
        FrontEnd front =
            FrontEnd.before(
                BackendSettings.inClear("127.0.0.1", dovecot.imapPort(), /* trusted= */ true),
                FrontEnd.sweeping(SELDOM, SELDOM, Duration.ZERO),
                List.of(new FeedSettings(ox)));
        ImapClient sleeper = front.client("u1", DovecotServer.PASSWORD).patience(PATIENCE)) {
      relay.to(front.eventPort());
      sleeper.ok("SETMETADATA \"\" (/private/vendor/vendor.dovecot/http-notify \"user=u1\")");
      sleeper.ok("SELECT INBOX");
      sleeper.startIdle();
      front.awaitAsleep(1);

      dovecot.deliver("u1", MESSAGE);
      sleeper.readUntil(line -> line.equals("* 1 EXISTS"), PATIENCE);
      front.await(() -> front.feedUp("dovecot-ox"), "Dovecot tells");
      front.awaitAsleep(1);
      front.await(() -> front.metrics().backendConnections() == 1, "the watch");
    }
  }
}
