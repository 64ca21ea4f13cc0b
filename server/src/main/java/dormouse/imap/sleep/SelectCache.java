package dormouse.imap.sleep;

import dormouse.feed.FeedState;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
/// One answer is kept for a mailbox and a way to ask, whatever the number of sessions, less its numbers once for all users; and of a mailbox
/// of which no answer is kept no reading is. As there are as many of these as users, what is empty is nothing, and an answer and its
/// reading are one object.
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

  /// An answer, and what was last read of the mailbox that it opens.
  private static final class Said {
    final SelectQuery query;
    private final NumberedText text;
    final long named;
    private final int ownBytes;
    private final long epoch;
    private final long atMillis;
    private final @Nullable MailboxView view;

    /// @param ownBytes what it takes without the reading
    /// @param seen null if nothing was read
    Said(SelectQuery query, NumberedText text, long named, int ownBytes, @Nullable Seen seen) {
      this.query = query;
      this.text = text;
      this.named = named;
      this.ownBytes = ownBytes;
      this.view = seen == null ? null : seen.view();
      this.epoch = seen == null ? 0 : seen.since().epoch();
      this.atMillis = seen == null ? 0 : seen.since().atMillis();
    }

    Said(FoldReader in) {
      this.query = in.alike(SelectQuery.class);
      this.text = new NumberedText(in.alike(String.class), in.bytes());
      this.named = in.number();
      this.ownBytes = (int) in.number();
      this.view = in.flag() ? in.view() : null;
      this.epoch = view == null ? 0 : in.number();
      this.atMillis = view == null ? 0 : Proof.unfoldMillis(in);
    }

    void fold(FoldWriter out) {
      out.alike(query);
      out.alike(text.words());
      out.bytes(text.numbers());
      out.number(named);
      out.number(ownBytes);
      out.flag(view != null);
      if (view != null) {
        out.view(view);
        out.number(epoch);
        Proof.foldMillis(out, atMillis);
      }
    }

    Said with(Seen seen) {
      return new Said(query, text, named, ownBytes, seen);
    }

    /// What was read; null if nothing was.
    @Nullable Seen seen() {
      return view == null ? null : new Seen(view, new Proof(epoch, atMillis));
    }

    int bytes() {
      return ownBytes + (view == null ? 0 : view.keptBytes());
    }
  }

  private record Seen(MailboxView view, Proof since) {}

  /// A command that the backend was asked and has not answered yet.
  public final class Asked {
    private final SelectQuery query;
    private final long named;
    private final int generation = now;
    private final List<ResponseLine> lines = new ArrayList<>();
    private boolean failed;

    private Asked(SelectQuery query) {
      this.query = query;
      this.named = home.changes().writes().named(query.key());
    }

    /// An untagged response to it.
    public void hear(ResponseLine line) {
      boolean ofBefore =
          (line.codeName().equals(CLOSED) && !lines.isEmpty())
              || (line.kind() == Kind.EXISTS
                  && lines.stream().anyMatch(one -> one.kind() == Kind.EXISTS));
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
          && home.changes().writes().named(query.key()) == named
          && !home.changes().writes().mayChange(query.key())) {
        keep(query, named, lines, reply);
      }
    }
  }

  private static final String CLOSED = "CLOSED";
  private static final int MAX_LINES = 20;
  private static final int MAX_CHARS = 4096;
  private static final int MAX_FEATURES = 10; // sets of them that one user's clients have on
  private static final int SAID_BYTES = 500; // objects around the characters

  private final UserMailboxes home;
  private final StatusRoom room;
  private List<Said> said = List.of(); // those asked for last at the end
  private Map<String, String> closedBy = Map.of(); // "": nothing is said
  private int bytes;
  private int now; // how often all was forgotten

  /// @param room shared by all users, and with what is kept of STATUS
  SelectCache(UserMailboxes home, StatusRoom room) {
    this.home = home;
    this.room = room;
  }

  /// What it holds, which remains counted by the room.
  void fold(FoldWriter out) {
    out.number(bytes);
    out.flag(!closedBy.isEmpty());
    if (!closedBy.isEmpty()) {
      out.alike(Map.copyOf(closedBy));
    }
    out.number(said.size());
    said.forEach(one -> one.fold(out));
  }

  @SuppressWarnings("unchecked") // it was one when it was written
  void unfold(FoldReader in) {
    bytes = (int) in.number();
    if (in.flag()) {
      closedBy = new HashMap<>((Map<String, String>) in.alike(Map.class));
    }
    Said[] all = new Said[(int) in.number()];
    for (int i = 0; i < all.length; i++) {
      all[i] = new Said(in);
    }
    said = List.of(all);
  }

  /// Whether it can be [#fold]ed.
  boolean folds() {
    return said.stream().allMatch(one -> one.view == null || one.view.flags() == null);
  }

  /// The backend is going to be asked.
  public Asked ask(SelectQuery query) {
    return new Asked(query);
  }

  /// Notes what the backend says first where a mailbox is left; "" if nothing.
  private void tellsClosed(String features, String line) {
    if (closedBy.isEmpty() || closedBy.size() >= MAX_FEATURES) {
      closedBy = new HashMap<>(2);
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
    Seen reading = seen(query.key());
    Said before = find(query);
    if (before != null) {
      drop(before);
    }
    if (text.length() > MAX_CHARS || text.indexOf("\0") >= 0) {
      return;
    }
    NumberedText kept = NumberedText.of(text.toString(), room::shared);
    int size = SAID_BYTES + query.name().length() + text.length(); // as if its words were its own
    put(new Said(room.shared(query), kept, named, size, reading));
  }

  /// Keeps it as the one asked for last, if there is room.
  private void put(Said one) {
    if (takes(one.bytes())) {
      said = List.copyOf(Stream.concat(said.stream(), Stream.of(one)).toList());
    }
  }

  private @Nullable Said find(SelectQuery query) {
    for (Said one : said) {
      if (one.query.equals(query)) {
        return one;
      }
    }
    return null;
  }

  /// What was last read of a mailbox.
  private @Nullable Seen seen(String key) {
    for (Said one : said) {
      if (one.query.key().equals(key)) {
        return one.seen();
      }
    }
    return null;
  }

  /// A mailbox was read.
  ///
  /// @param mailbox as for [Epochs#of]
  void saw(String mailbox, @Nullable MailboxView view, Proof since) {
    String key = Epochs.key(mailbox);
    if (view == null
        || view.flags() != null
        || view.highestModSeq() == 0
        || view.uidNext() <= view.uids().last() // its numbers are from before its messages
        || since.epoch() != home.changes().epochs().of(mailbox)) {
      return;
    }
    Seen before = seen(key);
    if (before != null && before.since().atMillis() > since.atMillis()) {
      return;
    }
    for (Said one : said) {
      if (one.query.key().equals(key) && drop(one)) {
        put(one.with(new Seen(view, since)));
      }
    }
  }

  /// Takes so much room, if need be from what was asked for longest ago.
  private boolean takes(int size) {
    if (size > room.perUserBytes()) {
      return false; // nothing makes room for it
    }
    while (bytes + size > room.perUserBytes() && !said.isEmpty()) {
      drop(said.getFirst());
      room.crowded();
    }
    if (!room.take(size)) {
      return false;
    }
    bytes += size;
    return true;
  }

  /// Returns whether it was there.
  private boolean drop(Said gone) {
    if (!said.contains(gone)) {
      return false;
    }
    said = List.copyOf(said.stream().filter(other -> !other.equals(gone)).toList());
    give(gone.bytes());
    return true;
  }

  private void give(int size) {
    bytes -= size;
    room.give(size);
  }

  /// How the mailbox is opened without the backend; null if that cannot be said, which is counted.
  ///
  /// @param left whether the client has a mailbox selected
  public @Nullable Found find(SelectQuery query, boolean left) {
    Said answer = find(query);
    Seen reading = answer == null ? null : answer.seen();
    String closed = left ? closedBy.get(query.features()) : "";
    if (answer == null || reading == null || closed == null) {
      return wakes(StatusOutcome.UNKNOWN);
    }
    if (drop(answer)) {
      put(answer);
    }
    StatusOutcome doubt = doubt(query, answer, reading);
    if (doubt != null) {
      return wakes(doubt);
    }
    Found found = found(query, answer, reading, closed);
    return found == null ? wakes(StatusOutcome.CHANGED) : found;
  }

  private @Nullable Found wakes(StatusOutcome why) {
    home.metrics().select(why.label());
    return null;
  }

  private @Nullable StatusOutcome doubt(SelectQuery query, Said answer, Seen reading) {
    String mailbox = query.key();
    if (home.changes().writes().mayChange(mailbox)) {
      return StatusOutcome.OWN_WRITE;
    }
    if (home.changes().epochs().of(mailbox) != reading.since().epoch()
        || home.changes().writes().named(mailbox) != answer.named) {
      return StatusOutcome.CHANGED;
    }
    if (home.changes().heard(mailbox) != FeedState.UP && !home.watches(mailbox, reading.view())) {
      return StatusOutcome.UNHEARD;
    }
    boolean young =
        reading.since().isYoungerThan(home.settings().proofMax(), home.wheel().millis());
    return young ? null : StatusOutcome.EXPIRED;
  }

  /// The answer, if it is of the same state as the reading.
  private static @Nullable Found found(
      SelectQuery query, Said answer, Seen reading, String closed) {
    List<String> lines = new ArrayList<>();
    if (!closed.isEmpty()) {
      lines.add(closed);
    }
    lines.addAll(List.of(answer.text.text().split("\n")));
    String reply = lines.removeLast();
    SelectedMailbox mailbox = query.mailbox();
    lines.forEach(line -> mailbox.hear(ResponseLine.parse(line)));
    MailboxView view = reading.view();
    boolean same =
        mailbox.uidValidity() == view.uidValidity()
            && mailbox.highestModSeq() == view.highestModSeq()
            && mailbox.exists() == view.uids().size()
            && mailbox.uidNext() == view.uidNext();
    return same ? new Found(lines, reply, mailbox, view, reading.since()) : null;
  }

  /// Forgets all, and what is being asked.
  void clear() {
    now++;
    said.forEach(one -> give(one.bytes()));
    said = List.of();
    closedBy = Map.of();
  }
}
