package dormouse.imap.view;

import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;
import org.jspecify.annotations.Nullable;

/// The UIDs of a mailbox in ascending order: message number n is the n-th UID.
///
/// Kept as bytes, because every sleeping session holds one: `varint(number of UIDs)`, then for each range of adjacent
/// UIDs `varint(gap << 1 | more)` and, if `more`, `varint(length - 1)`; the gap counts the UIDs left out since the range
/// before. 1,000 messages of an archive take 40 bytes, 50,000 about 2 kB (`UidSetTest`).
///
/// UIDs are 1 to 4294967295 (RFC 9051 §2.3.1.1). Two sets are equal when they hold the same UIDs. Reading one UID, or
/// finding one, walks the ranges; whoever asks for many takes a [SequenceCursor]. Immutable.
public final class UidSet {
  /// The largest UID there is.
  public static final long MAX_UID = 0xFFFF_FFFFL;

  /// The UIDs of an empty mailbox.
  public static final UidSet EMPTY = builder().build();

  private static final int OBJECT_BYTES = 24;
  private static final int ARRAY_HEADER_BYTES = 16;

  private final byte[] encoded;
  private final int count; // unsigned, as no UID is larger
  private final int last;

  private UidSet(byte[] encoded, long count, long last) {
    this.encoded = encoded;
    this.count = (int) count;
    this.last = (int) last;
  }

  /// The set of these UIDs.
  ///
  /// @throws IllegalArgumentException if they do not ascend, or one is no UID
  public static UidSet of(long... uids) {
    var builder = builder();
    for (long uid : uids) {
      builder.add(uid);
    }
    return builder.build();
  }

  /// A builder for a set whose UIDs are known in ascending order.
  public static Builder builder() {
    return new Builder();
  }

  /// The set of this encoding.
  ///
  /// @param encoded as from [#encoded], owned by the set
  public static UidSet ofEncoded(byte[] encoded) {
    RangeCursor ranges = new RangeCursor(encoded);
    long count = 0;
    while (ranges.next()) {
      count += ranges.length();
    }
    return count == 0 ? EMPTY : new UidSet(encoded, count, ranges.last());
  }

  /// Reads an IMAP sequence-set: `1:5,7`, in any order, overlapping, with ranges either way round (RFC 9051 §9,
  /// `sequence-set`). The empty text is [#EMPTY].
  ///
  /// @return null if the text is something else, or has a `*`, which says nothing without a mailbox
  public static @Nullable UidSet parse(CharSequence imapSet) {
    return UidSetParser.sequenceSet(imapSet);
  }

  /// Reads UIDs separated by spaces, in any order, as `* SEARCH` lists them (RFC 3501 §7.2.5).
  ///
  /// @return null if the text is something else
  public static @Nullable UidSet parseList(CharSequence numbers) {
    return UidSetParser.list(numbers);
  }

  /// How many UIDs; [Integer#MAX_VALUE] if there are more, which no mailbox has.
  public int size() {
    return (int) Math.min(count(), Integer.MAX_VALUE);
  }

  private long count() {
    return Integer.toUnsignedLong(count);
  }

  /// Whether there is none.
  public boolean isEmpty() {
    return count == 0;
  }

  /// The lowest UID, 0 if empty.
  public long first() {
    var ranges = ranges();
    return ranges.next() ? ranges.first() : 0;
  }

  /// The highest UID, 0 if empty.
  public long last() {
    return Integer.toUnsignedLong(last);
  }

  /// Whether the UID is in the set.
  public boolean contains(long uid) {
    return seqOf(uid) != 0;
  }

  /// The message number of a UID, 1 to [#size()]; 0 if it is not in the set.
  public int seqOf(long uid) {
    return new SequenceCursor(this).seqOf(uid);
  }

  /// The UID of a message number; 0 if there is no such message.
  public long uidAt(int seq) {
    long left = seq - 1L;
    if (left < 0 || left >= count()) {
      return 0;
    }
    var ranges = ranges();
    while (ranges.next()) {
      if (left < ranges.length()) {
        return ranges.first() + left;
      }
      left -= ranges.length();
    }
    throw new IllegalStateException("fewer UIDs than counted");
  }

  /// The UIDs of the first messages.
  ///
  /// @param messages how many, 0 to [#size()]
  public UidSet head(int messages) {
    if (messages == 0) {
      return EMPTY;
    }
    return messages == size() ? this : intersect(builder().addRange(1, uidAt(messages)).build());
  }

  /// The UIDs up to this one.
  public UidSet upTo(long uid) {
    return uid < 1 ? EMPTY : intersect(builder().addRange(1, uid).build());
  }

  /// These UIDs without those of `other`; linear in the ranges of both.
  public UidSet minus(UidSet other) {
    var builder = builder();
    var mine = ranges();
    var theirs = other.ranges();
    boolean more = theirs.next();
    while (mine.next()) {
      long from = mine.first();
      while (more && theirs.first() <= mine.last()) {
        if (theirs.first() > from) {
          builder.addRange(from, theirs.first() - 1);
        }
        from = Math.max(from, theirs.last() + 1);
        if (theirs.last() > mine.last()) {
          break;
        }
        more = theirs.next();
      }
      if (from <= mine.last()) {
        builder.addRange(from, mine.last());
      }
    }
    return builder.build();
  }

