package dormouse.imap.sleep;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.FetchLine;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads one mailbox on one connection, again and again: what is present in it, for those who sleep there.
/// ```text
/// EXAMINE          once; its watermark, where it tells one, goes for the first reading
/// NOOP             later: brings what this connection shows up to date
/// STATUS           the watermark (HIGHESTMODSEQ): when it is the last one and nothing was told, nothing is new
/// NOOP             what STATUS knew and the connection did not show yet
/// UID SEARCH       the UIDs
/// UID FETCH FLAGS  since the lowest watermark of those who listen; of all messages where changes have no numbers, or where one of
///                  them knows of more, or of none: then with the numbers, by which the others know what is news
/// ```
/// Changes may have numbers before this backend, and none in this mailbox (RFC 7162 §3.1.2.2): then it is read as where they never have.
///
/// One object a connection. Lives on the user's event loop. One reading at a time; the futures complete there, and
/// exceptionally only by a bug of ours.
final class MailboxReader {
  /// How a reading ended.
  sealed interface Reading {
    /// Nothing has changed since the last one, and those served know it.
    record NothingNew() implements Reading {}

    /// What is present.
    ///
    /// @param uidNext as told last; 0 if never
    /// @param flags of every message; null where mod-sequences do that work
    /// @param changed whether the backend told of a change before it was asked
    /// @param unsettled whether more changed meanwhile than `present` shows for sure, so that another reading is due
    /// @param hearers all whose news `present` has; nobody else may be told
    record Read(
        CatchUp.Present present,
        long uidNext,
        @Nullable FlagMap flags,
        boolean changed,
        boolean unsettled,
        Set<Sleeper> hearers)
        implements Reading {}

    /// [Refusal#TOO_LARGE] for some of those served ([#isTooLargeFor]), or large and for nobody, so that it was not read.
    record TooLarge() implements Reading {}

    /// The backend refused, or its answers do not agree: the connection is of no use any more.
    record Failed() implements Reading {}

    /// The connection ended.
    record Lost() implements Reading {}
  }

  private final BackendConnection connection;
  private final BackendFeatures features;
  private final SelectedMailbox counts;
  private final int plainMaxMessages;
  private UidSet uids = UidSet.EMPTY;
  private @Nullable FlagMap flags;
  private boolean numbered; // changes of this mailbox have mod-sequences, as far as has been said
  private long highestModSeq;
  private long uidNext; // as STATUS has told it last; 0 if never
  private boolean read; // the three above are the mailbox
  private boolean changed; // the reading that is under way has heard of a change

  /// @param mailbox its name as an IMAP string that the connection understands
  /// @param plainMaxMessages as in the settings
  MailboxReader(
      BackendConnection connection,
      BackendFeatures features,
      String mailbox,
      int plainMaxMessages) {
    this.connection = connection;
    this.features = features;
    this.counts = new SelectedMailbox(mailbox, true);
    this.plainMaxMessages = plainMaxMessages;
    this.numbered = condstore();
  }

  /// Opens the mailbox: comes before any reading.
  CompletableFuture<Reply> examine() {
    String numbers = condstore() ? " (CONDSTORE)" : "";
    return connection.run("EXAMINE " + counts.name() + numbers, counts::hear);
  }

  /// The reading behind EXAMINE.
  ///
  /// @param expectsNothing whether what EXAMINE says may end it, where that is what all know who are served
  CompletableFuture<Reading> first(List<Sleeper> served, boolean expectsNothing) {
    numbered &= !counts.noModSeq();
    long watermark = numbered ? counts.highestModSeq() : 0;
    if (expectsNothing && numbered && knownToAll(served)) {
      uids = served.getFirst().view().uids();
      highestModSeq = watermark;
      read = true;
      return CompletableFuture.completedFuture(new Reading.NothingNew());
    }
    if (watermark > 0 || !numbered) {
      return readUids(served, watermark);
    }
    return status(served);
  }

  /// One more reading. STATUS may tell of the past until NOOP has brought the connection's view up to date, and of what
  /// the view does not show yet until NOOP has done so again.
  ///
  /// @param stirred whether the backend has told of a change since the last reading began
  CompletableFuture<Reading> next(List<Sleeper> served, boolean stirred) {
    changed = stirred || !read;
    return step("NOOP", () -> numbered ? status(served) : readUids(served, 0));
  }

  private boolean knownToAll(List<Sleeper> served) {
    MailboxView first = served.isEmpty() ? null : served.getFirst().view();
    return first != null
        && first.highestModSeq() > 0
        && first.highestModSeq() == counts.highestModSeq()
        && first.uids().size() == counts.exists()
        && served.stream()
            .map(Sleeper::view)
            .allMatch(view ->
                view.highestModSeq() == first.highestModSeq()
                    && (view.uidNext() == 0 || view.uidNext() == counts.uidNext())
                    && view.uids().equals(first.uids()));
  }

