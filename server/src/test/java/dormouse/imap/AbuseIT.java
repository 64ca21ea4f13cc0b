package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What scanners and attackers send before a login: each gets its answer, costs little, and a client that is at work notices
/// nothing.
///
/// `./test -Dit.test=AbuseIT -Ddormouse.silent=9000 -Ddormouse.waiting=9000 -Ddormouse.limit=60s` opens so many connections that never
/// speak, all of which may stay, and prints what they cost; each takes two descriptors of this process.
class AbuseIT {
  private static final int SILENT = Integer.getInteger("dormouse.silent", 2000);
  private static final int MOST_WAITING = Integer.getInteger("dormouse.waiting", 500);
  private static final int SLOW = Integer.getInteger("dormouse.slow", 200);
  private static final String LIMIT = System.getProperty("dormouse.limit", "3s");
  private static final int PATIENCE_MILLIS = 90_000; // beyond any limit that is set here

  private static DovecotServer dovecot;
  private static FrontEnd front;

  private final List<Socket> sockets = new ArrayList<>();
  private ImapClient honest;

  @BeforeAll
  static void start() {
    dovecot = DovecotServer.start();
    front =
        FrontEnd.of(
            """
            listen:
              - { address: "127.0.0.1:0", tls: implicit }
              - { address: "127.0.0.1:0", tls: optional }
            backends: { mx: { address: "127.0.0.1:%d", tls: none } }
            limits: { per-address: 0, per-network: 0, before-login: %d }
            login: { limit: %s }
            """
                .formatted(dovecot.imapPort(), MOST_WAITING, LIMIT));
  }

  @AfterAll
  static void stop() {
    front.close();
    dovecot.close();
  }

  @BeforeEach
  void atWork() {
    honest = front.client("u1", DovecotServer.PASSWORD);
    honest.ok("SELECT INBOX");
  }

  @AfterEach
  void stillAtWork() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    honest.ok("NOOP");
    honest.logout();
    front.await(() -> front.sessions(Metrics.State.GREETING) == 0, "no dialogue is left");
  }

  @Test
  void plaintextOnTheTlsPortIsClosed() throws IOException {
    double before = closes("tls-failed");
    assertThat(answerTo(front.tls(), "a1 CAPABILITY\r\n".getBytes(ISO_8859_1)))
        .doesNotContain("CAPABILITY");
    front.await(() -> closes("tls-failed") == before + 1, "closed for its TLS");
  }

  @Test
  void tlsOnThePlaintextPortIsGreetedAndFails() {
    assertThatThrownBy(() -> ImapClient.connect(Endpoint.tls(front.plain().port())))
        .hasRootCauseInstanceOf(javax.net.ssl.SSLException.class);
  }

  @Test
  void aLineWithoutEndIsCutShort() throws IOException {
    assertThat(answerTo(front.plain(), "a1 LOGIN ".repeat(10_000).getBytes(ISO_8859_1)))
        .endsWith("* BYE Line too long\r\n");
  }

  @Test
  void aLiteralIsNotTakenBeyondItsMost() throws IOException {
    assertThat(
            answerTo(front.plain(), "a1 LOGIN {2000000000}\r\na2 LOGOUT\r\n".getBytes(ISO_8859_1)))
        .contains("a1 NO [TOOBIG] Literal too large\r\n")
        .endsWith("a2 OK LOGOUT completed\r\n");
    assertThat(answerTo(front.plain(), "a1 LOGIN {2000000000+}\r\n".getBytes(ISO_8859_1)))
        .endsWith("* BYE Literal too large\r\n");
  }

  @Test
  void garbageIsAnsweredAFewTimesOnly() throws IOException {
    byte[] garbage = new byte[100_000];
    Random random = new Random(7);
    random.nextBytes(garbage);
    for (int i = 50; i < garbage.length; i += 50) {
      garbage[i] = '\n';
    }
    String heard = answerTo(front.plain(), garbage);
    assertThat(heard).endsWith("* BYE Too many errors\r\n");
    assertThat(heard.lines().count()).isLessThanOrEqualTo(7);
  }

  @Test
  void manyCommandsAreAnsweredUpToTheirMost() throws IOException {
    String heard = answerTo(front.plain(), "a NOOP\r\n".repeat(200).getBytes(ISO_8859_1));
    assertThat(heard).endsWith("* BYE Too many commands before login\r\n");
    assertThat(heard.lines().filter(line -> line.startsWith("a OK"))).hasSizeLessThanOrEqualTo(100);
  }

  @Test
  void whoSendsByteByByteIsNotWaitedForLongerThanTheLimit() throws IOException {
    double before = closes("login-timeout");
    for (int i = 0; i < SLOW; i++) {
      sockets.add(connect(front.plain()));
    }
    for (int sent = 0; sent < 5; sent++) {
      for (Socket socket : sockets) {
        socket.getOutputStream().write('a');
      }
      honest.ok("NOOP");
    }
    for (Socket socket : sockets) {
      assertThat(new String(socket.getInputStream().readAllBytes(), ISO_8859_1))
          .endsWith("* BYE You took too long to log in\r\n");
    }
    front.await(() -> closes("login-timeout") == before + SLOW, "all had their time");
  }

  @Test
  void thousandsWhoNeverSpeakMakeRoomForEachOther() throws IOException {
    double before = closes("crowded-out");
    long bytesBefore = usedBytes();
    long longest = 0;
    for (int i = 0; i < SILENT; i++) {
      sockets.add(connect(front.plain()));
      if (i % 500 == 499) {
        long begun = System.nanoTime();
        ImapClient newcomer = front.client("u2", DovecotServer.PASSWORD);
        longest = Math.max(longest, System.nanoTime() - begun);
        newcomer.logout();
      }
    }
    System.out.printf(
        "%d silent connections, %d of them open: %d bytes each on the heap, both ends; the longest of %d logins"
            + " between them took %d ms%n",
        SILENT,
        front.sessions(Metrics.State.GREETING),
        (usedBytes() - bytesBefore) / Math.max(1, front.sessions(Metrics.State.GREETING)),
        SILENT / 500,
        longest / 1_000_000);
    front.await(
        () -> closes("crowded-out") >= before + SILENT - MOST_WAITING, "most have made room");
    assertThat(front.sessions(Metrics.State.GREETING)).isLessThanOrEqualTo(MOST_WAITING);
  }

  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static double closes(String reason) {
    return Stage.metric(front, "dormouse_closes_total{reason=\"" + reason + "\"}");
  }

  private static Socket connect(Endpoint endpoint) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  /// All that is answered until the connection is closed; a reset ends it too, as when not all was read that we said.
  private static String answerTo(Endpoint endpoint, byte[] said) throws IOException {
    StringBuilder heard = new StringBuilder();
    try (Socket socket = connect(endpoint)) {
      socket.getOutputStream().write(said);
      for (int c = socket.getInputStream().read(); c >= 0; c = socket.getInputStream().read()) {
        heard.append((char) c);
      }
    } catch (SocketException reset) {
      return heard.toString();
    }
    return heard.toString();
  }
}
