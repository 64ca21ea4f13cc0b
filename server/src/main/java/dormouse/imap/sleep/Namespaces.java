package dormouse.imap.sleep;

import dormouse.imap.backend.ImapString;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Which mailboxes that a user can see are not the user's own, as far as the backend has said in answer to NAMESPACE (RFC 2342 §5):
/// `(("" "/")) (("~" "/")) NIL`, the user's own, other users', shared ones.
///
/// Lives on the user's event loop.
final class Namespaces {
  private static final String NAMESPACE = "* NAMESPACE ";
  private static final Duration AGAIN = Duration.ofMinutes(10);

  private @Nullable List<String> foreign; // prefixes, in modified UTF-7
  private long refusedMillis; // 0 if it has not been

  /// Whether the backend has said it.
  boolean known() {
    return foreign != null;
  }

  void fold(FoldWriter out) {
    out.alike(Objects.requireNonNull(foreign, "known"));
  }

  void unfold(FoldReader from) {
    foreign = from.texts();
  }

  /// Whether it is time to ask.
  boolean isDue(long nowMillis) {
    return foreign == null && nowMillis >= refusedMillis + AGAIN.toMillis();
  }

  /// Learns from a response; returns whether it is one to NAMESPACE.
  ///
  /// @param utf8 whether it has names in UTF-8, and not in modified UTF-7
  boolean hear(ResponseLine line, boolean utf8) {
    if (!line.text().regionMatches(true, 0, NAMESPACE, 0, NAMESPACE.length())) {
      return false;
    }
    String answer = line.text().substring(NAMESPACE.length());
    foreign = List.copyOf(foreign(utf8 ? ImapString.inUtf7(answer) : answer));
    return true;
  }

  /// NAMESPACE has its reply. A backend that told nothing, or does not know the command, has no mailboxes of others; one that refuses has
  /// told nothing yet, and is asked again later.
  void asked(Reply reply, long nowMillis) {
    if (foreign != null) {
      return;
    }
    switch (reply.status()) {
      case OK, BAD -> foreign = List.of();
      default -> refusedMillis = nowMillis;
    }
  }

  /// Whether a mailbox is known to be the user's own.
  ///
  /// @param mailbox as for [Epochs#of]
  boolean isOwn(String mailbox) {
    return areAllOwn() || (foreign != null && foreign.stream().noneMatch(mailbox::startsWith));
  }

  /// Whether all are.
  boolean areAllOwn() {
    return foreign != null && foreign.isEmpty();
  }

  /// The prefixes of other users' and of shared mailboxes, each as a quoted string without its closing quote. A namespace
  /// without prefix cannot be told from the user's own, and is left out.
  static List<String> foreign(String answer) {
    List<String> prefixes = new ArrayList<>();
    int depth = 0;
    int group = 0; // of the three
    boolean first = false; // the next string is a prefix
    int at = 0;
    while (at < answer.length()) {
      char c = answer.charAt(at);
      switch (c) {
        case '(' -> {
          depth++;
          first = depth == 2;
        }
        case ')' -> {
          depth--;
          group += depth == 0 ? 1 : 0;
        }
        case 'N', 'n' -> {
          group += depth == 0 ? 1 : 0;
          at += 2; // NIL
        }
        case '"' -> {
          int end = endOfQuoted(answer, at);
          if (first && group > 0 && end > at + 1) {
            prefixes.add(answer.substring(at, end));
          }
          first = false;
          at = end;
        }
        default -> {}
      }
      at++;
    }
    return prefixes;
  }

  private static int endOfQuoted(String text, int start) {
    int at = start + 1;
    while (at < text.length() && text.charAt(at) != '"') {
      at += text.charAt(at) == '\\' ? 2 : 1;
    }
    return Math.min(at, text.length());
  }
}
