package dormouse.imap.view;

import static dormouse.imap.view.RandomUids.uidSet;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class FlagMapTest {
  private static final List<String> FLAGS =
      List.of(
          "",
          "\\Seen",
          "\\Seen",
          "\\Seen",
          "\\Answered \\Seen",
          "\\Flagged",
          "$Junk",
          "\\Seen a b");

  @Test
  void flagsComeOutAsTheyWentInWhateverTheOrder() {
    var made = new RandomUids(30);
    for (int round = 0; round < 1000; round++) {
      var model = randomFlags(made);
      var map = flagMap(model, made.random());

      var read = new TreeMap<Long, String>();
      map.forEach(read::put);

      assertThat(read).isEqualTo(model);
      assertThat(map.flagsOf(0)).isNull();
      model.forEach((uid, flags) -> assertThat(map.flagsOf(uid)).isEqualTo(flags));
    }
  }

  @Test
  void unknownIsWhatHasForgottenAll() {
    for (UidSet uids : List.of(UidSet.EMPTY, UidSet.of(7), UidSet.of(11, 12, 13, 400))) {
      var forgotten = FlagMap.builder(uids);
      uids.iterator().forEachRemaining((long uid) -> forgotten.forget(uid));

      assertThat(FlagMap.unknown(uids)).isEqualTo(forgotten.build());
    }
  }

  @Test
  void mapsAreEqualWhenEveryMessageHasTheSameFlags() {
    var made = new RandomUids(31);
    for (int round = 0; round < 500; round++) {
      var model = randomFlags(made);
      var map = flagMap(model, made.random());

      assertThat(flagMap(model, made.random())).isEqualTo(map).hasSameHashCodeAs(map);
      if (!model.isEmpty()) {
        var other = new TreeMap<>(model);
        other.put(other.lastKey(), "\\Deleted");
        assertThat(flagMap(other, made.random())).isNotEqualTo(map);
      }
    }
  }

  @Test
  void whatDiffersIsToldWithItsNewNumber() {
    var made = new RandomUids(32);
    for (int round = 0; round < 1000; round++) {
      var before = randomFlags(made);
      var after = new TreeMap<Long, String>();
      for (long uid : made.later(new TreeSet<>(before.keySet()))) {
        String old = before.getOrDefault(uid, "");
        after.put(uid, made.random().nextInt(10) == 0 ? randomFlag(made.random()) : old);
      }
      var expected = new ArrayList<String>();
      int seq = 0;
      for (Map.Entry<Long, String> message : after.entrySet()) {
        seq++;
        String old = before.get(message.getKey());
        if (old != null && !old.equals(message.getValue())) {
          expected.add(seq + " " + message.getKey() + " " + message.getValue());
        }
      }

      var told = new ArrayList<String>();
      flagMap(before, made.random())
          .compare(
              flagMap(after, made.random()),
              (number, uid, flags) -> told.add(number + " " + uid + " " + flags));

      assertThat(told).isEqualTo(expected);
    }
  }

  @Test
  void messagesNobodyMentionsHaveNoFlags() {
    var builder = FlagMap.builder(UidSet.of(1, 5, 9));

    assertThat(builder.put(5, "\\seen \\Recent")).isTrue();
    assertThat(builder.put(6, "\\Seen")).isFalse();
    var map = builder.build();

    assertThat(map.flagsOf(1)).isEmpty();
    assertThat(map.flagsOf(5)).isEqualTo("\\Seen");
    assertThat(map.flagsOf(6)).isNull();
    assertThat(map.flagsOf(9)).isEmpty();
  }

  @Test
  void theLastWordOnAMessageCounts() {
    var builder = FlagMap.builder(UidSet.of(1));
    builder.put(1, "a");
    builder.put(1, "b");

    assertThat(builder.build().flagsOf(1)).isEqualTo("b");
  }

  @Test
  void anotherCaseOfAKeywordIsNoChange() {
    var before = FlagMap.builder(UidSet.of(1));
    before.put(1, "$Forwarded");
    var after = FlagMap.builder(UidSet.of(1));
    after.put(1, "$forwarded");
    var told = new ArrayList<Long>();

    before.build().compare(after.build(), (_, uid, _) -> told.add(uid));

    assertThat(told).isEmpty();
  }

  @Test
  void aMailboxReadFromOldToNewTakesAlmostNothing() {
    var builder = FlagMap.builder(UidSet.builder().addRange(1, 50_000).build());
    for (long uid = 1; uid < 49_900; uid++) {
      builder.put(uid, "\\Seen");
    }

    assertThat(builder.build().keptBytes()).isLessThan(300);
  }

  @Test
  void aMailboxOfManyCombinationsIsDeflated() {
    var random = new Random(33);
    var builder = FlagMap.builder(UidSet.builder().addRange(1, 50_000).build());
    var model = new TreeMap<Long, String>();
    for (long uid = 1; uid <= 50_000; uid++) {
      String flags = random.nextInt(10) == 0 ? randomFlag(random) : "\\Seen";
      model.put(uid, flags);
      builder.put(uid, flags);
    }
    var map = builder.build();
    var read = new TreeMap<Long, String>();
    map.forEach(read::put);

    assertThat(read).isEqualTo(model);
    assertThat(map.keptBytes()).isBetween(2000, 15_000);
  }

  private static NavigableMap<Long, String> randomFlags(RandomUids made) {
    var flags = new TreeMap<Long, String>();
    for (long uid : made.set()) {
      flags.put(uid, randomFlag(made.random()));
    }
    return flags;
  }

  private static String randomFlag(Random random) {
    return FLAGS.get(random.nextInt(FLAGS.size()));
  }

  private static FlagMap flagMap(NavigableMap<Long, String> flags, Random random) {
    var builder = FlagMap.builder(uidSet(new TreeSet<>(flags.keySet())));
    var uids = new ArrayList<>(flags.keySet());
    Collections.shuffle(uids, random);
    for (long uid : uids) {
      assertThat(builder.put(uid, flags.get(uid) + " \\Recent")).isTrue();
    }
    return builder.build();
  }
}
