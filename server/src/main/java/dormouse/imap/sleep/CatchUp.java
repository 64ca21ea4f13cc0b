package dormouse.imap.sleep;

import dormouse.imap.track.FetchLine;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.Flags;
import dormouse.imap.view.LaggingNumbers;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.SequenceCursor;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.imap.view.ViewDiff;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What a client must hear so that its view of the mailbox becomes the present one, in the order of an ordinary server:
/// what is gone, how many there are, new keywords, changed flags (HIBERNATION §3.4).
///
/// Used once, on the user's event loop.
public final class CatchUp {
  /// The mailbox as it was just read.
  ///
  /// @param recent for `* n RECENT`: how many messages are so to the connection
  /// @param recentUids which they are, as far as that was asked
  /// @param flags the arguments of FLAGS
  /// @param highestModSeq taken before the UIDs were read; 0 where there is none
  /// @param fetched the answers to a `UID FETCH (FLAGS)` or `(FLAGS MODSEQ)`, in order, maybe with other responses between
  /// @param everyFlag whether all flags were fetched, because mod-sequences cannot say what changed
  record Present(
      UidSet uids,
      long recent,
      UidSet recentUids,
      String flags,
      long highestModSeq,
      List<ResponseLine> fetched,
      boolean everyFlag) {
    /// The same, for a client whose mod-sequence tells what is news to it, however much was fetched.
    Present onlyNews() {
      return new Present(uids, recent, recentUids, flags, highestModSeq, fetched, false);
    }

    /// The same with other messages.
    Present with(UidSet messages) {
      return new Present(messages, recent, recentUids, flags, highestModSeq, fetched, everyFlag);
    }
  }

  private final MailboxView before;
  private final Present present;
  private final SelectedMailbox told;
  private final Told form;
  private final boolean rev2;
  private final UidSet ownRecent;
  private final ViewDiff diff;
  private @Nullable Map<Long, String>
      knownFlags; // as the client knows them after the lines written so far

  /// @param before what the client knows
  /// @param told what it was told of flags, and whether it used EXAMINE
  /// @param form the forms of responses that it understands
  /// @param ownRecent messages that are `\Recent` to it already: whoever says the lines counts them, and when they go
  CatchUp(
      MailboxView before,
      Present present,
      SelectedMailbox told,
      Told form,
      boolean rev2,
      UidSet ownRecent) {
    this.before = before;
    this.present = present;
    this.told = told;
    this.form = form;
    this.rev2 = rev2;
    this.ownRecent = ownRecent;
    this.diff = ViewDiff.between(before.uids(), present.uids());
  }

  /// Whether the mailbox can have come from the view that the client has. If not, its numbers cannot be mended.
  boolean consistent() {
    return diff.consistent();
  }

  /// Whether changes have mod-sequences where the mailbox was read.
  public boolean numbered() {
    return present.highestModSeq() > 0;
  }

  /// Whether messages are gone, so that the client's sequence numbers are not the mailbox's.
  public boolean expunges() {
    return !diff.gone().isEmpty()
        || present.fetched().stream()
            .anyMatch(line -> line.kind() == Kind.EXPUNGE || line.kind() == Kind.VANISHED);
  }

  /// The lines, with flags numbered by the UIDs that were read; other responses between the answers are left out, for
  /// the mailbox will be read again because of them.
  ByteBuf lines() {
    return ended(linesWithoutWatermark());
  }

  /// The lines for a client that is not told yet what is gone, so that no mod-sequence may pass for all it knows.
  ByteBuf linesWithoutWatermark() {
    ByteBuf out = beginning();
    SequenceCursor numbers = new SequenceCursor(present.uids());
    for (ResponseLine line : present.fetched()) {
      FetchLine fetch = FetchLine.parse(line);
      if (fetch != null && isNews(fetch)) {
        writeFetch(out, numbers.seqOf(fetch.uid()), fetch, withoutRecent(flags(fetch)));
      }
    }
    return out;
  }

  /// What is `\Recent` to a connection that looks may long belong to another: it is to the client only by its own, and whoever
  /// says the lines adds those.
  private static String withoutRecent(String flags) {
    return words(flags).stream()
        .filter(flag -> !flag.equalsIgnoreCase("\\Recent"))
        .collect(Collectors.joining(" "));
  }

