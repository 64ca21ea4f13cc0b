package dormouse.imap.compress;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// Inflates what a client sends (RFC 1951), as much at a time as the caller wants, from input cut anywhere.
///
/// It keeps between two calls what any inflater must (the [Window], bits not yet used, the codes of a block with codes of its
/// own) and nothing else, in whatever way the client flushes. `java.util.zip.Inflater` holds 40 KiB of native memory, and
/// can be made anew only where the bits end on a byte, which they do not behind the `Z_PARTIAL_FLUSH` of mutt, isync and
/// others (docs/adr/0013).
///
/// Lives on its session's event loop.
final class ClientInflater {
  /// How much room [#inflate] needs to go on.
  static final int MIN_ROOM_BYTES = 258;

  static final int MAX_ROOM_BYTES = Window.MAX_BYTES / 2;

  private enum State {
    HEADER,
    STORED_LENGTH,
    STORED,
    COUNTS,
    CODE_LENGTHS,
    LENGTHS,
    SYMBOLS,
    END
  }

  private static final int END_OF_BLOCK = 256;
  private static final int FIRST_LENGTH = 257;
  private static final int MAX_LITERALS = 286;
  private static final int MAX_DISTANCES = 30;
  private static final int CODES_BYTES = 4 * 1024;
  private static final byte[] NO_LENGTHS = {};