  /// The UIDs in either set; linear in the ranges of both.
  public UidSet union(UidSet other) {
    if (isEmpty() || other.isEmpty()) {
      return isEmpty() ? other : this;
    }
    var builder = builder();
    var mine = ranges();
    var theirs = other.minus(this).ranges();
    boolean here = mine.next();
    boolean there = theirs.next();
    while (here || there) {
      if (here && (!there || mine.first() < theirs.first())) {
        builder.addRange(mine.first(), mine.last());
        here = mine.next();
      } else {
        builder.addRange(theirs.first(), theirs.last());
        there = theirs.next();
      }
    }
    return builder.build();
  }

  /// The UIDs in both sets; linear in the ranges of both.
  public UidSet intersect(UidSet other) {
    var builder = builder();
    var mine = ranges();
    var theirs = other.ranges();
    boolean more = mine.next() && theirs.next();
    while (more) {
      long from = Math.max(mine.first(), theirs.first());
      long to = Math.min(mine.last(), theirs.last());
      if (from <= to) {
        builder.addRange(from, to);
      }
      more = mine.last() < theirs.last() ? mine.next() : theirs.next();
    }
    return builder.build();
  }

  /// The UIDs in ascending order.
  public PrimitiveIterator.OfLong iterator() {
    return new Uids(ranges());
  }

  /// Calls back for each range of adjacent UIDs, in ascending order.
  public void forEachRange(RangeConsumer consumer) {
    var ranges = ranges();
    while (ranges.next()) {
      consumer.accept(ranges.first(), ranges.last());
    }
  }

  /// A hash of the content, good enough to tell sets apart in a table; equal sets have equal hashes.
  public long hash64() {
    return hash64(encoded);
  }

  /// Bytes of the encoding: what the size of a set is judged by.
  public int encodedBytes() {
    return encoded.length;
  }

  /// Bytes of heap this set takes, objects included.
  public int keptBytes() {
    return OBJECT_BYTES + Heap.aligned(ARRAY_HEADER_BYTES + encoded.length);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof UidSet set && Arrays.equals(encoded, set.encoded);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(hash64());
  }

  /// The set as an IMAP sequence-set, `1:5,7`; the empty text if empty.
  @Override
  public String toString() {
    var text = new StringBuilder();
    var ranges = ranges();
    while (ranges.next()) {
      if (!text.isEmpty()) {
        text.append(',');
      }
      text.append(ranges.first());
      if (ranges.last() > ranges.first()) {
        text.append(':').append(ranges.last());
      }
    }
    return text.toString();
  }

  int rangeCount() {
    int ranges = 0;
    var cursor = ranges();
    while (cursor.next()) {
      ranges++;
    }
    return ranges;
  }

  RangeCursor ranges() {
    return new RangeCursor(encoded);
  }

  /// The set as bytes, from which [#ofEncoded] makes it again.
  public byte[] encoded() {
    return encoded.clone();
  }

  /// FNV-1a, with a finish that spreads the last bytes.
  private static long hash64(byte[] bytes) {
    long hash = 0xCBF2_9CE4_8422_2325L;
    for (byte b : bytes) {
      hash = (hash ^ (b & 0xFF)) * 0x100_0000_01B3L;
    }
    hash = (hash ^ (hash >>> 32)) * 0xD6E8_FEB8_6659_FD93L;
    return hash ^ (hash >>> 32);
  }

  /// Takes one range of adjacent UIDs.
  @FunctionalInterface
  public interface RangeConsumer {
    /// Called for each range.
    ///
    /// @param first lowest UID of the range
    /// @param last highest UID of the range, itself in it
    void accept(long first, long last);
  }

  /// Collects UIDs in ascending order. Used once, by one thread.
  public static final class Builder {
    private final VarintWriter ranges = new VarintWriter();
    private long count;
    private long writtenLast;
    private long first;
    private long last;
    private boolean built;

    private Builder() {}

    /// Adds a UID higher than all before.
    ///
    /// @throws IllegalArgumentException if it is not higher, or no UID
    public Builder add(long uid) {
      return addRange(uid, uid);
    }

    /// Adds the UIDs from `first` to `last`, all higher than those before.
    ///
    /// @throws IllegalArgumentException if they are not higher, or no UIDs, or `last` is below `first`
    public Builder addRange(long first, long last) {
      if (built || first <= this.last || last < first || last > MAX_UID) {
        throw new IllegalArgumentException(first + ":" + last + " after " + this.last);
      }
      count += last - first + 1;
      if (first > this.last + 1 || this.first == 0) {
        writeRange();
        this.first = first;
      }
      this.last = last;
      return this;
    }

    /// The set; the builder takes no more.
    public UidSet build() {
      if (built) {
        throw new IllegalStateException("built before");
      }
      built = true;
      writeRange();
      var whole = new VarintWriter();
      whole.write(count);
      return new UidSet(whole.followedBy(ranges), count, last);
    }

    private void writeRange() {
      if (first == 0) {
        return;
      }
      long gap = first - writtenLast - 1;
      ranges.write(gap << 1 | (last > first ? 1 : 0));
      if (last > first) {
        ranges.write(last - first);
      }
      writtenLast = last;
    }
  }

  private static final class Uids implements PrimitiveIterator.OfLong {
    private final RangeCursor ranges;
    private long next;
    private boolean more;

    Uids(RangeCursor ranges) {
      this.ranges = ranges;
      nextRange();
    }

    @Override
    public boolean hasNext() {
      return more;
    }

    @Override
    public long nextLong() {
      if (!more) {
        throw new NoSuchElementException();
      }
      long uid = next++;
      if (uid == ranges.last()) {
        nextRange();
      }
      return uid;
    }

    private void nextRange() {
      more = ranges.next();
      next = ranges.first();
    }
  }
}
