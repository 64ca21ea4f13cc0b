package dormouse.park;

import dormouse.tls.records.ParkedRecords;
import io.netty.util.collection.IntObjectHashMap;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The keys of clients that have spoken, until their socket is in other hands: what follows from their secrets takes longer to find than a record to open or to
/// seal, and whoever has spoken hears an answer, most likely.
///
/// Lives on its event loop.
final class KeysAtHand {
  /// More have none between what they say and what they hear.
  private static final int MOST = 256;

  private final IntObjectHashMap<ParkedRecords> bySlot = new IntObjectHashMap<>();

  /// Keeps what carries TLS on in a slot, if there is room; else it is forgotten.
  void keep(int slot, ParkedRecords records) {
    if (bySlot.size() < MOST) {
      bySlot.put(slot, records);
    } else {
      records.forget();
    }
  }

  /// What carries TLS on in a slot, and stays at hand; null if it must be found.
  @Nullable ParkedRecords of(int slot) {
    return bySlot.get(slot);
  }

  /// What carries TLS on in a slot, which is nobody's else from now on.
  ///
  /// @param lying as it lies in the slot
  ParkedRecords take(int slot, MemorySegment lying) {
    ParkedRecords known = bySlot.remove(slot);
    return known == null ? ParkedRecords.of(lying) : known;
  }

  void forget(int slot) {
    ParkedRecords known = bySlot.remove(slot);
    if (known != null) {
      known.forget();
    }
  }
}
