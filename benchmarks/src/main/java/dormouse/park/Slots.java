package dormouse.park;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/// Slots of a [Parking] without sockets: descriptors that nobody has opened, with the TLS of the shorter secrets. Lives on the parking's loop.
public final class Slots {
  private static final short TLS_AES_128_GCM_SHA256 = 0x1301;
  private static final byte ANY = 7;

  private final Parking parking;

  public Slots(Parking parking) {
    this.parking = parking;
  }

  public Parked add(int fd, Parking.Owner owner) {
    int slot = parking.add(fd, owner);
    MemorySegment records = parking.records(slot);
    records.set(JAVA_SHORT, 0, TLS_AES_128_GCM_SHA256);
    MemorySegment room = parking.room(slot);
    records.asSlice(2, records.byteSize() - 2).fill(ANY);
    room.fill((byte) 0);
    return parking.at(slot);
  }

  public void remove(int slot) {
    parking.remove(slot);
  }

  /// Whose it is.
  public int member(int slot) {
    return parking.member(slot);
  }
}