  /// The lines, followed by everything that the connection said behind the UIDs, in order: for a client that stays on
  /// this connection, whose numbers are from here on those of the backend.
  public ByteBuf linesAndAllBehind() {
    ByteBuf out = beginning();
    for (ResponseLine line : present.fetched()) {
      FetchLine fetch = FetchLine.parse(line);
      if (fetch == null || !answersUs(fetch)) {
        out.writeCharSequence(line.text() + "\r\n", StandardCharsets.ISO_8859_1);
      } else if (isNews(fetch)) {
        writeFetch(out, fetch.seq(), fetch, flags(fetch));
      }
    }
    return ended(out);
  }

  /// The lines without any flags: for a client whose command is about to change some, and which would take flags told now
  /// for the outcome.
  public ByteBuf linesWithoutFlags() {
    ByteBuf out = beginning();
    for (ResponseLine line : present.fetched()) {
      if (line.kind() != Kind.FETCH) {
        out.writeCharSequence(line.text() + "\r\n", StandardCharsets.ISO_8859_1);
      }
    }
    return out;
  }

  /// The messages whose flags [#linesWithoutFlags] leaves out; maybe more, never fewer.
  public UidSet flagged() {
    Set<Long> uids = new TreeSet<>();
    for (ResponseLine line : present.fetched()) {
      FetchLine fetch = FetchLine.parse(line);
      if (fetch == null) {
        if (line.kind() == Kind.EXPUNGE || line.kind() == Kind.VANISHED) {
          return present.uids(); // numbers told behind it are not those of the UIDs that were read
        }
        continue;
      }
      if (answersUs(fetch)) {
        if (isNews(fetch)) {
          uids.add(fetch.uid());
        }
      } else if (fetch.uid() > 0) {
        uids.add(fetch.uid());
      } else if (fetch.seq() <= present.uids().size()) {
        uids.add(present.uids().uidAt((int) fetch.seq()));
      }
    }
    UidSet.Builder builder = UidSet.builder();
    uids.forEach(builder::add);
    return builder.build();
  }

  /// The same messages by number, as they are when nothing was expunged since the UIDs were read.
  public UidSet flaggedNumbers() {
    SequenceCursor numbers = new SequenceCursor(present.uids());
    UidSet.Builder builder = UidSet.builder();
    flagged().iterator().forEachRemaining((long uid) -> builder.add(numbers.seqOf(uid)));
    return builder.build();
  }

  /// The numbers of a client that hears only [#flagLists] and [#flagsAsCounted] for now, beside the connection's.
  public LaggingNumbers lag() {
    LaggingNumbers numbers = new LaggingNumbers(before.uids(), present.uids());
    present.fetched().forEach(line -> follow(numbers, line));
    return numbers;
  }

  private static void follow(LaggingNumbers numbers, ResponseLine line) {
    switch (line.kind()) {
      case EXPUNGE -> numbers.expunged(line.number());
      case EXISTS -> numbers.exists(line.number());
      case VANISHED -> {
        UidSet gone = UidSet.parse(line.data().trim());
        if (gone != null) {
          numbers.vanished(gone);
        }
      }
      default -> {}
    }
  }

  /// New keywords.
  public ByteBuf flagLists() {
    ByteBuf out = Unpooled.buffer(0);
    writeFlagLists(out);
    return out;
  }

  /// Changed flags, by the numbers that messages had before any was gone.
  public ByteBuf flagsAsCounted() {
    ByteBuf out = Unpooled.buffer(64);
    LaggingNumbers numbers = new LaggingNumbers(before.uids(), present.uids());
    for (ResponseLine line : present.fetched()) {
      follow(numbers, line);
      FetchLine fetch = FetchLine.parse(line);
      if (fetch == null) {
        continue;
      }
      int number = numbers.toClient(fetch.seq());
      if (number > 0 && !answersUs(fetch)) {
        line(out, "* " + number + line.text().substring(line.text().indexOf(' ', 2)));
      } else if (number > 0 && isNews(fetch)) {
        writeFetch(out, number, fetch, flags(fetch));
      }
    }
    return out;
  }

  /// What is gone and how many there are, for a client that was told the rest.
  ///
  /// @param numbers what it counts, and what the connection does
  public ByteBuf linesAfter(LaggingNumbers numbers, long recent) {
    ByteBuf out = Unpooled.buffer(128);
    UidSet left = numbers.left();
    ViewDiff.between(numbers.client(), left).write(out, form == Told.QRESYNC, -1);
    if (numbers.exists() != left.size()) {
      line(out, "* " + numbers.exists() + " EXISTS");
      if (!rev2) {
        line(out, "* " + recent + " RECENT");
      }
    }
    return ended(out);
  }

