package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is said to a client that has said close_notify (RFC 8446 §6.1), on a channel that never slept, and on one that did.
@EnabledOnOs(OS.LINUX)
class LastWordTest {
  private static final String CLOSED = "(alert 1 0)";

  private final EchoLines lines = new EchoLines();

  @AfterEach
  void stop() {
    lines.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoOnlySaysSoHearsTheSame(boolean slept) throws Exception {
    try (EchoLines.Line line = open(slept)) {
      awake(line, slept);
      line.send(closeNotify(line));
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoHasHungUpIsToldNothing(boolean slept) throws Exception {
    try (EchoLines.Line line = open(slept)) {
      awake(line, slept);
      lines.onLoop(() -> hangUp(line));
      line.awaitEnd();
    }
  }

  /// It has only shut its side, maybe.
  @Test
  void whoHangsUpInItsSleepIsToldNothing() throws Exception {
    try (EchoLines.Line line = open(true)) {
      line.awaitParked();
      lines.onLoop(() -> hangUp(line));
      line.awaitEnd();
      assertThat(line.revivals()).isZero();
    }
  }

  @Test
  void whoOnlySaysSoInItsSleepHearsTheSame() throws Exception {
    try (EchoLines.Line line = open(true)) {
      line.awaitParked();
      line.send(closeNotify(line));
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
      assertThat(line.revivals()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoHasSomethingComingHearsIt(boolean slept) throws Exception {
    try (EchoLines.Line line = open(slept)) {
      Channel channel = awake(line, slept);
      lines.onLoop(() -> {
        channel.write(Unpooled.copiedBuffer("coming", ISO_8859_1));
        hangUp(line);
      });
      assertThat(line.hear(6)).isEqualTo("coming");
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
    }
  }

  private EchoLines.Line open(boolean slept) throws IOException {
    Peer peer = new Peer(Suite.AES_128_GCM);
    return slept ? lines.open(peer) : lines.openAwake(peer);
  }

  private static Channel awake(EchoLines.Line line, boolean slept) {
    if (slept) {
      line.awaitParked();
      line.owner.staysAwake = true;
      line.owner.revive();
    }
    line.await(() -> line.owner.channel != null);
    return Objects.requireNonNull(line.owner.channel);
  }

  /// Its answer, which this server gives too late for that, may be with the kernel already.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoAsksAndHangsUpAtOnceIsToldSo(boolean slept) throws Exception {
    try (EchoLines.Line line = open(slept)) {
      awake(line, slept);
      lines.onLoop(() -> askAndHangUp(line));
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
    }
  }

  @Test
  void whoAsksAndHangsUpAtOnceInItsSleepHearsBoth() throws Exception {
    try (EchoLines.Line line = open(true)) {
      line.awaitParked();
      lines.onLoop(() -> askAndHangUp(line));
      assertThat(line.hearRecord()).isEqualTo("ask");
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
    }
  }

  /// Both come at once to a loop that is busy with this.
  private static void hangUp(EchoLines.Line line) {
    lastly(line, closeNotify(line));
  }

  private static void askAndHangUp(EchoLines.Line line) {
    lastly(line, TlsRecordsTest.join(line.peer.data("ask"), closeNotify(line)));
  }

  private static void lastly(EchoLines.Line line, byte[] said) {
    try {
      line.send(said);
      line.socket.shutdownOutput();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] closeNotify(EchoLines.Line line) {
    return line.peer.record(ContentType.ALERT, Alert.CLOSE_NOTIFY.bytes());
  }
}
