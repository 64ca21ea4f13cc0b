package dormouse.park;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dormouse.flat.Numbered;
import dormouse.flat.ReservedMemory;
import dormouse.tls.records.ParkedRecords;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Parked sockets, each a slot of [#SLOT_BYTES] outside the heap, where no collector looks at it: the descriptor, and what TLS
/// needs to go on; what room that leaves is the owner's. Slots have numbers of their own, not their descriptor's, for a session may come to have none.
/// ```text
/// 0 descriptor, or while the slot is free -2 minus the next free one   4 how often the slot was given away, lent and taken back
/// 8 number of its owner, -1 if it is lent, or -2 minus the member of a crowd whose it is   12 ParkedRecords, then the owner's
/// ```
/// The memory is reserved and not touched before it is used; a slot is zeroed when it is free again. Lives on one event loop.
final class ParkTable<O> {
  /// With 52 bytes for the owner where TLS has the shorter secrets, as mostly, and 20 where it has the longer.
  static final int SLOT_BYTES = 148;

  static final int NO_MEMBER = -1;

  private static final int NOBODY = -1;
  private static final int FIRST_MEMBER = -2;
  private static final int AT_GENERATION = 4;
  private static final int AT_OWNER = 8;
  private static final int AT_RECORDS = 12;
  private static final int NOTHING_FREE = -1;

  private final MemorySegment memory;
  private final int capacity;
  private final Numbered<O> owners = new Numbered<>();
  private int used; // slots that were ever given away
  private int free = NOTHING_FREE;
  private int size;

  /// @param capacity how many there can be; reserves that much of the address space
  ParkTable(int capacity) throws IOException {
    this.capacity = capacity;
    this.memory = ReservedMemory.of((long) capacity * SLOT_BYTES);
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
    memory.set(JAVA_INT, at(slot) + AT_OWNER, owners.add(owner));
    size++;
    return slot;
  }

  /// Frees a slot and forgets all that it held.
  void remove(int slot) {
    ownedBy(slot, NOBODY);
    memory.set(JAVA_INT, at(slot), -2 - free);
    all(slot).fill((byte) 0);
    free = slot;
    size--;
  }

  /// Forgets all that a slot holds but its descriptor, and its owner: from now on somebody else has the socket, until [#takeBack].
  void lend(int slot) {
    memory.set(JAVA_INT, at(slot) + AT_GENERATION, generation(slot) + 1);
    all(slot).fill((byte) 0);
    ownedBy(slot, NOBODY);
  }

  /// Has the socket of a slot that was lent again; its records are zeros.
  void takeBack(int slot, O owner) {
    memory.set(JAVA_INT, at(slot) + AT_GENERATION, generation(slot) + 1);
    ownedBy(slot, owners.add(owner));
  }

  /// Whether the slot is in use and not lent.
  boolean isParked(int slot) {
    return slot < used && ownedBy(slot) != NOBODY;
  }

  int fd(int slot) {
    return memory.get(JAVA_INT, at(slot));
  }

  /// Another has it from now on.
  void owner(int slot, O owner) {
    ownedBy(slot, owners.add(owner));
  }

  /// A member of a crowd has it from now on, for whom there is no object.
  void member(int slot, int member) {
    ownedBy(slot, FIRST_MEMBER - member);
  }

  /// Whose it is if it is a member's of a crowd, else [#NO_MEMBER].
  int member(int slot) {
    int owner = ownedBy(slot);
    return owner <= FIRST_MEMBER ? FIRST_MEMBER - owner : NO_MEMBER;
  }

  /// Whose it is if it is no member's.
  O owner(int slot) {
    return owners.get(ownedBy(slot));
  }

  private int ownedBy(int slot) {
    return memory.get(JAVA_INT, at(slot) + AT_OWNER);
  }

  private void ownedBy(int slot, int owner) {
    int before = ownedBy(slot);
    if (before >= 0) {
      owners.remove(before);
    }
    memory.set(JAVA_INT, at(slot) + AT_OWNER, owner);
  }

  /// All of them, once for each slot.
  List<O> owners() {
    return owners.toList();
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
  }
}
