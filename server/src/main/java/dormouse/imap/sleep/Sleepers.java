package dormouse.imap.sleep;

import dormouse.imap.view.UidSet;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Those who sleep on one mailbox, and what each of them is told of a reading: the difference to its own view. A reading
/// serves those who were there before it began, so that none is told of a state older than its own, and tells those who listened when flags were
/// asked for: what is news to others may not have been read.
///
/// Lives on the user's event loop.
final class Sleepers {
  private static final Sleeper[] NOBODY = {};

  private final UserSessions sessions;
  private Sleeper[] all = NOBODY; // in the order in which they came; changes as a whole
  private int readings; // begun so far

  /// @param sessions is told how much more is kept of them
  Sleepers(UserSessions sessions) {
    this.sessions = sessions;
  }

  /// @param watch whose sleepers they are
  void add(Sleeper sleeper, MailboxWatch watch) {
    if (!isEmpty()) {
      sleeper.share(first());
      sleeper.share(all[all.length - 1]);
    }
    sleeper.watch = watch;
    all = Arrays.copyOf(all, all.length + 1);
    all[all.length - 1] = sleeper;
  }

  void remove(Sleeper sleeper) {
    sleeper.watch = null;
    int at = Arrays.asList(all).indexOf(sleeper);
    if (at < 0) {
      return;
    }
    Sleeper[] rest = Arrays.copyOf(all, all.length - 1);
    System.arraycopy(all, at + 1, rest, at, rest.length - at);
    all = rest;
  }

  /// Whether they can be [#fold]ed.
  boolean folds(Grant grant) {
    for (Sleeper one : all) {
      if (!one.folds(grant)) {
        return false;
      }
    }
    return !isEmpty();
  }

  void fold(FoldWriter out) {
    out.number(readings);
    out.number(all.length);
    for (Sleeper one : all) {
      one.fold(out);
    }
  }

  void unfold(
      FoldReader in,
      MailboxWatch watch,
      Grant grant,
      Function<Sleeper, Sleeper.Listener> listener) {
    readings = (int) in.number();
    all = new Sleeper[(int) in.number()];
    for (int i = 0; i < all.length; i++) {
      all[i] = new Sleeper(in, grant, listener);
      all[i].watch = watch;
    }
  }

  Stream<Sleeper> stream() {
    return Arrays.stream(all);
  }

  boolean isEmpty() {
    return all.length == 0;
  }

  int size() {
    return all.length;
  }

  /// Who has slept longest; there must be one.
  Sleeper first() {
    return all[0];
  }

  /// Who of those has slept longest who have a grant; null if nobody has it.
  @Nullable Sleeper first(Grant grant) {
    return stream().filter(one -> one.grant == grant).findFirst().orElse(null);
  }

  /// A client waits for a reading: for one that has not begun yet.
  void waits(Sleeper sleeper) {
    sleeper.behind = true;
    sleeper.waitsFor = readings + 1;
  }

  /// Whether any client waits for a reading.
  boolean waiting() {
    return stream().anyMatch(Sleeper::waiting);
  }

  /// Whether any client may be told of changes at any time.
  boolean listening() {
    return stream().anyMatch(sleeper -> sleeper.hears() != Sleeper.Hears.NOTHING);
  }

  /// Nobody knows any more whether the mailbox is what was told.
  void doubt() {
    stream().forEach(sleeper -> sleeper.behind = true);
  }

  /// A reading begins; answers whom it serves.
  List<Sleeper> reading() {
    readings++;
    return Collections.unmodifiableList(Arrays.asList(all));
  }

  /// Whether something was read that one of them does not know, though it was not known to be behind.
  boolean surprised(List<Sleeper> served, MailboxReader on) {
    return served.stream()
        .anyMatch(one -> one.watched() && !one.behind && on.differsFrom(one.view()));
  }

  /// A reading has found what all know whom it served.
  void nothingNew(List<Sleeper> served) {
    served.stream()
        .filter(one -> one.watched())
        .forEach(one -> {
          one.behind = false;
          one.looked(readings);
        });
  }

  /// A reading has found this.
  void tell(List<Sleeper> served, MailboxReader on, MailboxReader.Reading.Read read) {
    served.stream().filter(one -> one.watched()).forEach(one -> tell(one, on, read));
  }

  private void tell(Sleeper sleeper, MailboxReader on, MailboxReader.Reading.Read read) {
    if (!sleeper.listens() || !read.hearers().contains(sleeper)) {
      sleeper.behind |= !on.isRead(sleeper.view());
      return;
    }
    int keptBefore = sleeper.view().keptBytes();
    UidSet there = read.present().uids();
    UidSet uids = sleeper.hearsWhatIsGone() ? there : there.union(sleeper.view().uids());
    if (read.flags() != null && !uids.equals(there)) { // they go by the UIDs
      sleeper.behind = true;
      return;
    }
    CatchUp catchUp = sleeper.catchUp(read.present().with(uids));
    if (!catchUp.consistent()) {
      lose(sleeper, Refusal.INCONSISTENT);
      return;
    }
    sleeper.tell(catchUp, uids, read);
    sleeper.behind = !uids.equals(there);
    sessions.kept(sleeper.view().keptBytes() - keptBefore);
    sleeper.looked(readings);
  }

  /// Whether another reading is due: a client waits for it, or listens and came too late for the last one.
  boolean wantMore(MailboxReader on) {
    return stream()
        .anyMatch(one -> one.waiting() || (one.behind && one.listens() && !on.isTold(one)));
  }

  /// Whoever knows what was read is not behind.
  void settle(MailboxReader on) {
    stream().forEach(one -> one.behind &= !on.isRead(one.view()));
  }

  /// Of those served whose view cannot be one of the mailbox that was opened: why the first one's cannot; null if there are none.
  static @Nullable Refusal strangeness(List<Sleeper> served, MailboxReader on) {
    return served.stream()
        .filter(Sleeper::watched)
        .map(one -> on.refusal(one.view()))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /// The sessions of some end.
  void lose(Predicate<Sleeper> whom, Refusal refusal) {
    stream().filter(whom).forEach(one -> lose(one, refusal));
  }

  private static void lose(Sleeper sleeper, Refusal refusal) {
    sleeper.listener.lost(refusal.reason(), refusal.bye());
  }
}
