package dormouse.imap;

import dormouse.imap.track.Command;
import dormouse.imap.track.Verb;
import dormouse.imap.view.LaggingNumbers;
import dormouse.imap.view.UidSet;
import org.jspecify.annotations.Nullable;

/// A command that names messages by the client's numbers, in the numbers of the backend.
///
/// Immutable.
sealed interface LaggedCommand {
  /// What the backend shall run.
  ///
  /// @param text without tag and CRLF
  /// @param someGone whether it named messages that are gone
  record Run(String text, boolean someGone) implements LaggedCommand {}

  /// All messages that it named are gone.
  record NothingLeft() implements LaggedCommand {}

  /// It names no messages that the client could mean.
  record Malformed() implements LaggedCommand {}

  /// It cannot be read, so nobody knows which messages it means.
  record Unclear() implements LaggedCommand {}

  /// Whether the command finds messages rather than naming them: what is gone is not found, and that is no loss.
  private static boolean finds(Verb verb) {
    return verb == Verb.SEARCH || verb == Verb.SORT || verb == Verb.THREAD;
  }

  /// @param recent messages that are `\Recent` to the client, but not to the backend
  static LaggedCommand of(Command command, LaggingNumbers numbers, UidSet recent) {
    Verb verb = command.verb();
    String arguments = command.argumentsText();
    String name = verb.wireName() + (arguments.isEmpty() ? "" : " ");
    if (!verb.usesSequenceNumbers()) {
      return new Run(name + arguments, false);
    }
    if (finds(verb)) {
      String keys = new SearchRewrite(verb, arguments, numbers, recent).rewritten();
      return keys == null ? new Unclear() : new Run(name + keys, false);
    }
    int end = arguments.indexOf(' ');
    if (end < 0) {
      return new Malformed();
    }
    String set = arguments.substring(0, end);
    if (set.equals("$")) { // the backend's own (RFC 5182)
      return new Run(name + arguments, false);
    }
    UidSet named = numbered(set, numbers.client().size());
    if (named == null || named.isEmpty() || named.last() > numbers.client().size()) {
      return new Malformed();
    }
    UidSet there = numbers.toBackend(named);
    return there.isEmpty()
        ? new NothingLeft()
        : new Run(name + there + arguments.substring(end), there.size() < named.size());
  }

  /// The numbers of a sequence-set, in which `*` is the last message; null if it is none.
  static @Nullable UidSet numbered(String set, long last) {
    return last == 0 ? null : UidSet.parse(set.replace("*", Long.toString(last)));
  }
}