  private CompletableFuture<Reading> step(
      String command, Supplier<CompletableFuture<Reading>> next) {
    return connection
        .run(command, this::hear)
        .thenCompose(reply -> reply.ok() ? next.get() : ended(reply));
  }

  private static CompletableFuture<Reading> ended(Reply reply) {
    return CompletableFuture.completedFuture(
        reply.lost() ? new Reading.Lost() : new Reading.Failed());
  }

  /// Takes in a response to the watch's own commands, or one that came unasked.
  void hear(ResponseLine line) {
    counts.hear(line);
    changed |= tellsOfChange(line);
  }

  static boolean tellsOfChange(ResponseLine line) {
    return switch (line.kind()) {
      case EXISTS, EXPUNGE, FETCH, VANISHED, FLAGS -> true;
      default -> false; // "* OK Still here", RECENT, …
    };
  }

  private CompletableFuture<Reading> status(List<Sleeper> served) {
    StatusReply status = new StatusReply();
    return connection
        .run(
            "STATUS " + counts.name() + " (UIDVALIDITY UIDNEXT HIGHESTMODSEQ)",
            line -> {
              if (!status.hear(line)) {
                hear(line);
              }
            })
        .thenCompose(reply -> {
          if (!reply.ok()) {
            return ended(reply);
          }
          if (status.uidValidity() > 0 && status.uidValidity() != counts.uidValidity()) {
            return CompletableFuture.completedFuture(new Reading.Failed()); // another by its name
          }
          long watermark = status.highestModSeq();
          numbered = watermark > 0;
          uidNext = status.uidNext();
          if (numbered
              && !changed
              && watermark == highestModSeq
              && served.stream().allMatch(one -> isRead(one.view()))) {
            return CompletableFuture.completedFuture(new Reading.NothingNew());
          }
          return step("NOOP", () -> readUids(served, watermark));
        });
  }

  private CompletableFuture<Reading> readUids(List<Sleeper> served, long watermark) {
    if (isTooLarge(served)) {
      return CompletableFuture.completedFuture(new Reading.TooLarge());
    }
    ViewReader reader =
        new ViewReader(
            connection,
            features,
            ViewReader.Acceptance.CHANGES_AFTER,
            counts::exists,
            counts::hear);
    return reader
        .uids()
        .thenCompose(found -> {
          if (found == null) { // no answer, or none to be trusted
            return CompletableFuture.completedFuture(failed(reader));
          }
          Set<Sleeper> hearers =
              served.stream().filter(Sleeper::listens).collect(Collectors.toUnmodifiableSet());
          boolean everyFlag = !numbered || wantsEveryFlag(hearers, watermark);
          return readFlags(reader, served, hearers, found, watermark, everyFlag)
              .thenCompose(_ ->
                  reader.failed() // else what changed would pass for told
                      ? CompletableFuture.completedFuture(failed(reader))
                      : searchRecent(reader, served)
                          .thenApply(recent ->
                              reader.failed()
                                  ? failed(reader)
                                  : take(
                                      reader, served, hearers, found, watermark, everyFlag,
                                      recent)));
        });
  }

  /// Whether it is too large for one of those who are there still, or large and all have left.
  private boolean isTooLarge(List<Sleeper> served) {
    List<Sleeper> there = served.stream().filter(Sleeper::watched).toList();
    return there.isEmpty()
        ? !numbered && counts.exists() > plainMaxMessages
        : there.stream().anyMatch(one -> isTooLargeFor(one.view()));
  }

  /// Which messages are `\Recent` here, where some of those served have such messages of their own, which may be the same.
  private CompletableFuture<UidSet> searchRecent(ViewReader reader, List<Sleeper> served) {
    boolean maybeTheSame =
        counts.recent() > 0 && served.stream().anyMatch(one -> !one.own.recent().isEmpty());
    return maybeTheSame
        ? reader.thenSearch(OwnSets.SEARCH_RECENT)
        : CompletableFuture.completedFuture(UidSet.EMPTY);
  }

  private static Reading failed(ViewReader reader) {
    return reader.lost() ? new Reading.Lost() : new Reading.Failed();
  }

  /// Whether one of them knows of changes that the mailbox has not got, or of flags and no numbers.
  private static boolean wantsEveryFlag(Set<Sleeper> hearers, long watermark) {
    return hearers.stream()
        .mapToLong(one -> one.view().highestModSeq())
        .anyMatch(known -> known == 0 || known > watermark);
  }

  /// Fetches the flags that may have changed for those who hear of it.
  private CompletableFuture<Reply> readFlags(
      ViewReader reader,
      List<Sleeper> served,
      Set<Sleeper> hearers,
      UidSet found,
      long watermark,
      boolean every) {
    if (!found.isEmpty() && !numbered) {
      return reader.thenRun("UID FETCH 1:* (FLAGS)");
    }
    long maxKnown = served.stream().mapToLong(one -> one.view().uids().last()).max().orElse(0);
    if (found.isEmpty() || maxKnown == 0) {
      return CompletableFuture.completedFuture(new Reply(Reply.Status.OK, null));
    }
    String messages = "UID FETCH 1:" + maxKnown;
    if (every) {
      return reader.thenRun(messages + everyFlag(watermark));
    }
    long lowest =
        hearers.stream().mapToLong(one -> one.view().highestModSeq()).min().orElse(watermark);
    return reader.thenRun(messages + " (FLAGS) (CHANGEDSINCE " + lowest + ")");
  }

