package dormouse.park;

import dormouse.tls.records.ParkedRecords;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// What goes over the sockets of slots without a channel: read into one buffer for all, sealed where TLS lies in the slot, and written.
///
/// Lives on its event loop.
final class SlotTraffic {
  private static final int READ_BYTES = 64 << 10;
  private static final ByteBufAllocator ALLOCATOR = ByteBufAllocator.DEFAULT;

  private final Kernel kernel;
  private final ParkTable<?> table;
  private final KeysAtHand keys = new KeysAtHand();
  private final ByteBuf read;
  private final MemorySegment readInto;

  /// @param arena of which room to read is taken
  SlotTraffic(Kernel kernel, ParkTable<?> table, Arena arena) {
    this.kernel = kernel;
    this.table = table;
    this.readInto = arena.allocate(READ_BYTES, Long.BYTES);
    this.read = Unpooled.wrappedBuffer(readInto.asByteBuffer());
  }

  // ── from the client ──

  /// Reads what is there, to be had from [#read].
  ///
  /// @return how many bytes; 0 if there will be none any more, negative if there is nothing now
  int receive(int slot) {
    long bytes;
    try {
      bytes = kernel.receive(table.fd(slot), readInto);
    } catch (IOException _) {
      bytes = 0; // the peer has reset it
    }
    if (bytes > 0) {
      read.setIndex(0, (int) bytes);
    }
    return (int) bytes;
  }

  /// What was received last, and lasts until more is; stays here.
  ByteBuf read() {
    return read;
  }

  // ── its TLS ──

  boolean hasTls(int slot) {
    return ParkedRecords.isThere(table.records(slot));
  }

  /// What carries TLS on in a slot that has it, which is the caller's from now on.
  ParkedRecords take(int slot) {
    return keys.take(slot, table.records(slot));
  }

  /// Has it back, for the answer to what the client has said.
  void keep(int slot, ParkedRecords records) {
    keys.keep(slot, records);
  }

  /// The socket goes into other hands.
  void forget(int slot) {
    keys.forget(slot);
  }

  // ── to the client ──

  /// Seals and sends.
  ///
  /// @param data owned by this method
  /// @return what the socket has not taken, sealed; owned by the caller; null if nothing is left
  @Nullable ByteBuf send(int slot, ByteBuf data) {
    if (!hasTls(slot)) {
      return write(slot, data);
    }
    ParkedRecords known = keys.of(slot);
    ParkedRecords records = known == null ? ParkedRecords.of(table.records(slot)) : known;
    try {
      ByteBuf sealed = records.seal(data, ALLOCATOR);
      records.save();
      return write(slot, sealed);
    } finally {
      data.release();
      if (known == null) {
        records.forget();
      }
    }
  }

  /// Sends what is sealed, if there is TLS: else as [#send]. A socket that is broken takes everything: its end is told by its next event.
  @Nullable ByteBuf write(int slot, ByteBuf bytes) {
    ByteBuf direct = bytes;
    if (!bytes.hasMemoryAddress()) {
      direct = ALLOCATOR.directBuffer(bytes.readableBytes()).writeBytes(bytes);
      bytes.release();
    }
    try {
      direct.skipBytes((int) kernel.send(table.fd(slot), Kernel.memoryOf(direct)));
    } catch (IOException _) {
      direct.skipBytes(direct.readableBytes());
    }
    if (direct.isReadable()) {
      return direct;
    }
    direct.release();
    return null;
  }

  /// Says by TLS, if there is any, that this is the end.
  void sayLast(int slot, int alert) {
    if (!hasTls(slot)) {
      return;
    }
    ParkedRecords records = take(slot);
    ByteBuf last = records.close(alert, ALLOCATOR);
    records.save();
    ByteBuf unsent = write(slot, last);
    if (unsent != null) {
      unsent.release();
    }
    records.forget();
  }
}
