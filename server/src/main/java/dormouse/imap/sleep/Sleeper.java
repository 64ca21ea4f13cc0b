package dormouse.imap.sleep;

import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;

/// A session that sleeps with a mailbox selected: what its client knows of the mailbox, and how to tell it more.
///
/// Lives on the user's event loop.
public final class Sleeper {
  /// The session.
  public interface Listener {
    /// Response lines that bring the client's view up to date; owned by the receiver.
    void changed(ByteBuf lines);

    /// A look that the session asked for is over: the client's view is the mailbox.
    void looked();

    /// The view cannot be kept: the session must end.
    ///
    /// @param bye the text for `* BYE`
    void lost(CloseReason reason, String bye);
  }

  /// What a client is told without asking.
  public enum Hears {
    NOTHING,
    /// What is new and what is changed, but not what is gone (NOTIFY with SELECTED-DELAYED, RFC 5465 §6.1).
    ALL_BUT_GONE,
    /// In IDLE, or NOTIFY with SELECTED.
    ALL
  }

  final Client client;
  final Grant grant;
  final SelectedMailbox told;
  final Told form;
  final boolean rev2;
  final Listener listener;
  private MailboxView view;

  /// What no other connection of the user knows.
  final OwnSets own;

  /// When the view was the mailbox; whoever is not behind may know better ([MailboxWatch]).
  final Proof since;

  /// What the client is told without asking.
  Hears hears = Hears.NOTHING;

  /// Whether a look was asked for and is not over.
  boolean waiting;

  /// The first reading that answers the look: it began after the look was asked for.
  long waitsFor;

  /// Whether the mailbox may differ from the view.
  boolean behind = true;

  /// @param taken what the client knows
  public Sleeper(
      Snapshot.Result.Taken taken,
      SelectedMailbox told,
      Told form,
      boolean rev2,
      Client client,
      Grant grant,
      Listener listener) {
    this.view = taken.view();
    this.since = taken.since();
    this.own = taken.own();
    this.told = told;
    this.form = form;
    this.rev2 = rev2;
    this.client = client;
    this.grant = grant;
    this.listener = listener;
  }

  public MailboxView view() {
    return view;
  }

  /// Whether the client opened the mailbox by EXAMINE.
  public boolean examines() {
    return told.examine();
  }

  /// How many bytes its record takes.
  public int keptBytes() {
    return view.keptBytes() + own.keptBytes();
  }

  /// The way from the client's view to what is present.
  CatchUp catchUp(CatchUp.Present present) {
    boolean shrunk = view.highestModSeq() > present.highestModSeq();
    return new CatchUp(view, shrunk ? present : present.onlyNews(), told, form, rev2, own.recent());
  }

  /// Whether the client is told now what is gone.
  boolean hearsWhatIsGone() {
    return waiting || hears == Hears.ALL;
  }

  /// Whether the client is told anything now.
  boolean listens() {
    return waiting || hears != Hears.NOTHING;
  }

  /// Brings the client's view to what was read.
  ///
  /// @param catchUp from [#catchUp], consistent
  /// @param uids the messages as the client counts them then
  void tell(CatchUp catchUp, UidSet uids, MailboxReader.Reading.Read read) {
    view =
        new MailboxView(
            view.uidValidity(),
            Math.max(view.uidNext(), read.uidNext()),
            read.present().highestModSeq(),
            uids,
            read.flags());
    behind = false;
    boolean whole = uids.equals(read.present().uids());
    ByteBuf lines = whole ? catchUp.lines() : catchUp.linesWithoutWatermark();
    if (lines.isReadable()) {
      listener.changed(lines);
    } else {
      lines.release();
    }
  }

  /// A reading is over: the `n`-th of the watch.
  void looked(long reading) {
    if (waiting && waitsFor <= reading) {
      waiting = false;
      listener.looked();
    }
  }

  /// Says what the client is told without asking.
  public void hears(Hears what) {
    hears = what;
  }

  /// The client waits no longer for a look that it asked for.
  public void stopWaiting() {
    waiting = false;
  }
}
