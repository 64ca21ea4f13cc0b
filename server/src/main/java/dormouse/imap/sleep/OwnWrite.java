package dormouse.imap.sleep;

import dormouse.imap.backend.ImapString;
import dormouse.imap.track.Command;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A command of one of the user's sessions that may change mailboxes, from when it begins to go to the backend until its
/// tagged reply: what of those mailboxes was learned before the reply is old when it comes.
///
/// Lives on the user's event loop.
public final class OwnWrite {
  /// Items of FETCH that do (RFC 9051 §6.4.5, RFC 3501 §6.4.5).
  private static final Pattern SETS_SEEN =
      Pattern.compile("BODY\\[|BINARY\\[|RFC822(?!\\.SIZE|\\.HEADER)", Pattern.CASE_INSENSITIVE);

  private final boolean names;
  private @Nullable Set<String> mailboxes; // null: it may be any

  OwnWrite(Verb verb, @Nullable Set<String> mailboxes) {
    this.names = verb != Verb.FETCH && verb != Verb.UID_FETCH;
    this.mailboxes = mailboxes;
  }

  /// Whether it may do more than set `\Seen`: make a keyword, say.
  boolean names() {
    return names;
  }

  /// The mailboxes that a command changes, as far as its name says; null if it may be any.
  ///
  /// @param here the mailbox that is selected when it runs; null if that is not known
  static @Nullable Set<String> touchedBy(Verb verb, @Nullable SelectedMailbox here) {
    if (here == null) {
      return null;
    }
    return switch (verb) {
      case FETCH, UID_FETCH -> // \Seen
          here.examine() ? Set.of() : Set.of(nameOf(here));
      case STORE, UID_STORE, EXPUNGE, UID_EXPUNGE, CLOSE -> Set.of(nameOf(here));
      default -> null;
    };
  }

  /// The same of a whole command.
  ///
  /// @param utf8 whether its names are UTF-8
  static @Nullable Set<String> touchedBy(
      Command command, boolean utf8, @Nullable SelectedMailbox here) {
    String arguments = command.argumentsText();
    return switch (command.verb()) {
      case APPEND, CREATE, SUBSCRIBE, UNSUBSCRIBE -> {
        String target = named(arguments, utf8);
        yield target == null ? null : Set.of(target);
      }
      case COPY, MOVE, UID_COPY, UID_MOVE -> {
        int space = arguments.indexOf(' ');
        String target = space < 0 ? null : named(arguments.substring(space + 1), utf8);
        if (target == null || here == null) {
          yield null;
        }
        String source = nameOf(here);
        yield source.equals(target) ? Set.of(target) : Set.of(source, target);
      }
      case FETCH, UID_FETCH -> seesOnly(arguments) ? Set.of() : touchedBy(command.verb(), here);
      default -> touchedBy(command.verb(), here);
    };
  }

  /// Whether a FETCH leaves `\Seen` alone (RFC 9051 §6.4.5); false if that is not known.
  private static boolean seesOnly(String arguments) {
    return !arguments.isEmpty() && !SETS_SEEN.matcher(arguments).find();
  }

  private static String nameOf(SelectedMailbox here) {
    return Epochs.key(here.nameInUtf7());
  }

  private static @Nullable String named(String arguments, boolean utf8) {
    String name = ImapString.mailbox(arguments);
    return name == null ? null : Epochs.key(utf8 ? ImapString.inUtf7(name) : name);
  }

  /// More is known of what it changes.
  void narrowTo(@Nullable Set<String> which) {
    mailboxes = which;
  }

  @Nullable Set<String> mailboxes() {
    return mailboxes;
  }

  /// Whether it may change a mailbox.
  boolean mayChange(String mailbox) {
    return mailboxes == null || mailboxes.contains(mailbox);
  }
}
