package dormouse.imap.track;

import dormouse.imap.view.SequenceCursor;
import dormouse.imap.view.UidSet;
import java.util.ArrayList;
import java.util.List;

/// The messages that are `\Recent` to a client although its backend does not say so any more: the connection that was told
/// of them first is gone (RFC 3501 §2.3.2, HIBERNATION §1.6). Nobody else will ever be told that they are.
///
/// They are kept by UID, and with the numbers by which the client counts them, in runs: a run for each range of UIDs. A
/// message that the client does not know yet has no number.
///
/// Lives on its session's event loop.
public final class RecentMessages {
  private record Run(long uid, long seq, long length) {
    boolean has(long number) {
      return number >= seq && number < seq + length;
    }

    Run part(long skipped, long taken, long moved) {
      return new Run(uid + skipped, seq + skipped - moved, taken);
    }
  }

  private UidSet uids = UidSet.EMPTY;
  private List<Run> runs = List.of();

  public boolean isEmpty() {
    return uids.isEmpty();
  }

  public int size() {
    return uids.size();
  }

  public UidSet uids() {
    return uids;
  }

  /// From now on these, or those of them that the client knows.
  ///
  /// @param view all messages as the client counts them
  public void set(UidSet recent, UidSet view) {
    uids = recent.intersect(view).union(recent.minus(recent.upTo(view.last())));
    place(view);
  }

  public void clear() {
    uids = UidSet.EMPTY;
    runs = List.of();
  }

  /// Forgets messages that the client has never been told of and will not be.
  ///
  /// @param view all messages as the client is going to count them
  public void retainUnknown(UidSet view) {
    UidSet unknown = uids.minus(known());
    UidSet gone = unknown.minus(view);
    if (!gone.isEmpty()) {
      uids = uids.minus(gone);
    }
  }

  private UidSet known() {
    UidSet.Builder known = UidSet.builder();
    runs.forEach(run -> known.addRange(run.uid, run.uid + run.length - 1));
    return known.build();
  }

  /// Numbers the messages anew.
  ///
  /// @param view all messages as the client counts them
  public void place(UidSet view) {
    if (uids.isEmpty()) {
      runs = List.of();
      return;
    }
    List<Run> placed = new ArrayList<>();
    SequenceCursor numbers = new SequenceCursor(view);
    uids.intersect(view)
        .forEachRange(
            (first, last) -> placed.add(new Run(first, numbers.seqOf(first), last - first + 1)));
    runs = placed;
  }

  /// Whether the client's message of this number is one.
  public boolean contains(long number) {
    for (Run run : runs) {
      if (run.has(number)) {
        return true;
      }
    }
    return false;
  }

  /// The client hears `* n EXPUNGE`.
  public void expunged(long number) {
    List<Run> moved = new ArrayList<>(runs.size() + 1);
    for (Run run : runs) {
      if (!run.has(number)) {
        moved.add(number < run.seq ? run.part(0, run.length, 1) : run);
        continue;
      }
      long before = number - run.seq;
      uids = uids.minus(UidSet.of(run.uid + before));
      add(moved, run.part(0, before, 0));
      add(moved, run.part(before + 1, run.length - before - 1, 1));
    }
    runs = moved;
  }

  private static void add(List<Run> to, Run run) {
    if (run.length > 0) {
      to.add(run);
    }
  }

  /// The backend says by itself that these are `\Recent`.
  public void forget(UidSet others) {
    without(others, UidSet.EMPTY);
  }

  /// The client hears `* VANISHED` of messages that it knows.
  public void vanished(UidSet gone) {
    without(gone, gone);
  }

  private void without(UidSet which, UidSet gone) {
    uids = uids.minus(which);
    List<Run> moved = new ArrayList<>(runs.size());
    for (Run run : runs) {
      UidSet left = UidSet.builder().addRange(run.uid, run.uid + run.length - 1).build();
      left.minus(which)
          .forEachRange((first, last) ->
              moved.add(run.part(first - run.uid, last - first + 1, below(gone, first))));
    }
    runs = moved;
  }

  private static long below(UidSet set, long uid) {
    return set.upTo(uid - 1).size();
  }
}
