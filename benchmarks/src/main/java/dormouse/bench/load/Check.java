package dormouse.bench.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the answer to one command may be, besides its tagged OK. Used once, unless it says otherwise, on the client's event loop.
public interface Check {
  /// Whether this is expected: an untagged line, or a part of one between literals, without CRLF. What is not changes nothing.
  boolean text(String part);

  /// Whether these bytes of a literal are expected, which begin there in it.
  default boolean literal(ByteBuf bytes, int from) {
    return false;
  }

  /// Whether all came that must come before the tagged OK.
  default boolean complete() {
    return true;
  }

  /// Nothing but the tagged OK.
  static Check nothing() {
    return _ -> false;
  }

  /// Lines that begin with one of these, and no others.
  static Check lines(String... beginnings) {
    return new Lines(line -> startsWithAny(line, beginnings));
  }

  private static boolean startsWithAny(String line, String... beginnings) {
    for (String each : beginnings) {
      if (line.startsWith(each)) {
        return true;
      }
    }
    return false;
  }

  /// Exactly these lines, in any order.
  static Check exactly(String... lines) {
    Set<String> missing = new HashSet<>(List.of(lines));
    return new Check() {
      @Override
      public boolean text(String part) {
        return missing.remove(part);
      }

      @Override
      public boolean complete() {
        return missing.isEmpty();
      }
    };
  }

  /// Exactly this line, in each answer to one command after the other.
  static Check lineAgain(String line) {
    return new Check() {
      private boolean heard;

      @Override
      public boolean text(String part) {
        if (heard || !part.equals(line)) {
          return false;
        }
        heard = true;
        return true;
      }

      @Override
      public boolean complete() {
        boolean complete = heard;
        heard = false;
        return complete;
      }
    };
  }

  /// The answer to SELECT of a mailbox with so many messages as UIDs 1, 2 …, all seen, and this UIDVALIDITY.
  static Check select(int messages, int uidValidity) {
    List<String> missing =
        new ArrayList<>(
            List.of(
                "* " + messages + " EXISTS",
                "* OK [UIDVALIDITY " + uidValidity + "]",
                "* OK [UIDNEXT " + (messages + 1) + "]"));
    return new Check() {
      @Override
      public boolean text(String part) {
        return missing.removeIf(part::startsWith)
            || startsWithAny(
                part,
                "* FLAGS (",
                "* OK [PERMANENTFLAGS (",
                "* 0 RECENT",
                "* OK [HIGHESTMODSEQ ",
                "* OK [CLOSED]");
      }

      @Override
      public boolean complete() {
        return missing.isEmpty();
      }
    };
  }

  /// The answer to SELECT of a mailbox that grows: so many messages or more, the next UID fits their number.
  static Check selectOfAtLeast(int messages, int uidValidity) {
    return new Growing(messages, uidValidity);
  }

  /// The answer to `UID FETCH u BODY.PEEK[PART]` of message `u`.
  static Check part(int uid, String part, String text) {
    return new Body(
        "* %d FETCH (UID %d BODY[%s] {%d}".formatted(uid, uid, part, text.length()),
        Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
  }

  /// The answer to `UID FETCH u BODY.PEEK[]` of message `u` that has these bytes.
  static Body body(int uid, ByteBuf message) {
    return new Body(
        "* %d FETCH (UID %d BODY[] {%d}".formatted(uid, uid, message.readableBytes()), message);
  }

  /// The same for a small one.
  static Body body(int uid, byte[] message) {
    return body(uid, Unpooled.wrappedBuffer(message));
  }

  /// Lines that a predicate knows.
  record Lines(Predicate<String> expected) implements Check {
    @Override
    public boolean text(String part) {
      return expected.test(part);
    }
  }

  /// A mailbox of which it is not known how many messages came meanwhile.
  final class Growing implements Check {
    private static final Pattern EXISTS = Pattern.compile("\\* (\\d+) EXISTS");
    private static final Pattern UID_NEXT = Pattern.compile("\\* OK \\[UIDNEXT (\\d+)].*");

    private final int least;
    private final String uidValidity;
    private int exists;
    private int uidNext;
    private boolean valid;

    private Growing(int least, int uidValidity) {
      this.least = least;
      this.uidValidity = "* OK [UIDVALIDITY " + uidValidity + "]";
    }

    @Override
    public boolean text(String part) {
      Matcher number = EXISTS.matcher(part);
      Matcher next = UID_NEXT.matcher(part);
      if (number.matches()) {
        exists = Integer.parseInt(number.group(1));
      } else if (next.matches()) {
        uidNext = Integer.parseInt(next.group(1));
      } else if (part.startsWith(uidValidity)) {
        valid = true;
      } else {
        return part.endsWith(" RECENT")
            || startsWithAny(
                part,
                "* FLAGS (",
                "* OK [PERMANENTFLAGS (",
                "* OK [UNSEEN ",
                "* OK [HIGHESTMODSEQ ",
                "* OK [CLOSED]");
      }
      return true;
    }

    @Override
    public boolean complete() {
      return valid && exists >= least && uidNext == exists + 1;
    }
  }

  /// One literal in one FETCH.
  final class Body implements Check {
    private static final String END = ")";

    private final String begin;
    private final ByteBuf message;
    private int heard;
    private int parts;
    private boolean mayBeMissing;

    private Body(String begin, ByteBuf message) {
      this.begin = begin;
      this.message = message;
    }

    @Override
    public boolean text(String part) {
      boolean right =
          switch (parts) {
            case 0 -> part.equals(begin);
            case 1 -> part.equals(END) && heard == message.readableBytes();
            default -> false;
          };
      if (right) {
        parts++;
      }
      return right;
    }

    @Override
    public boolean literal(ByteBuf bytes, int from) {
      int length = bytes.readableBytes();
      heard += length;
      return from + length <= message.readableBytes()
          && ByteBufUtil.equals(
              bytes, bytes.readerIndex(), message, message.readerIndex() + from, length);
    }

    @Override
    public boolean complete() {
      return parts == 2 || (mayBeMissing && isMissing());
    }

    /// The same, but that nothing may come as well.
    public Body orMissing() {
      mayBeMissing = true;
      return this;
    }

    /// Whether nothing came.
    public boolean isMissing() {
      return parts == 0;
    }
  }
}
