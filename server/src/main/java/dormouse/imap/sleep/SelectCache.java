package dormouse.imap.sleep;

import dormouse.feed.FeedState;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What the backend last said to a user's SELECT and EXAMINE commands, and what was last read of the mailboxes they open: with both
/// a sleeping session can open a mailbox that nobody has changed.
///
/// A reading is good as long as a feed, or the connection that watches the mailbox, has told nothing, and none of the user's sessions
/// has changed it or is about to ([OwnWrites]); no longer than `hibernate.proof-max`. An answer is good if a reading is, and both
/// are of the same state: UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ and the number of messages are equal. Only the lists of flags may
/// change without HIGHESTMODSEQ, by a command that makes a keyword and finds no message: behind each of the user's commands but FETCH
/// the backend is asked anew.
///
/// One answer is kept for a mailbox and a way to ask, whatever the number of sessions, less its numbers once for all users.
///
/// Lives on the user's event loop.
public final class SelectCache {
  /// How a mailbox is opened in sleep.
  ///
  /// @param lines the untagged responses
  /// @param reply the tagged one without its tag
  /// @param mailbox has heard the lines
  /// @param view what the client then knows
  /// @param since when the mailbox began to be like that
  public record Found(
      List<String> lines, String reply, SelectedMailbox mailbox, MailboxView view, Proof since) {}

  private record Said(NumberedText text, long named, int bytes) {}

  private record Seen(MailboxView view, Proof since, int bytes) {}

  /// A command that the backend was asked and has not answered yet.
  public final class Asked {
    private final SelectQuery query;
    private final long named;
    private final int generation = now;
    private final List<ResponseLine> lines = new ArrayList<>();
    private boolean failed;

    private Asked(SelectQuery query) {
      this.query = query;
      this.named = home.writes().named(query.key());
    }

    /// An untagged response to it.
    public void hear(ResponseLine line) {
      boolean ofBefore = line.codeName().equals(CLOSED) && !lines.isEmpty();
      failed |= ofBefore || !isKept(line) || lines.size() == MAX_LINES;
      if (!failed) {
        lines.add(line);
      }
    }

    /// Something came that was not read.
    public void spoil() {
      failed = true;
    }

    /// The backend has said OK.
    ///
    /// @param opened has heard the lines
    /// @param left whether another mailbox was selected before, or the same
    public void answered(ResponseLine reply, SelectedMailbox opened, boolean left) {
      if (failed || generation != now) {
        return;
      }
      boolean closed = !lines.isEmpty() && lines.getFirst().codeName().equals(CLOSED);
      if (left) {
        tellsClosed(query.features(), closed ? lines.removeFirst().text() : "");
      } else if (closed) {
        return;
      }
      boolean claims = !query.examine() && reply.codeName().equals("READ-WRITE");
      if (isWhole(reply, opened)
          && (claims || opened.recent() == 0) // others may claim what is \Recent, and nobody tells
          && home.writes().named(query.key()) == named
          && !home.writes().mayChange(query.key())) {
        keep(query, named, lines, reply);
      }
    }
  }

  private static final String CLOSED = "CLOSED";
  private static final int MAX_LINES = 20;
  private static final int MAX_CHARS = 4096;
  private static final int MAX_FEATURES = 10; // sets of them that one user's clients have on
  private static final int SAID_BYTES = 300; // objects around the characters
  private static final int SEEN_BYTES = 200;

  private final UserMailboxes home;
  private final StatusRoom room;
  private final Map<SelectQuery, Said> said =
      new LinkedHashMap<>(2, 0.75f, /* accessOrder= */ true);
  private final Map<String, Seen> seen = new LinkedHashMap<>(2, 0.75f, /* accessOrder= */ true);
  private final Map<String, String> closedBy = new HashMap<>(2); // "": nothing is said
  private int bytes;
  private int now; // how often all was forgotten

  /// @param room shared by all users, and with what is kept of STATUS
  SelectCache(UserMailboxes home, StatusRoom room) {
    this.home = home;
    this.room = room;
  }

  /// The backend is going to be asked.
  public Asked ask(SelectQuery query) {
    return new Asked(query);
  }

  /// Notes what the backend says first where a mailbox is left; "" if nothing.
  private void tellsClosed(String features, String line) {
    if (closedBy.size() >= MAX_FEATURES) {
      closedBy.clear();
    }
    closedBy.put(features, line);
  }

  /// What may stand in an answer that is said again: all that it tells is of the mailbox, or of the server.
  private static boolean isKept(ResponseLine line) {
    return switch (line.kind()) {
      case FLAGS, EXISTS, RECENT -> true;
      case OK ->
          switch (line.codeName()) {
            case CLOSED, "PERMANENTFLAGS", "UNSEEN", "UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ" ->
                true;
            case "MAILBOXID", "ANNOTATIONS", "URLMECH" -> true;
            default -> false;
          };
      default -> false;
    };
  }

  private static boolean isWhole(ResponseLine reply, SelectedMailbox opened) {
    boolean opens = reply.codeName().equals("READ-WRITE") || reply.codeName().equals("READ-ONLY");
    return opens
        && opened.uidValidity() > 0
        && opened.uidNext() > 0
        && opened.highestModSeq() > 0
        && !opened.noModSeq()
        && !opened.uidNotSticky();
  }

