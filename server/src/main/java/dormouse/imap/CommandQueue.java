package dormouse.imap;

import dormouse.imap.sleep.OwnWrite;
import dormouse.imap.sleep.OwnWrites;
import dormouse.imap.track.Command;
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
    @Nullable Command command; // once all of it has been passed on

    private Outstanding(String tag, Verb verb, @Nullable OwnWrite write) {
      this.tag = tag;
      this.verb = verb;
      this.write = write;
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
  Outstanding add(String tag, Verb verb, @Nullable OwnWrite write) {
    Outstanding one = new Outstanding(tag, verb, write);
    all.add(one);
    return one;
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
    }
    all.clear();
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

  boolean fetches() {
    return any(Outstanding::fetches);
  }

  boolean logsOut() {
    return any(one -> one.verb == Verb.LOGOUT);
  }

  /// Whether one is so; without a stream, for it is asked at each command and reply.
  private boolean any(Predicate<Outstanding> is) {
    for (Outstanding one : all) {
      if (is.test(one)) {
        return true;
      }
    }
    return false;
  }
}
