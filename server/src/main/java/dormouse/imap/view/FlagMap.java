package dormouse.imap.view;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The flags of every message of a [UidSet], kept where the backend has no CONDSTORE: there only a comparison tells which flags
/// changed (RFC 7162 is what it lacks).
///
/// Kept as the distinct flag texts in order of first appearance, and runs over the messages: `varint(messages)
/// varint(which text)`, deflated above 2 KiB. Two maps are equal when the same UIDs have the same flags. Immutable.
public final class FlagMap {
  private static final String UNKNOWN = "\\?"; // no server says it
  private static final int OBJECT_BYTES = 32;
  private static final int ARRAY_HEADER_BYTES = 16;
  private static final int REFERENCE_BYTES = 4;

  private final UidSet uids;
  private final String[] texts;
  private final PackedBytes runs;

  private FlagMap(UidSet uids, String[] texts, PackedBytes runs) {
    this.uids = uids;
    this.texts = texts;
    this.runs = runs;
  }

  /// A builder for the flags of these messages; memory while it works: 12 bytes a message.
  public static Builder builder(UidSet uids) {
    return new Builder(uids);
  }

  /// What is known of these messages is that they are there: any flags are news.
  public static FlagMap unknown(UidSet uids) {
    var runs = new VarintWriter();
    if (!uids.isEmpty()) {
      runs.write(uids.size());
      runs.write(0);
    }
    String[] texts = uids.isEmpty() ? new String[0] : new String[] {UNKNOWN};
    return new FlagMap(uids, texts, PackedBytes.of(runs.toBytes()));
  }

  /// The messages whose flags are known.
  public UidSet uids() {
    return uids;
  }

  /// Calls back for each message in ascending order.
  public void forEach(MessageConsumer consumer) {
    var cursor = new Cursor();
    while (cursor.next()) {
      consumer.accept(cursor.uid, cursor.flags());
    }
  }

  /// The canonical flags of a message; null if it is not in the map. Walks the map: for many messages use [#forEach].
  public @Nullable String flagsOf(long uid) {
    int seq = uids.seqOf(uid);
    if (seq == 0) {
      return null;
    }
    var cursor = new Runs();
    long passed = 0;
    while (passed < seq) {
      cursor.next();
      passed += cursor.length;
    }
    return texts[cursor.text];
  }

  /// Calls back for each message in both maps whose flags here differ from those in `after`, in ascending order. Linear in the
  /// messages of both.
  public void compare(FlagMap after, ChangeConsumer consumer) {
    if (runs.equals(after.runs) && uids.equals(after.uids) && Arrays.equals(texts, after.texts)) {
      return;
    }
    var old = new Cursor();
    var now = after.new Cursor();
    boolean more = old.next() && now.next();
    while (more) {
      if (old.uid == now.uid && !Flags.equal(old.flags(), now.flags())) {
        consumer.accept(now.seq, now.uid, now.flags());
      }
      long uid = old.uid;
      more = (uid > now.uid || old.next()) && (uid < now.uid || now.next());
    }
  }

  /// Bytes of heap the map takes, without the [UidSet] it stands on. Flag texts are counted, though maps share them.
  public int keptBytes() {
    int bytes =
        OBJECT_BYTES
            + Heap.aligned(ARRAY_HEADER_BYTES + REFERENCE_BYTES * texts.length)
            + runs.keptBytes();
    for (String text : texts) {
      bytes += Heap.ofText(text);
    }
    return bytes;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FlagMap map
        && uids.equals(map.uids)
        && runs.equals(map.runs)
        && Arrays.equals(texts, map.texts);
  }

  @Override
  public int hashCode() {
    return Objects.hash(uids, runs, Arrays.hashCode(texts));
  }

  @Override
  public String toString() {
    return "FlagMap[" + uids.size() + " messages, " + texts.length + " combinations]";
  }

  /// Takes the flags of one message.
  @FunctionalInterface
  public interface MessageConsumer {
    /// Called for each message.
    ///
    /// @param flags canonical, see [Flags]
    void accept(long uid, String flags);
  }

  /// Takes the new flags of one message.
  @FunctionalInterface
  public interface ChangeConsumer {
    /// Called for each change.
    ///
    /// @param seq the message's number in the newer map
    /// @param flags what it has now; canonical, see [Flags]
    void accept(int seq, long uid, String flags);
  }

  /// Collects flags in any order. Used once, by one thread.
  public static final class Builder {
    private final UidSet uids;
    private final long[] uidOf;
    private final int[] textOf;
    private final Map<String, Integer> ids = new HashMap<>();

    private Builder(UidSet uids) {
      this.uids = uids;
      this.uidOf = new long[uids.size()];
      this.textOf = new int[uids.size()];
      var each = uids.iterator();
      for (int i = 0; i < uidOf.length; i++) {
        uidOf[i] = each.nextLong();
      }
      ids.put("", 0);
    }

    /// Notes the flags of a message; the last word counts. Messages nobody mentions have none.
    ///
    /// @param flagsText what stands between the parentheses of a FETCH's FLAGS
    /// @return false, and nothing noted, if the message is none of the set
    public boolean put(long uid, String flagsText) {
      int i = Arrays.binarySearch(uidOf, uid);
      if (i < 0) {
        return false;
      }
      String canonical = Flags.canonical(flagsText);
      Integer id = ids.putIfAbsent(canonical, ids.size());
      textOf[i] = id != null ? id : ids.size() - 1;
      return true;
    }

    /// Whoever holds the map does not know the flags of this message: any flags are news.
    public void forget(long uid) {
      put(uid, UNKNOWN);
    }

    /// The map.
    public FlagMap build() {
      var byId = new String[ids.size()];
      ids.forEach((text, id) -> byId[id] = text);
      var renumbered = new int[ids.size()];
      Arrays.fill(renumbered, -1);
      var texts = new String[ids.size()];
      int used = 0;
      var runs = new VarintWriter();
      for (int i = 0; i < textOf.length; ) {
        int end = i;
        while (end < textOf.length && textOf[end] == textOf[i]) {
          end++;
        }
        if (renumbered[textOf[i]] < 0) {
          texts[used] = byId[textOf[i]];
          renumbered[textOf[i]] = used++;
        }
        runs.write(end - i);
        runs.write(renumbered[textOf[i]]);
        i = end;
      }
      return new FlagMap(uids, Arrays.copyOf(texts, used), PackedBytes.of(runs.toBytes()));
    }
  }

  /// Walks the runs of messages with the same flags.
  private class Runs {
    private final VarintReader in = new VarintReader(runs.unpack());
    long length;
    int text;

    boolean next() {
      if (in.atEnd()) {
        return false;
      }
      length = in.read();
      text = (int) in.read();
      return true;
    }
  }

  /// Walks the messages.
  private final class Cursor extends Runs {
    private final RangeCursor ranges = uids.ranges();
    private long left;
    int seq;
    long uid;

    @Override
    boolean next() {
      if (left == 0) {
        if (!super.next()) {
          return false;
        }
        left = length;
      }
      left--;
      seq++;
      if (seq > 1 && uid < ranges.last()) {
        uid++;
        return true;
      }
      ranges.next();
      uid = ranges.first();
      return true;
    }

    String flags() {
      return texts[text];
    }
  }
}
