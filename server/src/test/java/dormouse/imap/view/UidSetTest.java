package dormouse.imap.view;

import static dormouse.imap.view.RandomUids.uidSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UidSetTest {
  private static final int ROUNDS = 2000;

  @Test
  void unionAndUpTo() {
    assertThat(UidSet.of(1, 2, 9).union(UidSet.of(2, 3, 4, 20)))
        .isEqualTo(UidSet.of(1, 2, 3, 4, 9, 20));
    assertThat(UidSet.of(5, 6).union(UidSet.of(4))).isEqualTo(UidSet.of(4, 5, 6));
    assertThat(UidSet.EMPTY.union(UidSet.of(4))).isEqualTo(UidSet.of(4));
    assertThat(UidSet.of(4).union(UidSet.EMPTY)).isEqualTo(UidSet.of(4));
    assertThat(UidSet.of(4, 8).upTo(7)).isEqualTo(UidSet.of(4));
    assertThat(UidSet.of(4, 8).upTo(0)).isEqualTo(UidSet.EMPTY);
  }

  @Test
  void whatGoesInComesOut() {
    var made = new RandomUids(1);
    for (int round = 0; round < ROUNDS; round++) {
      var model = made.set();
      var uids = uidSet(model);

      assertThat(listed(uids)).isEqualTo(List.copyOf(model));
      assertThat(uids.size()).isEqualTo(model.size());
      assertThat(uids.isEmpty()).isEqualTo(model.isEmpty());
      assertThat(uids.first()).isEqualTo(model.isEmpty() ? 0 : model.first());
      assertThat(uids.last()).isEqualTo(model.isEmpty() ? 0 : model.last());
      assertThat(uids.encoded()).isEqualTo(naivelyEncoded(model));
      assertThat(uids.encodedBytes()).isEqualTo(uids.encoded().length);
    }
  }

  @Test
  void theTextOfASetReadsAsTheSameSet() {
    var made = new RandomUids(2);
    for (int round = 0; round < ROUNDS; round++) {
      var model = made.set();
      var uids = uidSet(model);

      assertThat(uids.toString()).isEqualTo(naiveText(model));
      assertThat(UidSet.parse(uids.toString())).isEqualTo(uids).hasSameHashCodeAs(uids);
      assertThat(parsed(uids.toString()).hash64()).isEqualTo(uids.hash64());
    }
  }

  @Test
  void anyOrderReadsAsTheSameSet() {
    var made = new RandomUids(3);
    for (int round = 0; round < ROUNDS; round++) {
      var model = made.set();
      var shuffled = new ArrayList<>(model);
      shuffled.addAll(model.headSet(1000L));
      Collections.shuffle(shuffled, made.random());

      String list = shuffled.stream().map(String::valueOf).collect(Collectors.joining(" "));

      assertThat(UidSet.parseList(list)).isEqualTo(uidSet(model));
      assertThat(UidSet.parse(list.replace(' ', ','))).isEqualTo(uidSet(model));
    }
  }

  @Test
  void rangesInAnyOrderAndOverlappingReadAsTheSameSet() {
    var random = new Random(4);
    for (int round = 0; round < ROUNDS; round++) {
      var model = new TreeSet<Long>();
      var text = new ArrayList<String>();
      for (int ranges = 1 + random.nextInt(20); ranges > 0; ranges--) {
        long from = 1L + random.nextInt(200);
        long to = 1L + random.nextInt(200);
        for (long uid = Math.min(from, to); uid <= Math.max(from, to); uid++) {
          model.add(uid);
        }
        text.add(from == to && random.nextBoolean() ? "" + from : from + ":" + to);
      }

      assertThat(UidSet.parse(String.join(",", text))).isEqualTo(uidSet(model));
    }
  }

  @Test
  void everyNumberFindsItsUidAndBack() {
    var made = new RandomUids(5);
    for (int round = 0; round < ROUNDS / 10; round++) {
      var model = made.set();
      var uids = uidSet(model);
      var inOrder = List.copyOf(model);

      assertThat(uids.uidAt(0)).isZero();
      assertThat(uids.uidAt(-1)).isZero();
      assertThat(uids.uidAt(model.size() + 1)).isZero();
      for (int i = 0; i < inOrder.size(); i++) {
        assertThat(uids.uidAt(i + 1)).isEqualTo(inOrder.get(i));
        assertThat(uids.seqOf(inOrder.get(i))).isEqualTo(i + 1);
      }
      for (long uid = 0; uid < 100; uid++) {
        assertThat(uids.contains(uid)).isEqualTo(model.contains(uid));
      }
    }
  }

  @Test
  void aCursorFindsTheSameNumbersInWhateverOrderItIsAsked() {
    var made = new RandomUids(6);
    for (int round = 0; round < ROUNDS; round++) {
      var model = made.set();
      var inOrder = List.copyOf(model);
      var asked = new ArrayList<>(model);
      asked.addAll(made.set());
      asked.add(0L);
      Collections.sort(asked);
      if (round % 2 == 0) {
        Collections.shuffle(asked, made.random());
      }
      var cursor = new SequenceCursor(uidSet(model));

      for (long uid : asked) {
        assertThat(cursor.seqOf(uid)).isEqualTo(Math.max(0, 1 + inOrder.indexOf(uid)));
      }
    }
  }

  @Test
  void differenceAndIntersectionAreThoseOfSets() {
    var made = new RandomUids(7);
    for (int round = 0; round < ROUNDS; round++) {
      var model = made.set();
      var otherModel = round % 2 == 0 ? made.set() : made.later(model);
      var minus = new TreeSet<>(model);
      minus.removeAll(otherModel);
      var common = new TreeSet<>(model);
      common.retainAll(otherModel);

      assertThat(uidSet(model).minus(uidSet(otherModel))).isEqualTo(uidSet(minus));
      assertThat(uidSet(model).intersect(uidSet(otherModel))).isEqualTo(uidSet(common));
      assertThat(uidSet(otherModel).intersect(uidSet(model))).isEqualTo(uidSet(common));
    }
  }

  @Test
  void setsAreEqualHoweverTheyWereBuilt() {
    var byRange = UidSet.builder().addRange(1, 3).add(4).addRange(5, 7).add(9).build();

    assertThat(byRange).isEqualTo(UidSet.of(1, 2, 3, 4, 5, 6, 7, 9)).isNotEqualTo(UidSet.of(1));
    assertThat(byRange).hasToString("1:7,9");
    assertThat(UidSet.of()).isEqualTo(UidSet.EMPTY).hasToString("");
    assertThat(UidSet.of(1).hash64()).isNotEqualTo(UidSet.of(2).hash64());
  }

  @Test
  void theEncodingIsTheOneWeWriteDown() {
    // three UIDs; none left out before 1, a range, two long; 255 left out before 258, no range
    assertThat(HexFormat.of().formatHex(UidSet.of(1, 2, 258).encoded())).isEqualTo("030101fe03");
  }

  @Test
  void aSetOfAllUidsIsASetToo() {
    var all = parsed("1:4294967295");

    assertThat(all).hasToString("1:4294967295");
    assertThat(all.size()).isEqualTo(Integer.MAX_VALUE);
    assertThat(all.last()).isEqualTo(UidSet.MAX_UID);
    assertThat(all.seqOf(UidSet.MAX_UID)).isEqualTo(Integer.MAX_VALUE);
    assertThat(all.minus(UidSet.of(7, UidSet.MAX_UID))).hasToString("1:6,8:4294967294");
    assertThat(all.intersect(UidSet.of(1, UidSet.MAX_UID))).isEqualTo(UidSet.of(1, UidSet.MAX_UID));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"1:5,7|1:5,7", "7,5:1|1:5,7", "3:1|1:3", "5,4:6,1|1,4:6", "2:2|2", "''|''"})
  void aSequenceSetIsReadAsRfc9051WritesIt(String text, String set) {
    assertThat(parsed(text)).hasToString(set);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "1:*",
        "0",
        "01",
        "1:",
        ":1",
        ",1",
        "1,",
        "1,,2",
        "1:2:3",
        "a",
        "1 2",
        " 1",
        "1 ",
        "-1",
        "+1",
        "4294967296",
        "99999999999999999999",
        "1:0",
        "1;2",
        "１",
        "$"
      })
  void whatIsNoSequenceSetIsNull(String text) {
    assertThat(UidSet.parse(text)).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"3 1 2 9|1:3,9", "''|''", "' 5  7 '|5,7", "4 4|4"})
  void aSearchAnswerIsReadInAnyOrder(String text, String set) {
    assertThat(Objects.requireNonNull(UidSet.parseList(text))).hasToString(set);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1,2", "1:2", "0", "1 a", "4294967296", "1 (MODSEQ 5)", "1\t2"})
  void whatIsNoListOfNumbersIsNull(String text) {
    assertThat(UidSet.parseList(text)).isNull();
  }

  @Test
  void aBuilderTakesNoUidOutOfOrderOrOutOfBounds() {
    assertThatThrownBy(() -> UidSet.of(2, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> UidSet.of(2, 2)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> UidSet.of(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> UidSet.of(1L << 32)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> UidSet.builder().addRange(5, 4))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> UidSet.builder().addRange(1, 5).add(5))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anArchiveOfAThousandMessagesTakesNoMoreThan60Bytes() {
    var uids = mailbox(1000, new Random(8), 0.02);

    assertThat(uids.size()).isEqualTo(1000);
    assertThat(uids.encodedBytes()).isBetween(20, 60);
    assertThat(uids.keptBytes()).isBetween(uids.encodedBytes(), uids.encodedBytes() + 64);
  }

  @Test
  void largeMailboxesStayWithinTheSizesWeGive() {
    assertThat(mailbox(50_000, new Random(9), 0.02).encodedBytes()).isLessThan(2_300);
    assertThat(mailbox(40_000, new Random(10), 0.2).encodedBytes()).isLessThan(16_500);
    assertThat(mailbox(50_000, new Random(11), 0.8).encodedBytes()).isLessThan(70_000);
  }

  /// Messages of which each had `gapsOf1` chance to be followed by one deleted since.
  private static UidSet mailbox(int messages, Random random, double gapsOf1) {
    var builder = UidSet.builder();
    long uid = 0;
    for (int i = 0; i < messages; i++) {
      uid += random.nextDouble() < gapsOf1 ? 2 + random.nextInt(3) : 1;
      builder.add(uid);
    }
    return builder.build();
  }

  private static UidSet parsed(String text) {
    return Objects.requireNonNull(UidSet.parse(text));
  }

  private static List<Long> listed(UidSet uids) {
    var list = new ArrayList<Long>();
    uids.iterator().forEachRemaining((long uid) -> list.add(uid));
    return list;
  }

  private static List<long[]> naiveRanges(NavigableSet<Long> uids) {
    var ranges = new ArrayList<long[]>();
    for (long uid : uids) {
      if (!ranges.isEmpty() && ranges.getLast()[1] == uid - 1) {
        ranges.getLast()[1] = uid;
      } else {
        ranges.add(new long[] {uid, uid});
      }
    }
    return ranges;
  }

  private static String naiveText(NavigableSet<Long> uids) {
    return naiveRanges(uids).stream()
        .map(range -> range[0] == range[1] ? "" + range[0] : range[0] + ":" + range[1])
        .collect(Collectors.joining(","));
  }

  private static byte[] naivelyEncoded(NavigableSet<Long> uids) {
    var bytes = new ByteArrayOutputStream();
    varint(bytes, uids.size());
    long before = 0;
    for (long[] range : naiveRanges(uids)) {
      long gap = range[0] - before - 1;
      if (range[0] == range[1]) {
        varint(bytes, gap * 2);
      } else {
        varint(bytes, gap * 2 + 1);
        varint(bytes, range[1] - range[0]);
      }
      before = range[1];
    }
    return bytes.toByteArray();
  }

  private static void varint(ByteArrayOutputStream bytes, long value) {
    if (value > 127) {
      bytes.write((int) (value % 128) + 128);
      varint(bytes, value / 128);
      return;
    }
    bytes.write((int) value);
  }
}
