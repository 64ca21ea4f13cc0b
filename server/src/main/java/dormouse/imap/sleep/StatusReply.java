package dormouse.imap.sleep;

import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import java.util.Locale;

/// The numbers of a STATUS response (RFC 9051 §7.3.4) to a command of ours.
///
/// Lives on the user's event loop.
final class StatusReply {
  private long uidValidity;
  private long uidNext;
  private long highestModSeq;

  /// Takes the response in if it is one; returns whether it was.
  boolean hear(ResponseLine line) {
    if (line.kind() != Kind.STATUS) {
      return false;
    }
    String data = line.data();
    int open = data.lastIndexOf('(');
    String[] words = data.substring(open + 1).replace(")", " ").trim().split(" +");
    for (int i = 0; i + 1 < words.length; i += 2) {
      switch (words[i].toUpperCase(Locale.ROOT)) {
        case "UIDVALIDITY" -> uidValidity = number(words[i + 1]);
        case "UIDNEXT" -> uidNext = number(words[i + 1]);
        case "HIGHESTMODSEQ" -> highestModSeq = number(words[i + 1]);
        default -> {}
      }
    }
    return true;
  }

  private static long number(String digits) {
    try {
      return Long.parseUnsignedLong(digits);
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  /// 0 if it was not told; so are the others.
  long uidValidity() {
    return uidValidity;
  }

  long uidNext() {
    return uidNext;
  }

  long highestModSeq() {
    return highestModSeq;
  }
}
