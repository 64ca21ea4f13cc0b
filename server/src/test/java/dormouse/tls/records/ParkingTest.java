package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Parked sockets with clients that seal by hand: every record of the server must open with the number that is due, so none may
/// be left out, doubled or sealed twice. The owner echoes what it hears, and parks as soon as it can.
@EnabledOnOs(OS.LINUX)
class ParkingTest {
  private static final int PATIENCE_MILLIS = 20_000;

  private final EchoLines lines = new EchoLines();

  @AfterEach
  void stop() {
    lines.close();
  }

  @ParameterizedTest
  @EnumSource
  void aParkedClientIsReadAndAnsweredWithoutAChannel(Suite suite) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(suite))) {
      line.awaitParked();
      for (int i = 0; i < 10; i++) {
        line.send(line.peer.data("hello " + i));
        assertThat(line.hear(7)).isEqualTo("hello " + i);
      }
      assertThat(line.revivals()).isZero();
    }
  }

  @Test
  void soIsOneWithoutTls() throws Exception {
    try (EchoLines.Line line = lines.openInTheClear()) {
      line.awaitParked();
      line.send("hello".getBytes(ISO_8859_1));
      assertThat(line.hear(5)).isEqualTo("hello");
      assertThat(line.revivals()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 6, 20, -1})
  void halfARecordTakesAChannel(int at) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      byte[] two = TlsRecordsTest.join(line.peer.data("one "), line.peer.data("two"));
      int cut = at > 0 ? at : two.length + at;
      line.send(Arrays.copyOf(two, cut));
      line.await(() -> line.revivals() == 1);
      line.send(Arrays.copyOfRange(two, cut, two.length));
      assertThat(line.hear(7)).isEqualTo("one two");
      line.awaitParked();
      line.send(line.peer.data("three"));
      assertThat(line.hear(5)).isEqualTo("three");
      assertThat(line.revivals()).isEqualTo(1);
    }
  }

  @Test
  void keyUpdatesAreFollowedAndMade() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_256_GCM))) {
      line.awaitParked();
      line.send(TlsRecordsTest.join(line.peer.keyUpdate(0), line.peer.data("one")));
      assertThat(line.hear(3)).isEqualTo("one");
      line.send(line.peer.keyUpdate(1));
      assertThat(line.hearRecord()).isEqualTo("(KeyUpdate 0)");
      line.send(line.peer.data("two"));
      assertThat(line.hear(3)).isEqualTo("two");
      line.send(TlsRecordsTest.join(line.peer.keyUpdate(1), line.peer.data("three")));
      assertThat(line.hearRecord()).isEqualTo("(KeyUpdate 0)");
      assertThat(line.hear(5)).isEqualTo("three");
      assertThat(line.revivals()).isZero();
    }
  }

  /// What has been counted is kept while nobody is there.
  @Test
  void recordsThatSayNothingAreCounted() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      for (int i = 0; i < 32; i++) {
        line.send(i % 2 == 0 ? line.peer.data("") : line.peer.keyUpdate(0));
        line.awaitRead(i + 1);
      }
      line.send(line.peer.data("one"));
      assertThat(line.hear(3)).isEqualTo("one");
      for (int i = 0; i < 33; i++) {
        line.send(line.peer.keyUpdate(0));
        line.awaitRead(34 + i);
      }
      assertThat(line.hearRecord()).isEqualTo("(alert 2 10)");
      line.awaitEnd();
      assertThat(line.revivals()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = "ECDHE.*") // TLS 1.3's
  void aKeyThatHasServedLongGetsASuccessor(Suite suite) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(suite, TlsRecords.MAX_RECORDS_A_KEY - 1))) {
      line.awaitParked();
      line.send(line.peer.data("one"));
      assertThat(line.hear(3)).isEqualTo("one");
      line.send(line.peer.data("two"));
      assertThat(line.hearRecord()).isEqualTo("(KeyUpdate 0)");
      assertThat(line.hear(3)).isEqualTo("two");
      line.send(line.peer.data("three"));
      assertThat(line.hear(5)).isEqualTo("three");
      assertThat(line.revivals()).isZero();
    }
  }

  @Test
  void aKeyUpdateMayBeCutInTwo() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.send(line.peer.record(ContentType.HANDSHAKE, (byte) 24, (byte) 0));
      line.await(() -> line.revivals() == 1);
      line.send(line.peer.record(ContentType.HANDSHAKE, (byte) 0, (byte) 1, (byte) 0));
      line.peer.sealing.update();
      line.send(line.peer.data("one"));
      assertThat(line.hear(3)).isEqualTo("one");
    }
  }

  @Test
  void whatIsBrokenIsAnsweredBehindWhatIsWhole() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      byte[] good = line.peer.data("good");
      byte[] bad = line.peer.data("bad");
      bad[bad.length - 1] ^= 1;
      line.send(TlsRecordsTest.join(good, bad));
      assertThat(line.hear(4)).isEqualTo("good");
      assertThat(line.hearRecord()).isEqualTo("(alert 2 20)");
      line.awaitEnd();
    }
  }

  /// Netty's leak detector tells whether half a record is left of it.
  @Test
  void whoLeavesBehindHalfARecordIsNoticed() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.send(Arrays.copyOf(line.peer.data("half"), 7));
      line.socket.setSoLinger(true, 0);
      line.socket.close();
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      assertThat(lines.metrics.parked()).isZero();
    }
  }

  @Test
  void closeNotifyIsAnswered() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.send(line.peer.record(ContentType.ALERT, (byte) 1, (byte) 0));
      assertThat(line.hearRecord()).isEqualTo("(alert 1 0)");
      line.awaitEnd();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLeavesIsNoticed(boolean byReset) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      if (byReset) {
        line.socket.setSoLinger(true, 0);
      }
      line.socket.close();
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      assertThat(lines.metrics.parked()).isZero();
    }
  }

  /// As where the peer's reset is read in the same turn.
  @Test
  void whatIsClosedOnItsWayIsNoticed() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.owner.revive();
      line.owner.parkAndClose();
      line.owner.gone.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      assertThat(lines.metrics.parked()).isZero();
    }
  }

  @Test
  void whoHasTakenTheSocketOverHearsOfItsEnd() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      EchoLines.Owner next = lines.new Owner();
      line.owner.heir = next;
      byte[] said = line.peer.data("DONE");
      byte[] bye = line.peer.record(ContentType.ALERT, (byte) 1, (byte) 0);
      line.send(TlsRecordsTest.join(said, bye));
      assertThat(line.hear(4)).isEqualTo("DONE");
      assertThat(line.hearRecord()).isEqualTo("(alert 1 0)");
      next.gone.get(5_000, TimeUnit.MILLISECONDS);
    }
  }

  @Test
  void whoseOwnerCannotBeFoundIsSentAwayAloneAndOnce() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM));
        EchoLines.Line other = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      other.awaitParked();
      line.owner.lose();
      line.send(line.peer.data("DONE"));
      assertThat(line.hearRecord()).isEqualTo("(alert 2 80)");
      other.send(other.peer.data("DONE"));
      assertThat(other.hear(4)).isEqualTo("DONE");
      assertThat(lines.metrics.parked()).isOne();
    }
  }

  /// By a bug of ours: the socket is not left to nobody.
  @Test
  void whoseOwnerCannotLetItGoIsSentAway() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.owner.wakes = true;
      line.owner.clings = true;
      line.send(line.peer.data("LIST"));
      assertThat(line.hear(4)).isEqualTo("LIST");
      assertThat(line.hearRecord()).isEqualTo("(alert 2 80)");
      assertThat(line.in.read()).isEqualTo(-1);
      assertThat(lines.metrics.parked()).isZero();
    }
  }

  /// The same where a channel is needed for what was said: of that nothing is left, as Netty's leak detector would tell, and no descriptor.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoseOwnerCannotGoOnWithHalfARecordLeavesNothing(boolean letsItGo) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.owner.clings = !letsItGo;
      line.owner.failsRevived = letsItGo;
      byte[] whole = line.peer.data("LIST");
      byte[] half = Arrays.copyOf(line.peer.data("DONE"), 7);
      line.send(TlsRecordsTest.join(whole, half));
      assertThat(line.owner.gone)
          .failsWithin(Duration.ofMillis(PATIENCE_MILLIS))
          .withThrowableThat()
          .withMessageContaining("a bug");
      if (!letsItGo) {
        assertThat(line.hearRecord()).isEqualTo("(alert 2 80)");
      }
      assertThat(line.in.read()).isEqualTo(-1);
      assertThat(lines.metrics.parked()).isZero();
    }
  }

  /// As where what was said before wakes a session: the channel that it gets has not seen the end.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoTakesAChannelForWhatWasSaidHearsOfTheEndBehindIt(boolean broken) throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      line.owner.wakes = true;
      byte[] said = line.peer.data("LIST");
      byte[] last = line.peer.record(ContentType.ALERT, (byte) 1, (byte) 0);
      if (broken) {
        last[last.length - 1] ^= 1;
      }
      line.send(TlsRecordsTest.join(said, last));
      assertThat(line.hear(4)).isEqualTo("LIST");
      assertThat(line.hearRecord()).isEqualTo(broken ? "(alert 2 20)" : "(alert 1 0)");
      line.awaitEnd();
    }
  }

  /// The kernel takes a part only: the rest waits in a channel.
  @Test
  void aClientThatDoesNotReadTakesAChannel() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      byte[] much = new byte[12 << 20];
      new Random(1).nextBytes(much);
      line.owner.say(Unpooled.wrappedBuffer(much));
      line.await(() -> line.revivals() == 1);
      line.owner.say(Unpooled.copiedBuffer("end", ISO_8859_1));
      assertThat(line.hear(much.length + 3)).isEqualTo(new String(much, ISO_8859_1) + "end");
    }
  }

  @Test
  void theEndOfTheLoopClosesThem() throws Exception {
    try (EchoLines.Line line = lines.open(new Peer(Suite.AES_128_GCM))) {
      line.awaitParked();
      lines.close();
      assertThat(line.in.read()).isEqualTo(-1);
    }
  }

  /// Lines of all sizes, cut anywhere, key updates between them, of many clients at once.
  @ParameterizedTest
  @EnumSource
  void everyByteOfManyComesBack(Suite suite) throws Exception {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    int rounds = Integer.getInteger("dormouse.rounds", 300);
    Random random = new Random(seed);
    List<EchoLines.Line> all = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        all.add(lines.open(new Peer(suite)));
      }
      for (int i = 0; i < rounds; i++) {
        EchoLines.Line line = all.get(random.nextInt(all.size()));
        if (random.nextInt(3) > 0) {
          line.awaitParked();
        }
        line.exchange(random, "seed " + seed + " round " + i);
      }
    } finally {
      for (EchoLines.Line line : all) {
        line.close();
      }
    }
  }
}