  /// Asks for all flags where changes have numbers, which are not told unless they are asked for.
  ///
  /// @param watermark of the mailbox; 0 if it has none, and must not be asked for numbers then (RFC 7162 §3.1.2.2)
  static String everyFlag(long watermark) {
    return watermark > 0 ? " (FLAGS MODSEQ)" : " (FLAGS)";
  }

  private Reading take(
      ViewReader reader,
      List<Sleeper> served,
      Set<Sleeper> hearers,
      UidSet found,
      long watermark,
      boolean everyFlag,
      UidSet recent) {
    List<ResponseLine> after = reader.after();
    uids = found;
    highestModSeq = watermark;
    flags = numbered ? null : flagMap(found, after);
    read = !numbered || served.stream().anyMatch(one -> !one.view().uids().isEmpty());
    boolean unsettled = reader.changedAfter() || after.stream().anyMatch(this::tellsMore);
    CatchUp.Present present =
        new CatchUp.Present(
            found, counts.recent(), recent, counts.flags(), watermark, after, everyFlag);
    return new Reading.Read(present, uidNext(), flags, changed, unsettled, hearers);
  }

  /// As told last, by EXAMINE or by STATUS; 0 if never.
  private long uidNext() {
    return Math.max(counts.uidNext(), uidNext);
  }

  private static FlagMap flagMap(UidSet uids, List<ResponseLine> fetched) {
    FlagMap.Builder builder = FlagMap.builder(uids);
    for (ResponseLine line : fetched) {
      FetchLine fetch = FetchLine.parse(line);
      if (fetch != null && fetch.uid() > 0 && fetch.flags() != null) {
        builder.put(fetch.uid(), fetch.flags());
      }
    }
    return builder.build();
  }

  /// Whether a flag change was told unasked, so that it may not be in the answers, or is newer than the watermark, so that
  /// the watermark alone would pass for the state of the mailbox.
  private boolean tellsMore(ResponseLine line) {
    if (line.kind() != Kind.FETCH) {
      return false;
    }
    FetchLine fetch = FetchLine.parse(line);
    if (fetch == null || fetch.uid() == 0) {
      return true;
    }
    return numbered
        && (fetch.modseq() == 0 || Long.compareUnsigned(fetch.modseq(), highestModSeq) > 0);
  }

  /// Whether the view is the mailbox as it was read last.
  boolean isRead(MailboxView view) {
    return read
        && view.uidValidity() == counts.uidValidity()
        && view.highestModSeq() == highestModSeq
        && view.uids().equals(uids)
        && (view.flags() == null || view.flags().equals(flags));
  }

  /// Whether the mailbox as it was read last is another than the view, as far as the two can be compared: of changes, one may know
  /// the numbers and the other the flags.
  boolean differsFrom(MailboxView view) {
    boolean comparable = numbered == (view.highestModSeq() > 0);
    return comparable ? !isRead(view) : !view.uids().equals(uids);
  }

  /// The mailbox as it was read last, where mod-sequences tell changes; else null.
  @Nullable MailboxView view() {
    return read && numbered
        ? new MailboxView(counts.uidValidity(), uidNext(), highestModSeq, uids, null)
        : null;
  }

  /// Whether the sleeper has been told of all that was read last and may be told.
  boolean isTold(Sleeper sleeper) {
    MailboxView view = sleeper.view();
    return isRead(view) || (read && !sleeper.hearsWhatIsGone() && isToldButForGone(view));
  }

  private boolean isToldButForGone(MailboxView view) {
    return flags == null
        ? view.highestModSeq() == highestModSeq && uids.minus(view.uids()).isEmpty()
        : !view.uids().minus(uids).isEmpty(); // flags are told when that is
  }

  /// Why the view cannot be one of the mailbox that EXAMINE opened, or null.
  @Nullable Refusal refusal(MailboxView view) {
    return Refusal.ofMailbox(view, counts);
  }

  /// Whether the view goes by numbers that changes have no more, in a mailbox that is too large to be read and told whole.
  boolean isTooLargeFor(MailboxView view) {
    return !numbered && Refusal.ofUnnumbered(view, counts, plainMaxMessages) != null;
  }

  /// Whether the backend gives changes of this mailbox mod-sequences, as far as it has said.
  boolean numbersChanges() {
    return numbered;
  }

  /// Whether mod-sequences are asked for, and so switched on at the connection.
  boolean condstore() {
    return features.changes().modSequences();
  }

  /// Whether the connection can wait in IDLE.
  boolean canIdle() {
    return features.idle();
  }
}
