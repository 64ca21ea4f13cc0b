package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/// What is said to a client that has said close_notify (RFC 8446 §6.1).
@EnabledOnOs(OS.LINUX)
class LastWordTest {
  private static final String CLOSED = "(alert 1 0)";

  /// On what the client hears of it.
  enum On {
    A_CHANNEL,
    A_CHANNEL_THAT_SLEPT,
    A_PARKED_SOCKET
  }

  private final EchoLines lines = new EchoLines();

  @AfterEach
  void stop() {
    lines.close();
  }

  @ParameterizedTest
  @EnumSource
  void whoOnlySaysSoHearsTheSame(On on) throws Exception {
    try (EchoLines.Line line = open(on)) {
      line.send(closeNotify(line));
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
      assertThat(line.revivals()).isEqualTo(revivals(on));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoHasHungUpIsToldNothing(On on) throws Exception {
    try (EchoLines.Line line = open(on)) {
      lines.onLoop(() -> lastly(line, closeNotify(line)));
      line.awaitEnd();
      assertThat(line.revivals()).isEqualTo(revivals(on));
    }
  }

  /// It has only shut its side, maybe.
  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "A_PARKED_SOCKET")
  void whoHasSomethingComingHearsIt(On on) throws Exception {
    try (EchoLines.Line line = open(on)) {
      Channel channel = Objects.requireNonNull(line.owner.channel);
      lines.onLoop(() -> {
        channel.write(Unpooled.copiedBuffer("coming", ISO_8859_1));
        lastly(line, closeNotify(line));
      });
      assertThat(line.hear(6)).isEqualTo("coming");
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
    }
  }

  /// Its answer may be with the kernel already; on a channel this server's comes too late for that.
  @ParameterizedTest
  @EnumSource
  void whoAsksAndHangsUpAtOnceIsToldSo(On on) throws Exception {
    try (EchoLines.Line line = open(on)) {
      lines.onLoop(
          () -> lastly(line, TlsRecordsTest.join(line.peer.data("ask"), closeNotify(line))));
      if (on == On.A_PARKED_SOCKET) {
        assertThat(line.hearRecord()).isEqualTo("ask");
      }
      assertThat(line.hearRecord()).isEqualTo(CLOSED);
      line.awaitEnd();
    }
  }

  private EchoLines.Line open(On on) throws IOException {
    Peer peer = new Peer(Suite.AES_128_GCM);
    if (on == On.A_CHANNEL) {
      EchoLines.Line line = lines.openAwake(peer);
      line.await(() -> line.owner.channel != null);
      return line;
    }
    EchoLines.Line line = lines.open(peer);
    line.awaitParked();
    if (on == On.A_CHANNEL_THAT_SLEPT) {
      line.owner.staysAwake = true;
      line.owner.revive();
    }
    return line;
  }

  /// Nobody who leaves is woken for that.
  private static int revivals(On on) {
    return on == On.A_CHANNEL_THAT_SLEPT ? 1 : 0;
  }

  /// Both come at once to a loop that is busy with this.
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
