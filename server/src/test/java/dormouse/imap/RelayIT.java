package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What passes through Dormouse while a client is attached, and what it costs.
class RelayIT {
  private static final int LARGE = 30 << 20;
  private static final long MEMORY = 16 << 20;
  private static final int USERS = 200;

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
  void theClientIsOfferedWhatTheBackendOffersButForWhatEndsInDormouse() {
    try (Stage stage = Stage.before(dovecot)) {
      Set<String> direct = capabilities(stage.other());
      assertThat(direct).contains("IDLE", "QRESYNC", "LITERAL+");
      direct.removeIf(name ->
          name.startsWith("AUTH=")
              || name.startsWith("COMPRESS=")
              || Set.of("STARTTLS", "SASL-IR", "LOGINDISABLED").contains(name));
      direct.add("COMPRESS=DEFLATE"); // ours
      ImapClient client = stage.client();
      stage.awaitAsleep(1);
      assertThat(capabilities(client)).isEqualTo(direct);
      client.ok("SELECT INBOX");
      assertThat(capabilities(client)).isEqualTo(direct);
    }
  }

  private static Set<String> capabilities(ImapClient client) {
    String line = client.ok("CAPABILITY").getLast();
    return Arrays.stream(line.substring("* CAPABILITY ".length()).split(" "))
        .collect(Collectors.toSet());
  }

  @Test
  void aClientBehindStartTlsSleepsAndWakes() {
    try (Stage stage = Stage.before(dovecot).fill(2)) {
      ImapClient client = stage.keep(ImapClient.connect(stage.front().startTls()));
      client.login(stage.user(), DovecotServer.PASSWORD);
      client.ok("SELECT INBOX");
      client.startIdle();
      stage.awaitAsleep(1);
      stage.other().append("INBOX", "", Stage.message(3));
      client.expect("* 3 EXISTS").expectMatch("\\* \\d+ RECENT");
      client.done();
      assertThat(client.ok("UID FETCH 3 (UID)")).containsExactly("* 3 FETCH (UID 3)");
      client.logout();
    }
  }

  // T46
  @Test
  void aSlowReaderIsNeitherBufferedNorPutToSleep() throws IOException {
    try (Stage stage = Stage.before(dovecot, Stage::awakeOutsideIdle)) {
      byte[] message = largeMessage();
      stage.other().append("INBOX", "", new String(message, ISO_8859_1));
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      double slept = stage.metric("dormouse_hibernations_total");
      long before = directMemory();

      client.send("x FETCH 1 (BODY.PEEK[])\r\ny IDLE\r\n");
      String relayed = "dormouse_relayed_bytes_total{direction=\"backend-to-client\"}";
      awaitStandstill(stage, relayed, 1 << 20);
      assertThat(stage.metric(relayed)).isLessThan(LARGE);
      assertThat(directMemory() - before).isLessThan(MEMORY);
      assertThat(stage.front().sessions(Metrics.State.ATTACHED)).isEqualTo(1);
      assertThat(stage.metric("dormouse_hibernations_total")).isEqualTo(slept);

      InputStream in = client.socket().getInputStream();
      assertThat(line(in)).isEqualTo("* 1 FETCH (BODY[] {" + message.length + "}");
      CRC32 heard = new CRC32();
      long most = 0;
      for (int left = message.length; left > 0; ) {
        byte[] chunk = in.readNBytes(Math.min(left, 256 << 10));
        heard.update(chunk);
        left -= chunk.length;
        most = Math.max(most, directMemory() - before);
      }
      assertThat(line(in)).isEqualTo(")");
      assertThat(line(in)).startsWith("x OK ");
      assertThat(line(in)).startsWith("+ ");
      assertThat(heard.getValue()).isEqualTo(crc(message));
      assertThat(most).isLessThan(MEMORY);
      stage.awaitAsleep(1);
    }
  }

  @Test
  void aLargeMessageIsPassedToASlowBackendWithoutBeingHeld() throws Exception {
    try (Stage stage = Stage.before(dovecot);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      byte[] message = largeMessage();
      ImapClient client = stage.client();
      client.ok("SELECT INBOX");
      long before = directMemory();
      String relayed = "dormouse_relayed_bytes_total{direction=\"client-to-backend\"}";

      client.send("x APPEND INBOX {" + message.length + "+}\r\n");
      client.send(Arrays.copyOf(message, 1 << 20));
      stage.front().await(() -> stage.metric(relayed) > 1 << 20, "the first of it");
      dovecot.freeze();
      CompletableFuture<?> rest;
      try {
        rest =
            CompletableFuture.runAsync(
                () -> client.send(Arrays.copyOfRange(message, 1 << 20, message.length)), threads);
        awaitStandstill(stage, relayed, 1 << 20);
        assertThat(stage.metric(relayed)).isLessThan(LARGE);
        assertThat(directMemory() - before).isLessThan(MEMORY);
      } finally {
        dovecot.thaw();
      }
      rest.get();
      client.send("\r\n");
      List<String> heard = client.readUntilTagged("x");
      assertThat(heard).contains("* 1 EXISTS").last().asString().startsWith("x OK [APPENDUID");
      assertThat(client.ok("FETCH 1 (RFC822.SIZE)"))
          .containsExactly("* 1 FETCH (RFC822.SIZE " + message.length + ")");
    }
  }

  private static byte[] largeMessage() {
    ByteArrayOutputStream message = new ByteArrayOutputStream(LARGE + 100);
    message.writeBytes("Subject: Large\r\n\r\n".getBytes(ISO_8859_1));
    for (int i = 0; message.size() < LARGE; i++) {
      message.writeBytes(("* " + i + " EXPUNGE {" + i + "}\r\n").getBytes(ISO_8859_1));
    }
    return message.toByteArray();
  }

  private static long crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      assertThat(b).isNotNegative();
      line.append((char) b);
    }
    return line.substring(0, line.length() - 1);
  }

  private static long directMemory() {
    return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
  }

  /// Waits until more than `least` was counted and no more comes.
  private static void awaitStandstill(Stage stage, String metric, long least) {
    double[] last = {0};
    int[] still = {0};
    stage
        .front()
        .await(
            () -> {
              double now = stage.metric(metric);
              still[0] = now == last[0] && now > least ? still[0] + 1 : 0;
              last[0] = now;
              return still[0] == 100;
            },
            metric + " stands still");
  }

  @Test
  void descriptorsReturnToTheStart() {
    try (FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      sleepAndLeave(front, 1000, 3);
      Stage.await("the backend is left", () -> front.metrics().backendConnections() == 0);
      long before = descriptors();

      sleepAndLeave(front, 1100, USERS);

      front.await(() -> front.metrics().backendConnections() == 0, "the backend is left");
      front.await(() -> descriptors() <= before, before + " descriptors");
      for (Metrics.State state : Metrics.State.values()) {
        assertThat(front.sessions(state)).isZero();
      }
      assertThat(Stage.metric(front, "dormouse_kept_bytes")).isZero();
    }
  }

  private static void sleepAndLeave(FrontEnd front, int firstUser, int count) {
    List<ImapClient> clients = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ImapClient client = front.client("u" + (firstUser + i), DovecotServer.PASSWORD);
      client.ok("SELECT INBOX");
      client.startIdle();
      clients.add(client);
    }
    front.awaitAsleep(count);
    for (ImapClient client : clients) {
      client.close();
    }
    front.awaitAsleep(0);
  }

  private static long descriptors() {
    try (var open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
