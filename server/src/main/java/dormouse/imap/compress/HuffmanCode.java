package dormouse.imap.compress;

import java.util.Arrays;

/// A Huffman code of deflate (RFC 1951 §3.2.2), for reading: codes of up to 9 bits are looked up, longer ones counted out.
/// Immutable; 1 to 3 KiB.
final class HuffmanCode {
  /// [#decode]: the code goes on beyond the bits that are there.
  static final int MORE = -1;

  /// [#decode]: no symbol has this code.
  static final int NONE = -2;

  /// The literals and lengths of blocks without codes of their own (RFC 1951 §3.2.6).
  static final HuffmanCode FIXED_LITERALS = fixedLiterals();

  static final HuffmanCode FIXED_DISTANCES = fixedDistances();

  private static final int MAX_BITS = 15;
  private static final int TABLE_BITS = 9;

  private final short[] counts = new short[MAX_BITS + 1]; // of codes by their length
  private final short[] symbols; // in the order of their codes
  private final short[] table = new short[1 << TABLE_BITS]; // symbol << 4 | length; 0: look further

  private HuffmanCode(byte[] lengths, int from, int count) {
    for (int i = from; i < from + count; i++) {
      counts[lengths[i]]++;
    }
    counts[0] = 0;
    int[] next = new int[MAX_BITS + 1]; // where in `symbols`
    int[] code = new int[MAX_BITS + 1];
    for (int length = 1; length <= MAX_BITS; length++) {
      next[length] = next[length - 1] + counts[length - 1];
      code[length] = (code[length - 1] + counts[length - 1]) << 1;
    }
    symbols = new short[next[MAX_BITS] + counts[MAX_BITS]];
    for (int symbol = 0; symbol < count; symbol++) {
      int length = lengths[from + symbol];
      if (length > 0) {
        symbols[next[length]++] = (short) symbol;
        enter(symbol, length, code[length]++);
      }
    }
  }

  private void enter(int symbol, int length, int code) {
    int first = Integer.reverse(code) >>> (32 - length);
    for (int i = first; i < table.length && length <= TABLE_BITS; i += 1 << length) {
      table[i] = (short) (symbol << 4 | length);
    }
  }

  /// @param lengths of the codes, by symbol; 0 for symbols that do not occur
  /// @param complete whether every code must be somebody's; else one of a single symbol may leave codes unused
  /// @throws MalformedDeflateException if there is no such code
  static HuffmanCode of(byte[] lengths, int from, int count, boolean complete)
      throws MalformedDeflateException {
    HuffmanCode code = new HuffmanCode(lengths, from, count);
    int left = 1; // codes of this length that nobody has
    int longest = 0;
    for (int length = 1; length <= MAX_BITS; length++) {
      left = (left << 1) - code.counts[length];
      if (left < 0) {
        throw new MalformedDeflateException("over-subscribed code");
      }
      longest = code.counts[length] > 0 ? length : longest;
    }
    if (left > 0 && longest > 0 && (complete || longest > 1)) {
      throw new MalformedDeflateException("incomplete code");
    }
    return code;
  }

  private static HuffmanCode fixedLiterals() {
    byte[] lengths = new byte[288];
    Arrays.fill(lengths, 0, 144, (byte) 8);
    Arrays.fill(lengths, 144, 256, (byte) 9);
    Arrays.fill(lengths, 256, 280, (byte) 7);
    Arrays.fill(lengths, 280, 288, (byte) 8);
    return new HuffmanCode(lengths, 0, lengths.length);
  }

  private static HuffmanCode fixedDistances() {
    byte[] lengths = new byte[32];
    Arrays.fill(lengths, (byte) 5);
    return new HuffmanCode(lengths, 0, lengths.length);
  }

  /// Reads one symbol.
  ///
  /// @param bits the lowest comes first
  /// @param there how many of them there are
  /// @return `symbol << 4 | length of its code`, [#MORE] or [#NONE]
  int decode(long bits, int there) {
    int entry = table[(int) bits & (table.length - 1)];
    if (entry == 0) {
      return count(bits, there);
    }
    return (entry & 15) <= there ? entry : MORE;
  }

  private int count(long bits, int there) {
    int code = 0;
    int first = 0; // code of this length
    int index = 0;
    for (int length = 1; length <= MAX_BITS; length++) {
      if (length > there) {
        return MORE;
      }
      code |= (int) (bits >>> (length - 1)) & 1;
      int count = counts[length];
      if (code - first < count) {
        return symbols[index + code - first] << 4 | length;
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return NONE;
  }
}
