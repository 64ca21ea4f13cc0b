package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.StandInBackend;
import dormouse.testkit.StandInConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Every way in which a login can fail has its own tagged answer, and the client may try again.
class LoginResultIT {
  private static final String LOGIN = "LOGIN u0 " + DovecotServer.PASSWORD;

  private static DovecotServer dovecot;

  @BeforeAll
  static void startDovecot() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  static void stopDovecot() {
    dovecot.close();
  }

  @Test
  void aWrongPasswordIsRefusedAndTheRightOneThenTaken() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort());
        ImapClient client = ImapClient.connect(front.tls())) {
      assertThat(client.refused("LOGIN u0 wrong"))
          .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
      assertThat(client.refused("LOGIN nobody pass"))
          .isEqualTo("NO [AUTHENTICATIONFAILED] Wrong user name or password");
      client.login("u0", DovecotServer.PASSWORD);
      assertThat(logins(front, "rejected")).isEqualTo(2);
      assertThat(logins(front, "accepted")).isEqualTo(1);
    }
  }

  @Test
  void aLockedAccountIsToldFromAWrongPassword() {
    dovecot.lock("u1");
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort());
        ImapClient client = ImapClient.connect(front.tls())) {
      assertThat(client.refused("LOGIN u1 " + DovecotServer.PASSWORD))
          .startsWith("NO [CONTACTADMIN] ");
      assertThat(logins(front, "rejected")).isEqualTo(1);
    }
  }

  @Test
  void aBackendThatIsDownIsTold() {
    try (FrontEnd front = impatient(FreePort.next());
        ImapClient client = ImapClient.connect(front.tls())) {
      assertThat(client.refused(LOGIN))
          .isEqualTo("NO [UNAVAILABLE] The mail server cannot be reached, try again later");
      assertThat(logins(front, "unreachable")).isEqualTo(1);
    }
  }

  @Test
  void aBackendInARestartIsWaitedFor() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = FrontEnd.before(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      backend.refuse();
      client.send("x " + LOGIN + "\r\n");
      front.await(() -> failures(front) > 0, "a try");
      backend.listen();
      backend
          .accept()
          .greet("IMAP4rev1")
          .answer("LOGIN \"u0\" \"pass\"")
          .answer("CAPABILITY", "* CAPABILITY IMAP4rev1");
      client.expectMatch("x OK .*");
      assertThat(logins(front, "unreachable")).isZero();
    }
  }

  /// It greets nobody, and counts who comes.
  @Test
  void aBackendThatHasBeenDownForLongIsNotWaitedFor() throws IOException {
    AtomicInteger tries = new AtomicInteger();
    try (ServerSocket backend = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        FrontEnd front =
            before(backend.getLocalPort(), BackendTls.NONE, null, Duration.ofSeconds(2));
        ImapClient client = ImapClient.connect(front.tls())) {
      Thread.startVirtualThread(() -> hangUp(backend, tries));
      client.refused(LOGIN);
      assertThat(tries.getAndSet(0)).as("tries for the first").isGreaterThan(1);
      front.await(
          () -> {
            client.refused(LOGIN);
            return tries.getAndSet(0) == 1;
          },
          "a login that tries once");
    }
  }

  private static void hangUp(ServerSocket backend, AtomicInteger tries) {
    try {
      while (true) {
        Socket come = backend.accept();
        tries.incrementAndGet();
        come.close();
      }
    } catch (IOException _) {
      // the test is over
    }
  }

  @Test
  void aClientThatLeavesMeanwhileIsForgotten() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = FrontEnd.before(backend.port())) {
      backend.refuse();
      try (ImapClient client = ImapClient.connect(front.tls())) {
        client.send("x " + LOGIN + "\r\n");
        front.await(() -> failures(front) > 0, "a try");
      }
      front.await(() -> front.sessions(Metrics.State.GREETING) == 0, "its end is seen");
      backend.listen();
      try (ImapClient client = ImapClient.connect(front.tls())) {
        client.send("x LOGIN u1 pass\r\n");
        backend
            .accept()
            .greet("IMAP4rev1")
            .answer("LOGIN \"u1\" \"pass\"")
            .answer("CAPABILITY", "* CAPABILITY IMAP4rev1");
        client.expectMatch("x OK .*");
      }
    }
  }

  @Test
  void aBackendThatClosesWithoutGreetingCountsAsDown() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = impatient(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      client.send("x " + LOGIN + "\r\n");
      backend.accept().close();
      client.expect("x NO [UNAVAILABLE] The mail server cannot be reached, try again later");
    }
  }

  @Test
  void aBackendThatSaysByeTakesNoLogins() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = impatient(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      client.send("x " + LOGIN + "\r\n");
      backend.accept().say("* BYE Too busy").close();
      client.expect("x NO [UNAVAILABLE] The mail server takes no logins now, try again later");
      assertThat(logins(front, "refused")).isEqualTo(1);
    }
  }

  @Test
  void aBackendThatStaysSilentIsTold() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = impatient(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      client.send("x " + LOGIN + "\r\n");
      try (StandInConnection silent = backend.accept()) {
        client.expect(
            "x NO [UNAVAILABLE] The mail server does not answer in time, try again later");
        silent.expectClosed();
      }
      assertThat(logins(front, "slow")).isEqualTo(1);
    }
  }

  @Test
  void aBackendThatFallsSilentInTheLoginIsTold() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = impatient(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      client.send("x " + LOGIN + "\r\n");
      try (StandInConnection silent = backend.accept().greet("IMAP4rev1")) {
        silent.expectCommand("LOGIN \"u0\" \"pass\"");
        client.expect(
            "x NO [UNAVAILABLE] The mail server does not answer in time, try again later");
        silent.expectClosed();
      }
    }
  }

  /// It waits for no restart, and for an answer no longer than a test needs to give one.
  private static FrontEnd impatient(int port) {
    return FrontEnd.before(
        BackendSettings.to("127.0.0.1", port, BackendTls.NONE)
            .withTimeouts(Duration.ofMillis(400), Duration.ofSeconds(2)),
        hibernate -> hibernate);
  }

  @Test
  void aCertificateThatNobodySignedIsNotTrusted() {
    try (FrontEnd front = before(dovecot.imapsPort(), BackendTls.TLS, null, Duration.ofSeconds(9));
        ImapClient client = ImapClient.connect(front.tls())) {
      assertThat(client.refused(LOGIN))
          .isEqualTo("NO [UNAVAILABLE] The mail server could not prove who it is, try again later");
      assertThat(logins(front, "untrusted")).isEqualTo(1);
    }
  }

  @Test
  void aCertificateBehindStartTlsIsNotTrustedEither() {
    try (FrontEnd front =
            before(dovecot.imapPort(), BackendTls.STARTTLS, null, Duration.ofSeconds(9));
        ImapClient client = ImapClient.connect(front.tls())) {
      assertThat(client.refused(LOGIN))
          .isEqualTo("NO [UNAVAILABLE] The mail server could not prove who it is, try again later");
    }
  }

  @Test
  void aCertificateThatTheOperatorKnowsIsTrusted() {
    for (BackendTls tls : new BackendTls[] {BackendTls.TLS, BackendTls.STARTTLS}) {
      int port = tls == BackendTls.TLS ? dovecot.imapsPort() : dovecot.imapPort();
      try (FrontEnd front = before(port, tls, dovecot.certificate(), Duration.ofSeconds(9));
          ImapClient client = ImapClient.connect(front.tls())) {
        client.login("u0", DovecotServer.PASSWORD);
        client.ok("SELECT INBOX");
        client.startIdle();
        front.awaitAsleep(1);
        client.done();
        client.ok("UID FETCH 1:* (UID)");
      }
    }
  }

  private static FrontEnd before(
      int port, BackendTls tls, @Nullable Path certificates, Duration answerTimeout) {
    return FrontEnd.before(
        BackendSettings.to("127.0.0.1", port, tls)
            .withCa(certificates)
            .withTimeouts(answerTimeout, answerTimeout),
        hibernate -> hibernate);
  }

  private static double failures(FrontEnd front) {
    return Stage.metric(front, "dormouse_backend_failures_total{backend=\"mx\"}");
  }

  private static double logins(FrontEnd front, String result) {
    return Stage.metric(front, "dormouse_logins_total{result=\"" + result + "\"}");
  }
}
