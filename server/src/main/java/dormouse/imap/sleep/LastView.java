package dormouse.imap.sleep;

import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import org.jspecify.annotations.Nullable;

/// What a client knew of its mailbox when it was woken, for as long as no message has come or gone since: should the backend go away
/// while nothing is under way, the client can sleep on it. Once a FETCH or a STORE has passed no flags count as known, and all are
/// told: what the client has heard of them, or done to them, may be more than the next backend knows.
///
/// It is counted as kept, as what is kept of a sleeper is, until it is forgotten.
///
/// Lives on the user's event loop.
public final class LastView {
  private final UserMailboxes home;
  private final SelectedMailbox told;
  private final int moves;
  private final int fetches;
  private final MailboxView view;

  private LastView(UserMailboxes home, SelectedMailbox told, MailboxView view) {
    this.home = home;
    this.told = told;
    this.moves = told.moves();
    this.fetches = told.fetches();
    this.view = view;
    home.sessions().kept(view.keptBytes());
  }

  /// Keeps a view.
  ///
  /// @param view from [Wake.Result.Awake]
  /// @param told the mailbox as the client has been told of it by now
  /// @param features of the backend on which it is awake
  /// @return null if it could not sleep on that
  public static @Nullable LastView keep(
      UserMailboxes home, SelectedMailbox told, MailboxView view, BackendFeatures features) {
    boolean numbered = features.changes().modSequences();
    MailboxView kept = numbered && view.flags() == null ? view : withFlags(view, numbered);
    boolean fits =
        told.exists() == kept.uids().size()
            && (!numbered || kept.highestModSeq() > 0)
            && Snapshot.unfit(told, features, home.settings()) == null
            && kept.uids().keptBytes() <= home.settings().uidSetMaxBytes()
            && home.sessions().noRoomFor(kept.keptBytes()) == null;
    return fits ? new LastView(home, told, kept) : null;
  }

  private static MailboxView withFlags(MailboxView view, boolean numbered) {
    return new MailboxView(
        view.uidValidity(),
        view.uidNext(),
        numbered ? view.highestModSeq() : 0,
        view.uids(),
        numbered ? null : FlagMap.unknown(view.uids()));
  }

  /// Whether it is what the client knows.
  ///
  /// @param selected the client's mailbox now; null if it has none
  public boolean holds(@Nullable SelectedMailbox selected) {
    return selected == told && told.moves() == moves;
  }

  /// The view, which may be behind the mailbox; null if the client has more than would be kept. Messages that are `\Recent` by the connection that has
  /// gone are so no more, as they would not be to a client that came anew.
  ///
  /// @param own what the session may have that is its own
  public Snapshot.Result.@Nullable Taken taken(OwnSets.Wanted own) {
    MailboxView known = told.fetches() == fetches ? view : withoutFlags();
    return known == null || own.saved()
        ? null
        : new Snapshot.Result.Taken(known, Proof.STALE, new OwnSets(UidSet.EMPTY, own.kept()));
  }

  /// With a watermark that no mailbox has reached: it stands for one that knows of changes which the backend has lost. Null if they are too many to
  /// be told.
  private @Nullable MailboxView withoutFlags() {
    if (view.flags() != null) {
      return view; // all of them are unknown
    }
    return view.uids().size() > home.settings().plainMaxMessages()
        ? null
        : new MailboxView(view.uidValidity(), view.uidNext(), Long.MAX_VALUE, view.uids(), null);
  }

  /// Keeps it again, once it was forgotten; false if there is no room any more.
  public boolean keepAgain() {
    boolean fits = home.sessions().noRoomFor(view.keptBytes()) == null;
    if (fits) {
      home.sessions().kept(view.keptBytes());
    }
    return fits;
  }

  /// It is of no use any more.
  public void forget() {
    home.sessions().kept(-view.keptBytes());
  }
}
