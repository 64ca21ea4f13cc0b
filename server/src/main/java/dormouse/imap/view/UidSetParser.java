package dormouse.imap.view;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Reads the texts in which IMAP lists UIDs. What is no such text is answered with null. Used once, by one thread.
final class UidSetParser {
  private final CharSequence text;
  private int at;

  /// Ranges as `first << 32 | last`, top bit flipped, so that sorting them as signed numbers sorts by first UID.
  private long[] ranges = new long[16];

  private int count;
  private boolean ascending = true;

  private UidSetParser(CharSequence text) {
    this.text = text;
  }

  static @Nullable UidSet sequenceSet(CharSequence text) {
    var parser = new UidSetParser(text);
    return text.isEmpty() || parser.readSequenceSet() ? parser.toSet() : null;
  }

  static @Nullable UidSet list(CharSequence text) {
    var parser = new UidSetParser(text);
    return parser.readList() ? parser.toSet() : null;
  }

  private boolean readSequenceSet() {
    do {
      long first = number();
      long last = skip(':') ? number() : first;
      if (first == 0 || last == 0) {
        return false;
      }
      keep(Math.min(first, last), Math.max(first, last));
    } while (skip(','));
    return at == text.length();
  }

  private boolean readList() {
    while (true) {
      while (skip(' ')) {}
      if (at == text.length()) {
        return true;
      }
      long uid = number();
      if (uid == 0 || (at < text.length() && text.charAt(at) != ' ')) {
        return false;
      }
      keep(uid, uid);
    }
  }

  private boolean skip(char c) {
    if (at == text.length() || text.charAt(at) != c) {
      return false;
    }
    at++;
    return true;
  }

  /// An `nz-number` no larger than a UID; 0 if there is none here.
  private long number() {
    long value = 0;
    int start = at;
    while (at < text.length()) {
      int digit = text.charAt(at) - '0';
      if (digit < 0 || digit > 9 || (digit == 0 && at == start)) {
        break;
      }
      value = value * 10 + digit;
      if (value > UidSet.MAX_UID) {
        return 0;
      }
      at++;
    }
    return value;
  }

  private void keep(long first, long last) {
    if (count == ranges.length) {
      ranges = Arrays.copyOf(ranges, count * 2);
    }
    ranges[count] = (first << 32 | last) ^ Long.MIN_VALUE;
    ascending &= count == 0 || ranges[count - 1] <= ranges[count];
    count++;
  }

  private UidSet toSet() {
    if (!ascending) {
      Arrays.sort(ranges, 0, count);
    }
    var builder = UidSet.builder();
    long end = 0;
    for (int i = 0; i < count; i++) {
      long range = ranges[i] ^ Long.MIN_VALUE;
      long first = Math.max(range >>> 32, end + 1);
      long last = range & UidSet.MAX_UID;
      if (first <= last) {
        builder.addRange(first, last);
        end = last;
      }
    }
    return builder.build();
  }
}
