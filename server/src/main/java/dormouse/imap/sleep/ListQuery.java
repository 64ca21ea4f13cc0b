package dormouse.imap.sleep;

import dormouse.imap.backend.ImapString;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.Told;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A LIST, LSUB or NAMESPACE whose answer may be kept: whoever asks in the same words, and takes mailbox names in the same form,
/// gets the same bytes. Immutable.
///
/// @param verb which of the three
/// @param command in full
/// @param status whether it returns STATUS too (RFC 5819)
/// @param names how the client takes mailbox names, as in [ClientFeatures#names]
public record ListQuery(Verb verb, String command, boolean status, int names) {
  private static final String STATUS = "STATUS";
  private static final Pattern RETURNS_STATUS =
      Pattern.compile(" RETURN \\([^()]*\\bSTATUS \\(([^()]+)\\)[^()]*\\)$");

  /// Whether it is one of the commands whose answers are kept.
  public static boolean isOne(Verb verb) {
    return verb == Verb.LIST || verb == Verb.LSUB || verb == Verb.NAMESPACE;
  }

  /// The query in a command's arguments, without literals; null if its answer must not be kept: it tells what is not the same
  /// for all sessions, or would switch CONDSTORE on.
  public static @Nullable ListQuery of(Verb verb, String arguments, ClientFeatures features) {
    String text = arguments.toUpperCase(Locale.ROOT);
    boolean status = verb == Verb.LIST && text.contains(STATUS);
    if (status && !mayKeepStatus(text, features)) {
      return null;
    }
    return verb == Verb.NAMESPACE && !arguments.isEmpty()
        ? null
        : new ListQuery(verb, verb.name() + " " + arguments, status, features.names());
  }

  private static boolean mayKeepStatus(String text, ClientFeatures features) {
    Matcher returns = RETURNS_STATUS.matcher(text);
    if (text.indexOf(STATUS) != text.lastIndexOf(STATUS) || !returns.find()) {
      return false;
    }
    Set<String> items = new TreeSet<>(List.of(returns.group(1).split(" ", -1)));
    return StatusQuery.KEPT.containsAll(items)
        && (!items.contains(StatusQuery.MODSEQ) || features.told() != Told.PLAIN);
  }

  /// Whether the answer is the same for as long as the backend is.
  boolean lasts() {
    return verb == Verb.NAMESPACE;
  }

  /// Whether an untagged response is a part of the answer.
  boolean isAnsweredBy(ResponseLine line) {
    return switch (line.kind()) {
      case LIST -> verb == Verb.LIST;
      case LSUB -> verb == Verb.LSUB;
      case STATUS -> status;
      case NAMESPACE -> verb == Verb.NAMESPACE;
      default -> false;
    };
  }

  /// Whether an answer has STATUS of the mailbox, of which a session that has it selected may say what it has told, and not what
  /// it is.
  boolean tellsStatusOf(List<String> lines, @Nullable SelectedMailbox here) {
    return status && here != null && lines.stream().anyMatch(line -> isStatusOf(line, here));
  }

  private boolean isStatusOf(String text, SelectedMailbox here) {
    ResponseLine line = ResponseLine.parse(text);
    String name = line.kind() == Kind.STATUS ? ImapString.mailbox(line.data()) : null;
    if (name == null) {
      return line.kind() == Kind.STATUS;
    }
    String inUtf7 = names > 0 ? ImapString.inUtf7(name) : name;
    return Epochs.key(inUtf7).equals(Epochs.key(here.nameInUtf7()));
  }
}
