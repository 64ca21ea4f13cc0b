package dormouse.park;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class ParkTableTest {
  private static final int CAPACITY = 100;

  private ParkTable<String> table;

  @BeforeEach
  void open() throws IOException {
    table = new ParkTable<>(CAPACITY);
  }

  @AfterEach
  void close() {
    table.close();
  }

  @Test
  void aSlotKeepsWhatItIsGiven() {
    int slot = table.add(7, "ann");
    fill(slot, (byte) 1);
    int other = table.add(8, "bob");
    assertThat(table.fd(slot)).isEqualTo(7);
    assertThat(table.owner(slot)).isEqualTo("ann");
    assertThat(table.fd(other)).isEqualTo(8);
    assertThat(isFilled(slot, (byte) 1)).isTrue();
    assertThat(isFilled(other, (byte) 0)).isTrue();
  }

  @Test
  void aFreeSlotHoldsNothing() {
    int slot = table.add(7, "ann");
    fill(slot, (byte) 0xEE);
    table.remove(slot);
    assertThat(table.isClean(slot)).isTrue();
    assertThat(table.size()).isZero();
  }

  @Test
  void whatItsOwnerKeepsThereGoesToo() {
    int slot = table.add(7, "ann");
    int other = table.add(8, "bob");
    assertThat(table.room(slot).byteSize()).isEqualTo(ParkTable.SLOT_BYTES - 16); // without TLS
    table.room(slot).fill((byte) 0xEE);
    assertThat(table.fd(slot)).isEqualTo(7);
    assertThat(table.fd(other)).isEqualTo(8);
    assertThat(isFilled(other, (byte) 0)).isTrue();
    table.remove(slot);
    assertThat(table.isClean(slot)).isTrue();
  }

  @Test
  void aSlotIsAnOwnersOrAMembers() {
    int slot = table.add(7, "ann");
    int other = table.add(8, "bob");
    assertThat(table.member(slot)).isEqualTo(ParkTable.NO_MEMBER);
    table.member(slot, 0);
    assertThat(table.member(slot)).isZero();
    assertThat(table.owners()).containsExactly("bob");
    table.member(slot, Integer.MAX_VALUE - 1);
    assertThat(table.member(slot)).isEqualTo(Integer.MAX_VALUE - 1);
    table.owner(slot, "cyd");
    assertThat(table.member(slot)).isEqualTo(ParkTable.NO_MEMBER);
    assertThat(table.owner(slot)).isEqualTo("cyd");
    assertThat(table.owner(other)).isEqualTo("bob");
    table.member(other, 3);
    table.remove(other);
    table.remove(slot);
    assertThat(table.owners()).isEmpty();
    assertThat(table.isClean(slot)).isTrue();
  }

  @Test
  void aSlotThatIsGivenAwayAgainIsAnother() {
    int slot = table.add(7, "ann");
    int generation = table.generation(slot);
    assertThat(table.isThere(slot, generation)).isTrue();
    table.remove(slot);
    assertThat(table.isThere(slot, generation)).isFalse();
    assertThat(table.add(7, "bob")).isEqualTo(slot);
    assertThat(table.isThere(slot, generation)).isFalse();
    assertThat(table.isThere(slot, table.generation(slot))).isTrue();
  }

  @Test
  void aSlotThatIsLentHoldsItsDescriptorOnly() {
    int slot = table.add(7, "ann");
    int other = table.add(8, "bob");
    int generation = table.generation(slot);
    fill(slot, (byte) 0xEE);
    table.lend(slot);
    assertThat(table.fd(slot)).isEqualTo(7);
    assertThat(isFilled(slot, (byte) 0)).isTrue();
    assertThat(table.isParked(slot)).isFalse();
    assertThat(table.isThere(slot, generation)).isFalse();
    assertThat(table.add(9, "cid")).isNotEqualTo(slot);
    table.takeBack(slot, "dan");
    assertThat(table.owner(slot)).isEqualTo("dan");
    assertThat(table.fd(slot)).isEqualTo(7);
    assertThat(table.isParked(slot)).isTrue();
    assertThat(table.isThere(slot, generation)).isFalse();
    assertThat(table.isParked(other)).isTrue();
    table.lend(slot);
    table.remove(slot);
    assertThat(table.isClean(slot)).isTrue();
    assertThat(table.add(10, "eve")).isEqualTo(slot);
  }

  @Test
  void itHasAnEnd() {
    for (int i = 0; i < CAPACITY; i++) {
      table.add(i, "x");
    }
    assertThat(table.isFull()).isTrue();
    assertThatThrownBy(() -> table.add(0, "x")).isInstanceOf(IllegalStateException.class);
    table.remove(50);
    assertThat(table.add(0, "y")).isEqualTo(50);
  }

  /// Against a map, with a seed that a failure names.
  @Test
  void itHoldsWhatAMapWouldHold() {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    record Entry(int fd, String owner, byte content, int generation) {}
    Map<Integer, Entry> model = new HashMap<>();
    List<int[]> gone = new ArrayList<>();
    for (int step = 0; step < 20_000; step++) {
      boolean adds = random.nextInt(CAPACITY) >= model.size();
      if (adds && model.size() < CAPACITY) {
        int fd = random.nextInt(1 << 20);
        byte content = (byte) random.nextInt(256);
        int slot = table.add(fd, "o" + step);
        assertThat(isFilled(slot, (byte) 0)).as("seed %d step %d", seed, step).isTrue();
        fill(slot, content);
        Entry before = model.put(slot, new Entry(fd, "o" + step, content, table.generation(slot)));
        assertThat(before).as("seed %d step %d", seed, step).isNull();
      } else if (!model.isEmpty()) {
        int slot =
            model.keySet().stream().skip(random.nextInt(model.size())).findFirst().orElseThrow();
        Entry entry = Objects.requireNonNull(model.remove(slot));
        gone.add(new int[] {slot, entry.generation()});
        table.remove(slot);
        assertThat(table.isClean(slot)).as("seed %d step %d", seed, step).isTrue();
      }
      assertThat(table.size()).isEqualTo(model.size());
    }
    model.forEach((slot, entry) -> {
      assertThat(table.fd(slot)).as("seed %d", seed).isEqualTo(entry.fd());
      assertThat(table.owner(slot)).isEqualTo(entry.owner());
      assertThat(isFilled(slot, entry.content())).isTrue();
      assertThat(table.isThere(slot, entry.generation())).isTrue();
    });
    gone.forEach(old -> assertThat(table.isThere(old[0], old[1])).as("seed %d", seed).isFalse());
  }

  private void fill(int slot, byte with) {
    table.records(slot).fill(with);
  }

  private boolean isFilled(int slot, byte with) {
    MemorySegment records = table.records(slot);
    for (long i = 0; i < records.byteSize(); i++) {
      if (records.get(JAVA_BYTE, i) != with) {
        return false;
      }
    }
    return true;
  }
}
