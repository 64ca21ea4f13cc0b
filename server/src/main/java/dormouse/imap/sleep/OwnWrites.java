package dormouse.imap.sleep;

import dormouse.imap.track.Command;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The commands of a user's sessions that may change mailboxes and have no tagged reply yet. While one runs, nothing that
/// was learned of its mailboxes is said to anybody; what was learned before its reply is old behind it. So no client is
/// told less than it was told to have done.
///
/// Lives on the user's event loop.
public final class OwnWrites {
  /// Hears of each mailbox when a command that may have changed it has ended.
  interface Listener {
    /// @param mailbox null if it may be any
    /// @param ok whether the backend said OK
    void wrote(@Nullable String mailbox, boolean ok);
  }

  private final Listener listener;
  private final Set<OwnWrite> underWay = new HashSet<>();

  OwnWrites(Listener listener) {
    this.listener = listener;
  }

  /// A command begins to go to the backend; null if it changes nothing.
  ///
  /// @param here the mailbox that is selected when it runs; null if that is not known
  public @Nullable OwnWrite begun(Verb verb, @Nullable SelectedMailbox here) {
    if (!verb.writes()) {
      return null;
    }
    Set<String> touched = OwnWrite.touchedBy(verb, here);
    if (touched != null && touched.isEmpty()) {
      return null;
    }
    OwnWrite write = new OwnWrite(touched);
    underWay.add(write);
    return write;
  }

  /// All of the command has gone.
  ///
  /// @param utf8 whether its names are UTF-8
  public void gone(OwnWrite write, Command command, boolean utf8, @Nullable SelectedMailbox here) {
    write.narrowTo(OwnWrite.touchedBy(command, utf8, here));
  }

  /// The command has its reply, which is not passed on yet; or there will be none.
  public void ended(OwnWrite write, boolean ok) {
    underWay.remove(write);
    Set<String> touched = write.mailboxes();
    if (touched == null) {
      listener.wrote(null, ok);
    } else {
      touched.forEach(mailbox -> listener.wrote(mailbox, ok));
    }
  }

  /// Whether a command runs that may change the mailbox.
  ///
  /// @param mailbox as for [Epochs#of]
  boolean mayChange(String mailbox) {
    return underWay.stream().anyMatch(write -> write.mayChange(mailbox));
  }
}
