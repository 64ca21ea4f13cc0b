package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.park.Parked;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The channel that a parked socket gets: it is read and written, waits and ends as any other does.
@EnabledOnOs(OS.LINUX)
class SlotChannelTest {
  private static final int PATIENCE_MILLIS = 20_000;

  private final EchoLines lines = new EchoLines();

  @AfterEach
  void stop() {
    lines.close();
  }

  @Test
  void itEchoesAndIsParkedAgain() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      for (int i = 0; i < 20; i++) {
        line.awaitParked();
        line.owner.staysAwake = true;
        line.owner.revive();
        line.send(line.peer.data("awake " + i));
        assertThat(line.hear(("awake " + i).length())).isEqualTo("awake " + i);
        line.owner.staysAwake = false;
        lines.onLoop(line.owner::park);
        line.awaitParked();
        line.send(line.peer.data("parked"));
        assertThat(line.hear(6)).isEqualTo("parked");
      }
      assertThat(line.revivals()).isEqualTo(20);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatComesWhileNobodyReadsWaits(boolean parks) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      Channel channel = awake(line);
      lines.onLoop(() -> channel.config().setAutoRead(false));
      line.send(line.peer.data("one"));
      turns();
      assertThat(line.in.available()).isZero();
      if (parks) {
        line.owner.staysAwake = false;
        lines.onLoop(line.owner::park);
      } else {
        lines.onLoop(() -> channel.config().setAutoRead(true));
      }
      assertThat(line.hear(3)).isEqualTo("one");
      line.send(line.peer.data("two"));
      assertThat(line.hear(3)).isEqualTo("two");
      assertThat(line.revivals()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLeavesIsNoticed(boolean byReset) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      awake(line);
      leave(line, byReset);
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /// A reset is, though nobody reads; who only says that nothing will follow may still be told something.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLeavesWhileNobodyReadsIsNoticedInTime(boolean byReset) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      Channel channel = awake(line);
      lines.onLoop(() -> channel.config().setAutoRead(false));
      line.send(line.peer.data("unread"));
      turns();
      if (byReset) {
        leave(line, true);
      } else {
        line.socket.shutdownOutput();
        turns();
        assertThat(line.owner.gone).isNotDone();
        line.owner.say(Unpooled.copiedBuffer("still", ISO_8859_1));
        assertThat(line.hear(5)).isEqualTo("still");
        lines.onLoop(() -> channel.config().setAutoRead(true));
        assertThat(line.hear(6)).isEqualTo("unread");
      }
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /// Whoever has its slot by then waits for room, and would not be told of it.
  @Test
  void whoIsClosedAsksNothingOfTheKernel() throws Exception {
    Channel closed;
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      closed = awake(line);
      lines.onLoop(() -> closed.config().setAutoRead(false));
      line.send(line.peer.data("unread"));
      turns();
      lines.onLoop(closed::close);
    }
    try (EchoLines.Line line = lines.openInTheClear()) {
      Channel channel = awake(line);
      byte[] much = new byte[8 << 20];
      lines.onLoop(() -> {
        channel.writeAndFlush(Unpooled.wrappedBuffer(much));
        closed.unsafe().beginRead();
      });
      lines.onLoop(() -> assertThat(channel.isWritable()).isFalse());
      assertThat(line.hear(much.length)).hasSize(much.length);
    }
  }

  /// In many pieces, of which the socket takes a part only.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClientThatDoesNotReadGetsAllLater(boolean tls) throws Exception {
    try (EchoLines.Line line =
        tls ? lines.open(new Peer(Suite.AES_128_GCM)) : lines.openInTheClear()) {
      Channel channel = awake(line);
      byte[] much = new byte[8 << 20];
      new Random(1).nextBytes(much);
      lines.onLoop(() -> {
        for (int at = 0, bytes; at < much.length; at += bytes) {
          bytes = Math.min(much.length - at, 1 + at % 20_000);
          channel.write(Unpooled.wrappedBuffer(much, at, bytes), channel.voidPromise());
        }
        channel.flush();
      });
      lines.onLoop(() -> assertThat(channel.isWritable()).isFalse());
      assertThat(line.hear(much.length)).isEqualTo(new String(much, ISO_8859_1));
      line.owner.staysAwake = false;
      lines.onLoop(line.owner::park);
      line.awaitParked();
    }
  }

  /// It would wait for room to say close_notify.
  @Test
  void aClientThatDoesNotReadAndLeavesIsNoticed() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      Channel channel = awake(line);
      lines.onLoop(() -> channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[8 << 20])));
      line.socket.shutdownOutput();
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      assertThat(channel.isOpen()).isFalse();
    }
  }

  /// What was held of it before it had a channel is nothing to it when it is parked again.
  @Test
  void anOldHandleIsGoodForNothing() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      Parked before = Objects.requireNonNull(line.owner.socket);
      Channel channel = awake(line);
      line.owner.staysAwake = false;
      lines.onLoop(line.owner::park);
      line.awaitParked();
      lines.onLoop(() -> {
        before.send(Unpooled.copiedBuffer("no", ISO_8859_1));
        before.close();
        before.revive();
        channel.close();
      });
      turns();
      line.send(line.peer.data("yes"));
      assertThat(line.hear(3)).isEqualTo("yes");
      assertThat(line.revivals()).isEqualTo(1);
    }
  }

  /// Its slot, and often its descriptor, are another's then.
  @Test
  void whoComesAfterOneThatHasLeftIsAnother() throws Exception {
    for (int i = 0; i < 50; i++) {
      try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM));
          EchoLines.Line other = lines.open(new Peer(Suite.CHACHA20_POLY1305))) {
        Channel channel = awake(line);
        other.awaitParked();
        line.send(line.peer.data("last"));
        lines.onLoop(channel::close);
        other.send(other.peer.data("other"));
        assertThat(other.hear(5)).isEqualTo("other");
      }
    }
  }

  @Test
  void theEndOfTheLoopClosesIt() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      awake(line);
      lines.close();
      assertThat(line.in.read()).isEqualTo(-1);
    }
  }

  private Channel awake(EchoLines.Line line) {
    line.awaitParked();
    line.owner.staysAwake = true;
    line.owner.revive();
    return Objects.requireNonNull(line.owner.channel);
  }

  private static void leave(EchoLines.Line line, boolean byReset) throws Exception {
    if (byReset) {
      line.socket.setSoLinger(true, 0);
    }
    line.socket.close();
  }

  /// Of the loop: what the kernel has for it by now has been looked at.
  private void turns() {
    for (int i = 0; i < 3; i++) {
      lines.onLoop(() -> {});
    }
  }
}
