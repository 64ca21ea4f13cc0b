package dormouse.imap;

import dormouse.imap.CommandQueue.Outstanding;
import dormouse.imap.sleep.ListCache;
import dormouse.imap.sleep.SelectCache;
import dormouse.imap.sleep.SelectQuery;
import dormouse.imap.sleep.StatusCache;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The backend's answers to STATUS, LIST, LSUB, NAMESPACE, SELECT and EXAMINE, gathered while they pass to the client, to be kept
/// for whoever of the user's sessions asks the same ([dormouse.imap.sleep.Answers]). The client hears them as ever. While none of its
/// commands waits for a reply, there is nothing here.
///
/// Lives on its session's event loop.
final class PassingAnswers {
  /// A command, and what is gathered of its answer.
  private record Gathering<A>(Outstanding command, A asked) {}

  /// The same of a STATUS, whose answer is one untagged response.
  private static final class Status {
    final Outstanding command;
    final StatusCache.Asked asked;
    @Nullable String line;

    Status(Outstanding command, StatusCache.Asked asked) {
      this.command = command;
      this.asked = asked;
    }

    /// Whether the response is the answer; it is remembered.
    boolean hears(ResponseLine response) {
      if (line != null || !asked.query().isAnsweredBy(response)) {
        return false;
      }
      line = response.text();
      return true;
    }

    boolean isOf(@Nullable SelectedMailbox mailbox) {
      return asked.query().isOf(mailbox);
    }
  }

  private final Supplier<@Nullable SelectCache> selects;
  private final List<Status> statuses = new ArrayList<>(0); // in the order of the commands
  private @Nullable Gathering<ListCache.Asked> list; // there is only one
  private @Nullable Gathering<SelectCache.Asked> select; // of the mailbox that opens

  /// @param selects where answers to SELECT are kept; null while the backend is one of which nothing is
  PassingAnswers(Supplier<@Nullable SelectCache> selects) {
    this.selects = selects;
  }

  // ── the client asks ──

  /// A command begins to be passed on.
  void begins() {
    if (list != null) {
      list.asked().spoil(); // whose lines are whose
    }
  }

  /// Gathers the answer to this STATUS.
  void gather(Outstanding command, StatusCache.Asked asked) {
    statuses.add(new Status(command, asked));
  }

  /// Gathers the answer to this LIST, LSUB or NAMESPACE; nothing else is under way.
  void gather(Outstanding command, ListCache.Asked asked) {
    list = new Gathering<>(command, asked);
  }

  /// Responses now belong to the mailbox that this SELECT or EXAMINE opens.
  ///
  /// @param query null if the answer must not be kept
  void opens(Outstanding command, @Nullable SelectQuery query) {
    SelectCache cache = query == null ? null : selects.get();
    select = query == null || cache == null ? null : new Gathering<>(command, cache.ask(query));
  }

  /// Whether STATUS responses must be seen.
  boolean wantStatus() {
    return !statuses.isEmpty();
  }

  /// Whether the responses to LIST, LSUB and NAMESPACE must be seen.
  boolean wantLists() {
    return list != null;
  }

  // ── the backend answers ──

  /// A line passes. While a mailbox opens, each is a part of the answer or spoils it.
  void passes(ResponseLine line) {
    if (select != null && line.kind() != Kind.TAGGED) {
      select.asked().hear(line);
    }
  }

  /// A line passes of which only the kind was read.
  void passesUnread(Kind kind) {
    if (list != null && kind == Kind.OTHER) { // with a literal
      list.asked().spoil();
    }
    if (select != null) {
      select.asked().spoil();
    }
  }

  /// Takes a response that is a part of an answer to LIST, LSUB, NAMESPACE or STATUS; returns whether it was one.
  boolean take(ResponseLine line) {
    if (list != null && list.asked().hears(line)) {
      return true;
    }
    if (line.kind() != Kind.STATUS) {
      return false;
    }
    for (Status one : statuses) {
      if (one.hears(line)) {
        return true;
      }
    }
    return false;
  }

  /// A SELECT or EXAMINE has its reply: no mailbox opens any more.
  ///
  /// @param opened what was opening, null if nothing was
  /// @param left what was selected before
  void opened(
      Outstanding command,
      ResponseLine reply,
      @Nullable SelectedMailbox opened,
      @Nullable SelectedMailbox left) {
    Gathering<SelectCache.Asked> done = select;
    select = null;
    if (done != null && done.command().equals(command) && reply.isOk() && opened != null) {
      done.asked().answered(reply, opened, left != null);
    }
  }

  /// A command has its reply.
  ///
  /// @param selected the client's mailbox
  /// @param opening the one that it is just opening
  void ended(
      Outstanding command,
      ResponseLine reply,
      @Nullable SelectedMailbox selected,
      @Nullable SelectedMailbox opening) {
    if (list != null && list.command().equals(command)) {
      if (isPlain(reply)) {
        list.asked().answered(withoutTag(reply), selected);
      }
      list = null;
    }
    Status status = status(command);
    if (status != null) {
      statuses.remove(status);
      settle(status, reply, status.isOf(selected) || status.isOf(opening));
    }
  }

  private @Nullable Status status(Outstanding command) {
    for (Status one : statuses) {
      if (one.command.equals(command)) {
        return one;
      }
    }
    return null;
  }

  /// What STATUS says of a selected mailbox may be what the session knows of it, and not what it is.
  private static void settle(Status status, ResponseLine reply, boolean selected) {
    if (status.line == null || selected || !isPlain(reply)) {
      status.asked.failed();
      return;
    }
    status.asked.answered(new StatusCache.Answer(status.line, withoutTag(reply)));
  }

  private static boolean isPlain(ResponseLine reply) {
    return reply.isOk() && reply.code() == null;
  }

  private static String withoutTag(ResponseLine reply) {
    return reply.text().substring(reply.tag().length() + 1);
  }

  /// No reply comes any more.
  void abandon() {
    statuses.forEach(one -> one.asked.failed());
    statuses.clear();
    list = null;
    select = null;
  }
}