  /// The messages as the client counts them once it was told, unless more was told behind the UIDs; null then.
  public @Nullable UidSet uids() {
    boolean moved =
        present.fetched().stream()
            .anyMatch(line ->
                switch (line.kind()) {
                  case EXISTS, EXPUNGE, VANISHED -> true;
                  default -> false;
                });
    return moved ? null : present.uids();
  }

  /// For `* n RECENT`.
  public long recent() {
    return present.recent();
  }

  private ByteBuf beginning() {
    ByteBuf out = Unpooled.buffer(128);
    long twice = present.recentUids().intersect(ownRecent).size();
    long recent = Math.min(present.recent() - twice, present.uids().size());
    diff.write(out, form == Told.QRESYNC, rev2 ? -1 : recent);
    long left = told.recent() - diff.gone().intersect(ownRecent).size();
    if (!rev2 && !diff.grew() && left > present.uids().size()) {
      line(out, "* " + present.uids().size() + " RECENT"); // never more than there are
    }
    writeFlagLists(out);
    return out;
  }

  private ByteBuf ended(ByteBuf out) {
    if (form == Told.QRESYNC && out.isReadable() && present.highestModSeq() > 0) {
      out.writeCharSequence(
          "* OK [HIGHESTMODSEQ " + present.highestModSeq() + "] Highest\r\n",
          StandardCharsets.US_ASCII);
    }
    return out;
  }

  /// New keywords are told before the first FETCH that names one.
  private void writeFlagLists(ByteBuf out) {
    Set<String> fresh = new LinkedHashSet<>(words(present.flags()));
    fresh.removeAll(words(told.flags()));
    if (fresh.isEmpty() || told.flags().isEmpty()) {
      return;
    }
    line(out, "* FLAGS (" + present.flags() + ")");
    if (!told.permanentFlags().isEmpty()) {
      line(out, "* OK [PERMANENTFLAGS (" + permanentWith(fresh) + ")] Flags permitted.");
    }
  }

  private String permanentWith(Set<String> fresh) {
    Set<String> permanent = new LinkedHashSet<>(words(told.permanentFlags()));
    boolean more = permanent.remove("\\*");
    permanent.addAll(fresh);
    if (more) {
      permanent.add("\\*");
    }
    return String.join(" ", permanent);
  }

  private static List<String> words(String list) {
    return list.isBlank() ? List.of() : List.of(list.trim().split(" +"));
  }

  private static void line(ByteBuf out, String text) {
    out.writeCharSequence(text + "\r\n", StandardCharsets.ISO_8859_1);
  }

  /// Whether the line answers our UID FETCH: nobody else asks for UID and FLAGS only, and where changes have numbers the answer has a
  /// mod-sequence. A change told unasked in between may have neither.
  private boolean answersUs(FetchLine fetch) {
    boolean numbered =
        before.flags() == null && !(present.everyFlag() && present.highestModSeq() == 0);
    return fetch.uid() > 0
        && fetch.flags() != null
        && !fetch.more()
        && (!numbered || fetch.modseq() > 0);
  }

  private boolean isNews(FetchLine fetch) {
    if (!answersUs(fetch)
        || !before.uids().contains(fetch.uid())
        || !present.uids().contains(fetch.uid())) {
      return false;
    }
    String flags = fetch.flags() == null ? "" : fetch.flags();
    if (before.flags() != null) {
      String canonical = Flags.canonical(flags);
      return !canonical.equals(knownFlags(before.flags()).put(fetch.uid(), canonical));
    }
    return present.everyFlag() || Long.compareUnsigned(fetch.modseq(), before.highestModSeq()) > 0;
  }

  private Map<Long, String> knownFlags(FlagMap flags) {
    if (knownFlags == null) {
      Map<Long, String> known = new HashMap<>();
      flags.forEach(known::put);
      knownFlags = known;
    }
    return knownFlags;
  }

  private static String flags(FetchLine fetch) {
    return fetch.flags() == null ? "" : fetch.flags();
  }

  private void writeFetch(ByteBuf out, long seq, FetchLine fetch, String flags) {
    ViewDiff.writeFetch(out, seq, fetch.uid(), flags, fetch.modseq(), form);
  }
}