  /// RFC 1951 §3.2.7: in which order the lengths of the code for lengths come.
  private static final byte[] ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  /// RFC 1951 §3.2.5: what the symbols from 257 on stand for, and how many bits more follow.
  private static final short[] LENGTHS = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258
  };

  private static final byte[] LENGTH_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0
  };

  private static final short[] DISTANCES = {
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
    3073, 4097, 6145, 8193, 12289, 16385, 24577
  };

  private static final byte[] DISTANCE_BITS = {
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13
  };

  private final Window window = new Window();
  private State state = State.HEADER;
  private boolean last; // no block follows this one
  private long bits; // the lowest comes first
  private int there; // of them
  private int left; // of a stored block
  private int room; // in this call
  private boolean full;

  private HuffmanCode literals = HuffmanCode.FIXED_LITERALS;
  private HuffmanCode distances = HuffmanCode.FIXED_DISTANCES;

  // while the codes of a block are read
  private byte[] lengths = NO_LENGTHS;
  private int lengthsRead;
  private int literalCount;
  private int distanceCount;
  private int codeLengthCount;
  private @Nullable HuffmanCode lengthCode;

  /// Inflates until `in` is used up, or `out` is nearly full.
  ///
  /// @param in what follows the bytes of the last call; consumed as far as used
  /// @param out with room for [#MIN_ROOM_BYTES] to [#MAX_ROOM_BYTES]
  /// @return whether there is more to come from what was given, so that another call is due
  boolean inflate(ByteBuf in, ByteBuf out) throws MalformedDeflateException {
    int most = out.writableBytes();
    window.reserve(most);
    room = most;
    full = false;
    while (step(in)) {}
    window.copyLast(most - room, out);
    return full;
  }

  /// Goes on by one part of the stream; false if it needs more input or more room.
  private boolean step(ByteBuf in) throws MalformedDeflateException {
    refill(in);
    return switch (state) {
      case HEADER -> there >= 3 && beginBlock();
      case STORED_LENGTH -> there >= 32 && beginStored();
      case STORED -> stored(in);
      case COUNTS -> there >= 14 && beginCodes();
      case CODE_LENGTHS -> there >= 3 && codeLength();
      case LENGTHS -> length();
      case SYMBOLS -> symbols(in);
      case END -> {
        if (there >= 8) {
          throw new MalformedDeflateException("bytes behind the end");
        }
        yield false;
      }
    };
  }

  private void refill(ByteBuf in) {
    int bytes = Math.min((63 - there) >> 3, in.readableBytes());
    if (in.readableBytes() >= 8) {
      bits |= in.getLongLE(in.readerIndex()) << there;
      in.skipBytes(bytes);
      there += bytes << 3;
      return;
    }
    for (int i = 0; i < bytes; i++) {
      bits |= (in.readByte() & 0xffL) << there;
      there += 8;
    }
  }

  private int take(int count) {
    int taken = peek(0, count);
    bits >>>= count;
    there -= count;
    return taken;
  }

  private int peek(int behind, int count) {
    return (int) (bits >>> behind) & ((1 << count) - 1);
  }

  private boolean beginBlock() throws MalformedDeflateException {
    last = take(1) == 1;
    state =
        switch (take(2)) {
          case 0 -> {
            take(there & 7);
            yield State.STORED_LENGTH;
          }
          case 1 -> State.SYMBOLS;
          case 2 -> State.COUNTS;
          default -> throw new MalformedDeflateException("no such kind of block");
        };
    return true;
  }

  private boolean endBlock() {
    literals = HuffmanCode.FIXED_LITERALS;
    distances = HuffmanCode.FIXED_DISTANCES;
    state = last ? State.END : State.HEADER;
    return true;
  }

  private boolean beginStored() throws MalformedDeflateException {
    left = take(16);
    if (take(16) != (left ^ 0xffff)) {
      throw new MalformedDeflateException("lengths of a stored block disagree");
    }
    state = State.STORED;
    return true;
  }

  private boolean stored(ByteBuf in) {
    while (left > 0) {
      if (room == 0) {
        full = true;
        return false;
      }
      if (there < 8) {
        refill(in);
      }
      if (there < 8) {
        return false;
      }
      window.add((byte) take(8));
      left--;
      room--;
    }
    return endBlock();
  }

  private boolean beginCodes() throws MalformedDeflateException {
    literalCount = take(5) + 257;
    distanceCount = take(5) + 1;
    codeLengthCount = take(4) + 4;
    if (literalCount > MAX_LITERALS || distanceCount > MAX_DISTANCES) {
      throw new MalformedDeflateException("too many symbols");
    }
    lengths = new byte[MAX_LITERALS + MAX_DISTANCES];
    lengthsRead = 0;
    state = State.CODE_LENGTHS;
    return true;
  }

  private boolean codeLength() throws MalformedDeflateException {
    lengths[ORDER[lengthsRead++]] = (byte) take(3);
    if (lengthsRead == codeLengthCount) {
      lengthCode = HuffmanCode.of(lengths, 0, ORDER.length, true);
      lengths = new byte[lengths.length];
      lengthsRead = 0;
      state = State.LENGTHS;
    }
    return true;
  }

  private boolean length() throws MalformedDeflateException {
    HuffmanCode code = lengthCode;
    int entry = code == null ? HuffmanCode.NONE : code.decode(bits, there);
    if (entry < 0) {
      return starved(entry);
    }
    int symbol = entry >> 4;
    int used = entry & 15;
    int extra = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (there < used + extra) {
      return false;
    }
    take(used);
    int count = symbol < 16 ? 1 : symbol == 18 ? 11 + take(extra) : 3 + take(extra);
    if (lengthsRead + count > literalCount + distanceCount || (symbol == 16 && lengthsRead == 0)) {
      throw new MalformedDeflateException("lengths repeated beyond their number");
    }
    byte value = (byte) (symbol < 16 ? symbol : symbol == 16 ? lengths[lengthsRead - 1] : 0);
    for (int i = 0; i < count; i++) {
      lengths[lengthsRead++] = value;
    }
    if (lengthsRead == literalCount + distanceCount) {
      endCodes();
    }
    return true;
  }

  private void endCodes() throws MalformedDeflateException {
    if (lengths[END_OF_BLOCK] == 0) {
      throw new MalformedDeflateException("a block without end");
    }
    literals = HuffmanCode.of(lengths, 0, literalCount, false);
    distances = HuffmanCode.of(lengths, literalCount, distanceCount, false);
    lengths = NO_LENGTHS;
    lengthCode = null;
    state = State.SYMBOLS;
  }

  /// A symbol is used together with all that belongs to it, or not at all.
  private boolean symbols(ByteBuf in) throws MalformedDeflateException {
    while (room >= MIN_ROOM_BYTES) {
      if (there < 48) {
        refill(in);
      }
      int entry = literals.decode(bits, there);
      if (entry < 0) {
        return starved(entry);
      }
      int symbol = entry >> 4;
      if (symbol < END_OF_BLOCK) {
        take(entry & 15);
        window.add((byte) symbol);
        room--;
      } else if (symbol == END_OF_BLOCK) {
        take(entry & 15);
        return endBlock();
      } else if (!match(symbol - FIRST_LENGTH, entry & 15)) {
        return false;
      }
    }
    full = true;
    return false;
  }

  private boolean match(int lengthSymbol, int lengthCodeBits) throws MalformedDeflateException {
    if (lengthSymbol >= LENGTHS.length) {
      throw new MalformedDeflateException("no such length");
    }
    int used = lengthCodeBits + LENGTH_BITS[lengthSymbol];
    if (there < used) {
      return false;
    }
    int entry = distances.decode(bits >>> used, there - used);
    if (entry < 0) {
      return starved(entry);
    }
    int distanceSymbol = entry >> 4;
    if (distanceSymbol >= DISTANCES.length) {
      throw new MalformedDeflateException("no such distance");
    }
    int distanceFrom = used + (entry & 15);
    int distanceBits = DISTANCE_BITS[distanceSymbol];
    if (there < distanceFrom + distanceBits) {
      return false;
    }
    int length = LENGTHS[lengthSymbol] + peek(lengthCodeBits, LENGTH_BITS[lengthSymbol]);
    int distance = DISTANCES[distanceSymbol] + peek(distanceFrom, distanceBits);
    if (distance > window.size()) {
      throw new MalformedDeflateException("a distance beyond what there is");
    }
    take(distanceFrom);
    take(distanceBits);
    window.repeat(distance, length);
    room -= length;
    return true;
  }

  private static boolean starved(int decoded) throws MalformedDeflateException {
    if (decoded == HuffmanCode.NONE) {
      throw new MalformedDeflateException("no such code");
    }
    return false;
  }

  /// Nothing may come for long: keeps what must be kept in as few bytes as can be, until the next [#inflate].
  void rest() {
    window.pack();
  }

  /// What it takes on the heap, apart from this object.
  int keptBytes() {
    return window.keptBytes() + (literals == HuffmanCode.FIXED_LITERALS ? 0 : CODES_BYTES);
  }
}
