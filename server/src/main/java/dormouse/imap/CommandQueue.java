package dormouse.imap;

import dormouse.imap.sleep.ListCache;
import dormouse.imap.sleep.OwnWrite;
import dormouse.imap.sleep.OwnWrites;
import dormouse.imap.sleep.SelectCache;
import dormouse.imap.sleep.StatusCache;
import dormouse.imap.track.Command;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.Verb;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The commands of a client that are on their way to the backend or have no tagged reply yet, in the order in which they came
/// (RFC 3501 §5.5). The backend may answer them in another.
///
/// Lives on its session's event loop.
final class CommandQueue {
  /// A command, and what its reply will settle.
  static final class Outstanding {
    final String tag;
    final Verb verb;
    final @Nullable OwnWrite write;
    final StatusCache.@Nullable Asked asked;
    ListCache.@Nullable Asked list;
    SelectCache.@Nullable Asked select;
    @Nullable Command command; // once all of it has been passed on
    @Nullable String answer; // the untagged response to what was asked

    private Outstanding(
        String tag, Verb verb, @Nullable OwnWrite write, StatusCache.@Nullable Asked asked) {
      this.tag = tag;
      this.verb = verb;
      this.write = write;
      this.asked = asked;
    }

    /// Whether the response answers what was asked; it is remembered.
    private boolean hears(ResponseLine status) {
      if (asked == null || answer != null || !asked.query().isAnsweredBy(status)) {
        return false;
      }
      answer = status.text();
      return true;
    }

    private boolean fetches() {
      return switch (verb) {
        case FETCH, UID_FETCH, STORE, UID_STORE -> true;
        default -> false;
      };
    }
  }

  private final ArrayDeque<Outstanding> all = new ArrayDeque<>(2);

  /// One more begins to be passed on.
  void add(String tag, Verb verb, @Nullable OwnWrite write, StatusCache.@Nullable Asked asked) {
    all.add(new Outstanding(tag, verb, write, asked));
  }

  /// The one that waits longest; null if none does.
  @Nullable Outstanding head() {
    return all.peek();
  }

  /// The one that came last; null if there is none.
  @Nullable Outstanding last() {
    return all.peekLast();
  }

  /// The command of that tag, which has its reply; null if there is none.
  @Nullable Outstanding take(String tag) {
    for (Iterator<Outstanding> i = all.iterator(); i.hasNext(); ) {
      Outstanding one = i.next();
      if (one.tag.equals(tag)) {
        i.remove();
        return one;
      }
    }
    return null;
  }

  int size() {
    return all.size();
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  void clear() {
    all.clear();
  }

  /// No reply comes any more.
  ///
  /// @param writes have heard of those that write
  void abandon(OwnWrites writes) {
    for (Outstanding one : all) {
      if (one.write != null) {
        writes.ended(one.write, false);
      }
      if (one.asked != null) {
        one.asked.failed();
      }
    }
    all.clear();
  }

  /// Gives a response to the first STATUS that it answers, if there is one.
  void hear(ResponseLine status) {
    for (Outstanding one : all) {
      if (one.hears(status)) {
        return;
      }
    }
  }

  /// The one LIST that is under way and whose answer may be kept.
  ListCache.@Nullable Asked list() {
    Outstanding head = all.peek();
    return head == null ? null : head.list;
  }

  /// The tag of the one command that runs, if that is IDLE; else null.
  @Nullable String idleTag() {
    Outstanding head = all.peek();
    return all.size() == 1 && head != null && head.verb == Verb.IDLE ? head.tag : null;
  }

  boolean leavesMailbox() {
    return any(one -> one.verb.leavesMailbox());
  }

  boolean writes() {
    return any(one -> one.write != null);
  }

  boolean asksStatus() {
    return any(one -> one.asked != null);
  }

  boolean fetches() {
    return any(Outstanding::fetches);
  }

  boolean logsOut() {
    return any(one -> one.verb == Verb.LOGOUT);
  }

  /// It is asked at each command and reply of every session.
  private boolean any(Predicate<Outstanding> is) {
    for (Outstanding one : all) {
      if (is.test(one)) {
        return true;
      }
    }
    return false;
  }
}
