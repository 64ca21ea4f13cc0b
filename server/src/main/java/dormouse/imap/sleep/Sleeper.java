package dormouse.imap.sleep;

import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A session that sleeps with a mailbox selected: what its client knows of the mailbox, and how to tell it more.
///
/// Lives on the user's event loop.
@SuppressWarnings("EnumOrdinal") // a byte each, of which nothing outlives the process
public final class Sleeper {
  /// The session.
  public interface Listener {
    /// The client's view is about to change; [#changed] follows.
    void changes();

    /// Response lines that bring the client's view up to date; owned by the receiver.
    void changed(ByteBuf lines);

    /// A look that the session asked for is over: the client's view is the mailbox.
    void looked();

    /// The view cannot be kept: the session must end.
    ///
    /// @param bye the text for `* BYE`
    void lost(CloseReason reason, String bye);

    /// Who the client is.
    Client client();

    /// Whether whoever logs in for the session makes its first login: it began asleep, and no backend has let its user in since.
    boolean awaitsFirstLogin();

    /// The mailbox as the client has been told of it.
    SelectedMailbox told();
  }

  /// What a client is told without asking.
  public enum Hears {
    NOTHING,
    /// What is new and what is changed, but not what is gone (NOTIFY with SELECTED-DELAYED, RFC 5465 §6.1).
    ALL_BUT_GONE,
    /// In IDLE, or NOTIFY with SELECTED.
    ALL
  }

  private static final Told[] FORMS = Told.values();
  private static final Hears[] HEARS = Hears.values();

  final Grant grant;
  private final byte form; // these two by their place among all
  private byte hears = (byte) Hears.NOTHING.ordinal();
  final boolean rev2;
  Listener listener;
  private MailboxView view;

  /// What no other connection of the user knows.
  final OwnSets own;

  private final long sinceMillis;

  /// An epoch beyond its bounds becomes one that there is not: then the view counts as old.
  private final int sinceEpoch;

  /// The first reading that answers the look that was asked for: it began after that; 0 if none was, or it is over.
  int waitsFor;

  /// Whether the mailbox may differ from the view.
  boolean behind = true;

  /// Before which it is; null before none.
  @Nullable MailboxWatch watch;

  /// @param taken what the client knows
  public Sleeper(
      Snapshot.Result.Taken taken, Told form, boolean rev2, Grant grant, Listener listener) {
    this.view = taken.view();
    this.sinceEpoch = (int) taken.since().epoch();
    this.sinceMillis = taken.since().atMillis();
    this.own = taken.own();
    this.form = (byte) form.ordinal();
    this.rev2 = rev2;
    this.grant = grant;
    this.listener = listener;
  }

  /// @param listener of this sleeper
  Sleeper(FoldReader in, Grant grant, Function<Sleeper, Listener> listener) {
    this.grant = grant;
    this.form = (byte) in.number();
    this.hears = (byte) in.number();
    this.rev2 = in.flag();
    this.behind = in.flag();
    this.sinceMillis = Proof.unfoldMillis(in);
    this.sinceEpoch = (int) in.number() - 1;
    this.view = in.view();
    this.own = in.flag() ? new OwnSets(in.uids(), in.uids()) : OwnSets.NONE;
    this.listener = listener.apply(this);
  }

  /// Whether it can be [#fold]ed: what is kept of its flags is large, and stays as it is.
  boolean folds(Grant with) {
    return !waiting() && grant == with && view.flags() == null;
  }

  void fold(FoldWriter out) {
    out.number(form);
    out.number(hears);
    out.flag(rev2);
    out.flag(behind);
    Proof.foldMillis(out, sinceMillis);
    out.number(Integer.toUnsignedLong(sinceEpoch + 1)); // one that there is not is -1
    out.view(view);
    boolean sets = !own.equals(OwnSets.NONE);
    out.flag(sets);
    if (sets) {
      out.uids(own.saved());
      out.uids(own.recent());
    }
  }

  /// Who speaks for the session.
  public Listener listener() {
    return listener;
  }

  /// From now on another speaks for the session.
  public void listener(Listener other) {
    listener = other;
  }

  Client client() {
    return listener.client();
  }

  /// Whether whoever logs in for it makes its first login.
  boolean awaitsFirstLogin() {
    return listener.awaitsFirstLogin();
  }

  SelectedMailbox told() {
    return listener.told();
  }

  /// When the view was the mailbox; whoever is not behind may know better ([MailboxWatch]).
  Proof since() {
    return new Proof(sinceEpoch, sinceMillis);
  }

  /// Keeps no copy of what the other has too.
  void share(Sleeper other) {
    if (view.equals(other.view)) {
      view = other.view;
    } else if (view.uids().equals(other.view.uids())) {
      view =
          new MailboxView(
              view.uidValidity(),
              view.uidNext(),
              view.highestModSeq(),
              other.view.uids(),
              view.flags());
    }
  }

  /// How its client is told of changes.
  Told form() {
    return FORMS[form];
  }

  /// What the client is told without asking.
  Hears hears() {
    return HEARS[hears];
  }

  public MailboxView view() {
    return view;
  }

  /// Whether the client opened the mailbox by EXAMINE.
  public boolean examines() {
    return told().examine();
  }

  /// How many bytes its record takes.
  public int keptBytes() {
    return view.keptBytes() + own.keptBytes();
  }

  /// The way from the client's view to what is present.
  CatchUp catchUp(CatchUp.Present present) {
    boolean shrunk = view.highestModSeq() > present.highestModSeq();
    return new CatchUp(
        view, shrunk ? present : present.onlyNews(), told(), form(), rev2, own.recent());
  }

  /// Whether the client is told now what is gone.
  boolean hearsWhatIsGone() {
    return waiting() || hears() == Hears.ALL;
  }

  /// Whether the client is told anything now.
  boolean listens() {
    return waiting() || hears() != Hears.NOTHING;
  }

  /// Brings the client's view to what was read.
  ///
  /// @param catchUp from [#catchUp], consistent
  /// @param uids the messages as the client counts them then
  void tell(CatchUp catchUp, UidSet uids, MailboxReader.Reading.Read read) {
    boolean whole = uids.equals(read.present().uids());
    ByteBuf lines = whole ? catchUp.lines() : catchUp.linesWithoutWatermark();
    if (lines.isReadable()) {
      listener.changes();
    }
    view =
        new MailboxView(
            view.uidValidity(),
            Math.max(view.uidNext(), read.uidNext()),
            read.present().highestModSeq(),
            uids,
            read.flags());
    behind = false;
    if (lines.isReadable()) {
      listener.changed(lines);
    } else {
      lines.release();
    }
  }

  /// A reading is over: the `n`-th of the watch.
  void looked(int reading) {
    if (waiting() && waitsFor <= reading) {
      waitsFor = 0;
      listener.looked();
    }
  }

  /// Says what the client is told without asking.
  public void hears(Hears what) {
    hears = (byte) what.ordinal();
  }

  /// The client waits no longer for a look that it asked for.
  public void stopWaiting() {
    waitsFor = 0;
  }

  /// Whether a look was asked for and is not over.
  boolean waiting() {
    return waitsFor > 0;
  }

  /// Whether it is before a watch.
  boolean watched() {
    return watch != null;
  }

  /// Before which it is; null before none.
  public @Nullable MailboxWatch watch() {
    return watch;
  }
}