  private void keep(SelectQuery query, long named, List<ResponseLine> lines, ResponseLine reply) {
    StringBuilder text = new StringBuilder();
    for (ResponseLine line : lines) {
      text.append(line.kind() == Kind.RECENT ? "* 0 RECENT" : line.text()).append('\n');
    }
    text.append(reply.text(), reply.tag().length() + 1, reply.text().length());
    Said before = said.remove(query);
    if (before != null) {
      give(before.bytes());
    }
    if (text.length() > MAX_CHARS || text.indexOf("\0") >= 0) {
      return;
    }
    NumberedText kept = NumberedText.of(text.toString(), room::shared);
    int size = SAID_BYTES + query.name().length() + text.length(); // as if its words were its own
    if (takes(size)) {
      said.put(query, new Said(kept, named, size));
    }
  }

  /// A mailbox was read.
  ///
  /// @param mailbox as for [Epochs#of]
  void saw(String mailbox, @Nullable MailboxView view, Proof since) {
    String key = Epochs.key(mailbox);
    Seen before = seen.get(key);
    if (view == null
        || view.flags() != null
        || view.highestModSeq() == 0
        || view.uidNext() <= view.uids().last() // its numbers are from before its messages
        || since.epoch() != home.epochs().of(mailbox)
        || (before != null && before.since().at().isAfter(since.at()))) {
      return;
    }
    if (before != null) {
      give(before.bytes());
      seen.remove(key);
    }
    int size = SEEN_BYTES + view.keptBytes();
    if (takes(size)) {
      seen.put(key, new Seen(view, since, size));
    }
  }

  /// Takes so much room, if need be from what was asked for longest ago.
  private boolean takes(int size) {
    while (bytes + size > room.perUserBytes() && !(said.isEmpty() && seen.isEmpty())) {
      dropEldest(said.size() > seen.size() ? said : seen);
      room.crowded();
    }
    if (bytes + size > room.perUserBytes() || !room.take(size)) {
      return false;
    }
    bytes += size;
    return true;
  }

  private void dropEldest(Map<?, ?> from) {
    Object eldest = from.keySet().iterator().next();
    switch (Objects.requireNonNull(from.remove(eldest), "it is there")) {
      case Said(_, _, int size) -> give(size);
      case Seen(_, _, int size) -> give(size);
      default -> throw new IllegalStateException("what is kept here");
    }
  }

  private void give(int size) {
    bytes -= size;
    room.give(size);
  }

  /// How the mailbox is opened without the backend; null if that cannot be said.
  ///
  /// @param left whether the client has a mailbox selected
  public @Nullable Found find(SelectQuery query, boolean left) {
    Said answer = said.get(query);
    Seen reading = seen.get(query.key());
    String closed = left ? closedBy.get(query.features()) : "";
    if (answer == null || reading == null || closed == null) {
      return tell(StatusOutcome.UNKNOWN, null);
    }
    StatusOutcome doubt = doubt(query, answer, reading);
    if (doubt != null) {
      return tell(doubt, null);
    }
    Found found = found(query, answer, reading, closed);
    return found == null ? tell(StatusOutcome.CHANGED, null) : tell(StatusOutcome.CACHED, found);
  }

  private @Nullable Found tell(StatusOutcome outcome, @Nullable Found found) {
    home.metrics().select(outcome.label());
    return found;
  }

  private @Nullable StatusOutcome doubt(SelectQuery query, Said answer, Seen reading) {
    String mailbox = query.key();
    if (home.writes().mayChange(mailbox)) {
      return StatusOutcome.OWN_WRITE;
    }
    if (home.epochs().of(mailbox) != reading.since().epoch()
        || home.writes().named(mailbox) != answer.named()) {
      return StatusOutcome.CHANGED;
    }
    if (home.heard(mailbox) != FeedState.UP && !home.watches(mailbox, reading.view())) {
      return StatusOutcome.UNHEARD;
    }
    boolean young =
        reading.since().at().plus(home.settings().proofMax()).isAfter(home.clock().instant());
    return young ? null : StatusOutcome.EXPIRED;
  }

  /// The answer, if it is of the same state as the reading.
  private static @Nullable Found found(
      SelectQuery query, Said answer, Seen reading, String closed) {
    List<String> lines = new ArrayList<>();
    if (!closed.isEmpty()) {
      lines.add(closed);
    }
    lines.addAll(List.of(answer.text().text().split("\n")));
    String reply = lines.removeLast();
    SelectedMailbox mailbox = query.mailbox();
    lines.forEach(line -> mailbox.hear(ResponseLine.parse(line)));
    MailboxView view = reading.view();
    boolean same =
        mailbox.uidValidity() == view.uidValidity()
            && mailbox.highestModSeq() == view.highestModSeq()
            && mailbox.exists() == view.uids().size()
            && (view.uidNext() == 0 || view.uidNext() == mailbox.uidNext());
    return same ? new Found(lines, reply, mailbox, view, reading.since()) : null;
  }

  /// Forgets all, and what is being asked.
  void clear() {
    now++;
    said.values().forEach(one -> give(one.bytes()));
    seen.values().forEach(one -> give(one.bytes()));
    said.clear();
    seen.clear();
    closedBy.clear();
  }
}
