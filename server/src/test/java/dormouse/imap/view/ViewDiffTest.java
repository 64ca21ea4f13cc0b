package dormouse.imap.view;

import static dormouse.imap.view.RandomUids.uidSet;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ViewDiffTest {
  private static final UidSet EIGHT = UidSet.of(10, 20, 30, 31, 32, 33, 40, 50);

  @Test
  void whatIsGoneIsToldFromTheHighestNumberDown() {
    var diff = ViewDiff.between(EIGHT, UidSet.of(10, 20, 31, 33, 40, 50));

    assertThat(told(diff, false, 0)).isEqualTo("* 5 EXPUNGE\r\n* 3 EXPUNGE\r\n");
    assertThat(diff.gone()).isEqualTo(UidSet.of(30, 32));
    assertThat(diff.grew()).isFalse();
  }

  @Test
  void neighboursGoneAreToldOneByOne() {
    var diff = ViewDiff.between(EIGHT, UidSet.of(10, 20, 33, 40, 60));

    assertThat(told(diff, false, -1))
        .isEqualTo("* 8 EXPUNGE\r\n* 5 EXPUNGE\r\n* 4 EXPUNGE\r\n* 3 EXPUNGE\r\n* 5 EXISTS\r\n");
  }

  @Test
  void aQresyncClientHearsTheUidsGoneInOneLine() {
    var diff = ViewDiff.between(EIGHT, UidSet.of(10, 33, 40, 50, 51));

    assertThat(told(diff, true, 1))
        .isEqualTo("* VANISHED 20,30:32\r\n* 5 EXISTS\r\n* 1 RECENT\r\n");
  }

  @Test
  void aQresyncClientHearsNoEmptyVanished() {
    assertThat(told(ViewDiff.between(UidSet.of(1), UidSet.of(1, 2)), true, -1))
        .isEqualTo("* 2 EXISTS\r\n");
  }

  @Test
  void newMessagesAreToldAsTheirNewCount() {
    var diff = ViewDiff.between(UidSet.EMPTY, UidSet.of(7, 8));

    assertThat(told(diff, false, 2)).isEqualTo("* 2 EXISTS\r\n* 2 RECENT\r\n");
    assertThat(diff.added()).isEqualTo(UidSet.of(7, 8));
  }

  @Test
  void asManyNewAsGoneIsStillToldAsExists() {
    assertThat(told(ViewDiff.between(UidSet.of(1, 2), UidSet.of(2, 3)), false, -1))
        .isEqualTo("* 1 EXPUNGE\r\n* 2 EXISTS\r\n");
  }

  @Test
  void nothingChangedIsNothingTold() {
    var diff = ViewDiff.between(EIGHT, UidSet.of(10, 20, 30, 31, 32, 33, 40, 50));

    assertThat(diff.isEmpty()).isTrue();
    assertThat(told(diff, false, 3)).isEmpty();
    assertThat(told(diff, true, 3)).isEmpty();
  }

  @Test
  void aNewMessageBelowAnOldOneIsInconsistent() {
    assertThat(ViewDiff.between(UidSet.of(5, 9), UidSet.of(5, 7, 9)).consistent()).isFalse();
    assertThat(ViewDiff.between(UidSet.of(5, 9), UidSet.of(7)).consistent()).isFalse();
    assertThat(ViewDiff.between(UidSet.of(5, 9), UidSet.of(5, 7, 9, 10)).consistent()).isFalse();
    assertThat(ViewDiff.between(UidSet.of(5, 9), UidSet.of(10)).consistent()).isTrue();
    assertThat(ViewDiff.between(UidSet.of(5, 9), UidSet.of(5)).consistent()).isTrue();
    assertThat(ViewDiff.between(UidSet.EMPTY, UidSet.of(1)).consistent()).isTrue();
  }

  /// The reference is a client that knows its messages by number alone, as clients do.
  @Test
  void aClientThatFollowsTheLinesHasTheMailboxAsItIs() {
    var made = new RandomUids(20);
    int told = 0;
    for (int round = 0; round < 3000; round++) {
      var before = made.set();
      var after = made.later(before);
      var diff = ViewDiff.between(uidSet(before), uidSet(after));
      boolean qresync = round % 3 == 0;

      var client = new NaiveClient(before);
      told += client.hear(told(diff, qresync, round % 2 == 0 ? 4 : -1), List.copyOf(after));

      assertThat(diff.consistent()).isTrue();
      assertThat(diff.isEmpty()).isEqualTo(before.equals(after));
      assertThat(diff.grew()).isEqualTo(!before.containsAll(after));
      assertThat(client.uids).isEqualTo(List.copyOf(after));
    }
    assertThat(told).isGreaterThan(10_000);
  }

  @Test
  void aHundredThousandMessagesGoneAreToldInTheirOrder() {
    var before = new TreeSet<Long>();
    var after = new TreeSet<Long>();
    for (long uid = 1; uid <= 200_000; uid++) {
      before.add(uid);
      if (uid % 2 == 0) {
        after.add(uid);
      }
    }

    String lines = told(ViewDiff.between(uidSet(before), uidSet(after)), false, -1);

    assertThat(lines).startsWith("* 199999 EXPUNGE\r\n* 199997 EXPUNGE\r\n");
    assertThat(lines).endsWith("* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n");
    assertThat(lines.lines()).hasSize(100_000);
  }

  @Test
  void flagsAreToldAsTheClientEnabledIt() {
    assertThat(fetch("\\Seen $Junk", 77, Told.PLAIN))
        .isEqualTo("* 3 FETCH (FLAGS (\\Seen $Junk))\r\n");
    assertThat(fetch("\\Seen", 77, Told.CONDSTORE))
        .isEqualTo("* 3 FETCH (MODSEQ (77) FLAGS (\\Seen))\r\n");
    assertThat(fetch("", 77, Told.QRESYNC))
        .isEqualTo("* 3 FETCH (UID 4294967295 MODSEQ (77) FLAGS ())\r\n");
    assertThat(fetch("", 0, Told.QRESYNC)).isEqualTo("* 3 FETCH (UID 4294967295 FLAGS ())\r\n");
  }

  @Test
  void numbersAreWrittenWhole() {
    for (long number : new long[] {0, 9, 10, 99, 100, UidSet.MAX_UID, Long.MAX_VALUE}) {
      var out = Unpooled.buffer(0);
      Ascii.number(out, number);
      assertThat(out.toString(US_ASCII)).isEqualTo(Long.toString(number));
    }
  }

  private static String told(ViewDiff diff, boolean qresync, long recent) {
    var out = Unpooled.buffer();
    diff.write(out, qresync, recent);
    return out.toString(US_ASCII);
  }

  private static String fetch(String flags, long modseq, Told told) {
    var out = Unpooled.buffer();
    ViewDiff.writeFetch(out, 3, UidSet.MAX_UID, flags, modseq, told);
    return out.toString(US_ASCII);
  }

  /// Holds its messages in a list, does what each line says, and asks the server only for messages it is told are new.
  private static final class NaiveClient {
    final List<Long> uids;

    NaiveClient(NavigableSet<Long> uids) {
      this.uids = new ArrayList<>(uids);
    }

    int hear(String lines, List<Long> server) {
      int heard = 0;
      for (String line : lines.lines().toList()) {
        hearLine(line.split(" ", -1), server);
        heard++;
      }
      return heard;
    }

    private void hearLine(String[] words, List<Long> server) {
      if (words[1].equals("VANISHED")) {
        Objects.requireNonNull(UidSet.parse(words[2]))
            .iterator()
            .forEachRemaining((long uid) -> assertThat(uids.remove((Long) uid)).isTrue());
        return;
      }
      int number = Integer.parseInt(words[1]);
      switch (words[2]) {
        case "EXPUNGE" -> uids.remove(number - 1);
        case "EXISTS" -> {
          assertThat(number).isGreaterThan(uids.size());
          while (uids.size() < number) {
            uids.add(server.get(uids.size()));
          }
        }
        case "RECENT" -> assertThat(number).isEqualTo(4);
        default -> throw new AssertionError(List.of(words).toString());
      }
    }
  }
}
