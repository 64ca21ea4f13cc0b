package dormouse.park;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dormouse.tls.records.ParkedRecords;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Parked sockets, each a slot of [#SLOT_BYTES] outside the heap, where no collector looks at it: the descriptor, and what TLS
/// needs to go on; what room that leaves is the owner's. Slots have numbers of their own, not their descriptor's, for a session may come to have none.
/// ```text
/// 0 descriptor, or while the slot is free -2 minus the next free one   4 how often the slot was given away, lent and taken back   8 ParkedRecords, then the owner's
/// ```
/// The memory is reserved and not touched before it is used; a slot is zeroed when it is free again. Lives on one event loop.
final class ParkTable<O> {
  /// With 52 bytes for the owner where TLS has the shorter secrets, as mostly, and 20 where it has the longer.
  static final int SLOT_BYTES = 144;

  private static final int AT_GENERATION = 4;
  private static final int AT_RECORDS = 8;
  private static final int NOTHING_FREE = -1;
  private static final int FIRST_OWNERS = 16;

  private final Kernel kernel;
  private final MemorySegment memory;
  private final int capacity;
  private @Nullable Object[] owners = new @Nullable Object[FIRST_OWNERS];
  private int used; // slots that were ever given away
  private int free = NOTHING_FREE;
  private int size;

  /// @param capacity how many there can be; reserves that much of the address space
  ParkTable(Kernel kernel, int capacity) throws IOException {
    this.kernel = kernel;
    this.capacity = capacity;
    this.memory = kernel.reserve((long) capacity * SLOT_BYTES);
  }

  boolean isFull() {
    return size == capacity;
  }

  /// Takes a slot; its records are zeros.
  ///
  /// @param fd not negative
  int add(int fd, O owner) {
    if (isFull()) {
      throw new IllegalStateException("the table is full");
    }
    int slot = free;
    if (slot == NOTHING_FREE) {
      slot = used++;
    } else {
      free = -2 - memory.get(JAVA_INT, at(slot));
    }
    memory.set(JAVA_INT, at(slot), fd);
    memory.set(JAVA_INT, at(slot) + AT_GENERATION, generation(slot) + 1);
    if (slot >= owners.length) {
      owners = Arrays.copyOf(owners, Math.min(capacity, owners.length + (owners.length >> 1)));
    }
    owners[slot] = owner;
    size++;
    return slot;
  }

  /// Frees a slot and forgets all that it held.
  void remove(int slot) {
    memory.set(JAVA_INT, at(slot), -2 - free);
    all(slot).fill((byte) 0);
    owners[slot] = null;
    free = slot;
    size--;
  }

  /// Forgets all that a slot holds but its descriptor, and its owner: from now on somebody else has the socket, until [#takeBack].
  void lend(int slot) {
    memory.set(JAVA_INT, at(slot) + AT_GENERATION, generation(slot) + 1);
    all(slot).fill((byte) 0);
    owners[slot] = null;
  }

  /// Has the socket of a slot that was lent again; its records are zeros.
  void takeBack(int slot, O owner) {
    memory.set(JAVA_INT, at(slot) + AT_GENERATION, generation(slot) + 1);
    owners[slot] = owner;
  }

  /// Whether the slot is in use and not lent.
  boolean isParked(int slot) {
    return slot < used && owners[slot] != null;
  }

  int fd(int slot) {
    return memory.get(JAVA_INT, at(slot));
  }

  /// Another has it from now on.
  void owner(int slot, O owner) {
    owners[slot] = owner;
  }

  @SuppressWarnings("unchecked") // only what came in by add
  O owner(int slot) {
    return (O) Objects.requireNonNull(owners[slot]);
  }

  /// What tells a use of the slot from the one before.
  int generation(int slot) {
    return memory.get(JAVA_INT, at(slot) + AT_GENERATION);
  }

  /// Whether the slot is in use, and has not been given away again, or lent, since it had this generation.
  boolean isThere(int slot, int generation) {
    return slot < used && fd(slot) >= 0 && generation(slot) == generation;
  }

  /// Where the slot's TLS lies.
  MemorySegment records(int slot) {
    return memory.asSlice(at(slot) + AT_RECORDS, ParkedRecords.BYTES);
  }

  /// Where there is room for what its owner wants to keep, up to the end of the slot.
  MemorySegment room(int slot) {
    return all(slot).asSlice(ParkedRecords.used(records(slot)));
  }

  private MemorySegment all(int slot) {
    return memory.asSlice(at(slot) + AT_RECORDS, SLOT_BYTES - AT_RECORDS);
  }

  private static long at(int slot) {
    return (long) slot * SLOT_BYTES;
  }

  int size() {
    return size;
  }

  /// Every slot up to here may be in use.
  int end() {
    return used;
  }

  /// Whether there is nothing but zeros and the table's own numbers in a slot.
  boolean isClean(int slot) {
    MemorySegment all = all(slot);
    for (long i = 0; i < all.byteSize(); i++) {
      if (all.get(JAVA_BYTE, i) != 0) {
        return false;
      }
    }
    return fd(slot) < 0;
  }

  void close() {
    memory.asSlice(0, at(used)).fill((byte) 0);
    kernel.giveBack(memory);
  }
}
