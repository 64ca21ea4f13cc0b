package dormouse.imap.track;

/// Looks for the few words that change what a client may be told, in arguments rolling by.
///
/// MODSEQ and CHANGEDSINCE count anywhere, also as the end of HIGHESTMODSEQ or UNCHANGEDSINCE (RFC 7162); CONDSTORE and
/// QRESYNC in the parameters of SELECT; SAVE and UPDATE in `RETURN (…)` of a search (RFC 5182, RFC 5267).
final class CommandWords {
  private static final long MODSEQ = Words.of("MODSEQ");
  private static final long CHANGEDSINCE = Words.of("CHANGEDSINCE");
  private static final long CONDSTORE = Words.of("CONDSTORE");
  private static final long QRESYNC = Words.of("QRESYNC");
  private static final long RETURN = Words.of("RETURN");
  private static final long SAVE = Words.of("SAVE");
  private static final long UPDATE = Words.of("UPDATE");

  /// What begins a quoted string or a literal, and letters of MODSEQ and CHANGEDSINCE.
  private static final boolean[] TELLING = telling("\"{QqCc");

  private boolean selects;
  private boolean searches;
  private long word;
  private int depth;
  private boolean returns;
  private boolean modseq;
  private boolean saves;
  private boolean updates;

  void begin(Verb verb) {
    selects = verb == Verb.SELECT || verb == Verb.EXAMINE;
    searches = verb.searches();
    word = 0;
    depth = 0;
    returns = false;
    modseq = false;
    saves = false;
    updates = false;
  }

  private static boolean[] telling(String bytes) {
    boolean[] telling = new boolean[1 << Byte.SIZE];
    bytes.chars().forEach(b -> telling[b] = true);
    return telling;
  }

  /// Whether a word that is looked for may be in a line, or a quoted string or a literal begin; most have none.
  boolean mayBeIn(byte[] line, int from) {
    if (selects || searches) {
      return true;
    }
    for (int i = from; i < line.length; i++) {
      if (TELLING[line[i] & 0xff]) {
        return true;
      }
    }
    return false;
  }

  /// The next byte outside quoted strings and literals.
  void see(byte b) {
    if (Words.isLetter(b)) {
      word = Words.append(word, b);
      modseq |= Words.endsIn(word, MODSEQ, 6) || word == CHANGEDSINCE;
      return;
    }
    switch (b) {
      case ' ', '\r', '\n' -> endWord();
      case '(' -> {
        endWord();
        depth++;
      }
      case ')' -> {
        endWord();
        depth = Math.max(0, depth - 1);
        returns &= depth > 0;
      }
      default -> word = Words.spoil(word);
    }
  }

  boolean mentionsModseq() {
    return modseq;
  }

  boolean savesSearch() {
    return saves;
  }

  boolean updatesContext() {
    return updates;
  }

  private void endWord() {
    if (word == 0) {
      return;
    }
    if (depth == 0) {
      returns = searches && word == RETURN;
    } else if (returns) {
      saves |= word == SAVE;
      updates |= word == UPDATE;
    } else if (selects) {
      modseq |= word == CONDSTORE || word == QRESYNC;
    }
    word = 0;
  }
}
