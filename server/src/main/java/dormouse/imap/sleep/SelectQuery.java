package dormouse.imap.sleep;

import dormouse.imap.backend.ImapString;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.Told;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A SELECT or EXAMINE whose answer may be kept: whoever opens the same mailbox in the same way, with the same features on, gets the
/// same bytes, however the name is spelled. Immutable.
///
/// @param examine whether it is EXAMINE
/// @param condstore whether it says `(CONDSTORE)`
/// @param features what the client has on
/// @param name the mailbox as an IMAP astring, as in [SelectedMailbox#name]
/// @param nameInUtf7 as in [SelectedMailbox#nameInUtf7]
public record SelectQuery(
    boolean examine, boolean condstore, String features, String name, String nameInUtf7) {
  private static final String CONDSTORE = " (CONDSTORE)";
  private static final Pattern PLAIN_NAME =
      Pattern.compile("(?:\"[^\"\\\\]+\"|[!#$&'+,-\\[\\]^-z|}~]+)(.*)");

  /// The query in a command's arguments, without literals; null if its answer must not be kept: it asks for changes (QRESYNC), would
  /// switch CONDSTORE on, or is spelled as a server may not take it.
  public static @Nullable SelectQuery of(Verb verb, String arguments, ClientFeatures features) {
    Matcher plain = PLAIN_NAME.matcher(arguments);
    String name = ImapString.mailbox(arguments);
    if (name == null || !plain.matches()) {
      return null;
    }
    boolean condstore = plain.group(1).equalsIgnoreCase(CONDSTORE);
    if (condstore ? features.told() == Told.PLAIN : !plain.group(1).isEmpty()) {
      return null;
    }
    String on = features.told() + " " + String.join(" ", features.enabledNames());
    String inUtf7 = features.utf8() ? ImapString.inUtf7(name) : name;
    return new SelectQuery(verb == Verb.EXAMINE, condstore, on, name, inUtf7);
  }

  SelectedMailbox mailbox() {
    return new SelectedMailbox(name, nameInUtf7, examine);
  }

  /// As for [Epochs#of].
  String key() {
    return Epochs.key(nameInUtf7);
  }
}
