package dormouse.park;

import dormouse.tls.records.ParkedRecords;
import io.netty.buffer.ByteBuf;

/// A parked socket, in its owner's hands. When the socket has a channel again, or has ended, nothing happens any more to what is
/// asked here. Lives on its event loop.
public final class Parked {
  private final Parking parking;
  private final int slot;
  private final int generation;
  private boolean left;

  Parked(Parking parking, int slot, int generation) {
    this.parking = parking;
    this.slot = slot;
    this.generation = generation;
  }

  /// Puts the socket into other hands. From here nothing more can be asked of it.
  public void handOver(Parking.Owner owner) {
    if (isThere()) {
      parking.handOver(slot, owner);
      left = true;
    }
  }

  /// The same for a member of the crowd.
  public void handOver(int member) {
    if (isThere()) {
      parking.handOver(slot, member);
      left = true;
    }
  }

  /// Puts something beside it, until [Parking.Owner#leaves].
  ///
  /// @return whether there is room for it
  public boolean keep(byte[] bytes) {
    return isThere() && parking.keep(slot, bytes);
  }

  /// What begins with what was put beside it.
  public byte[] kept() {
    if (!isThere()) {
      throw new IllegalStateException("the socket is not parked any more");
    }
    return parking.kept(slot);
  }

  /// Which slot it is in, to be found again by [Parking#at].
  public int slot() {
    return slot;
  }

  /// Sends, with TLS if it has TLS. What the client does not take at once is sent by a channel: [Parking.Owner#revived].
  ///
  /// @param data owned by this method
  public void send(ByteBuf data) {
    if (!isThere()) {
      data.release();
      return;
    }
    ByteBuf unsent = parking.send(slot, data);
    if (unsent != null) {
      parking.revive(slot, unsent);
    }
  }

  /// Gives the socket a channel again: [Parking.Owner#revived].
  public void revive() {
    if (isThere()) {
      parking.revive(slot, null);
    }
  }

  /// Closes, with close_notify if it has TLS.
  public void close() {
    if (isThere()) {
      parking.end(slot, ParkedRecords.CLOSE_NOTIFY);
    }
  }

  private boolean isThere() {
    return !left && parking.isThere(slot, generation);
  }
}
