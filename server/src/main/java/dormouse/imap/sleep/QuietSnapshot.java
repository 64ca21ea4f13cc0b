package dormouse.imap.sleep;

import dormouse.config.HibernateSettings;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.FetchLine;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A [Snapshot] for a client that runs no command, and so may be told nothing: what the backend says meanwhile is kept from
/// it, and the view is the one from before.
/// ```text
/// STATUS (… HIGHESTMODSEQ)   the watermark
/// UID SEARCH ALL             the UIDs; less those the client does not know, and with those it does not know to be gone
/// UID FETCH 1:* (FLAGS)      only where changes have no numbers
/// NOOP                       flags changed up to the watermark and not told: they lower it
/// UID SEARCH $               only where the client has saved a search result
/// UID SEARCH RECENT          only where messages are \Recent
/// ```
/// Once something was kept from the client there is no way back to the connection, where it would never be told again: the
/// client may speak, the session sleeps first.
///
/// One object a try. Lives on the user's event loop.
public final class QuietSnapshot {
  private final BackendConnection connection;
  private final BackendFeatures features;
  private final SelectedMailbox told;
  private final OwnSets.Wanted wanted;
  private final UserMailboxes home;
  private final HibernateSettings settings;
  private final Consumer<ResponseLine> toClient;
  private final Proof begun;
  private final StatusReply status = new StatusReply();
  private final Untold untold;
  private final Set<Long> answered = new HashSet<>(); // UIDs whose flags we have
  private FlagMap.@Nullable Builder flags;
  private boolean abandoned;

  /// @param told what the client has been told
  /// @param wanted what the session may have that is its own
  /// @param toClient takes what the client must see at once
  public QuietSnapshot(
      BackendConnection connection,
      BackendFeatures features,
      SelectedMailbox told,
      OwnSets.Wanted wanted,
      UserMailboxes home,
      Consumer<ResponseLine> toClient) {
    this.connection = connection;
    this.features = features;
    this.told = told;
    this.wanted = wanted;
    this.home = home;
    this.settings = home.settings();
    this.toClient = toClient;
    this.begun = home.changes().proof(told.nameInUtf7(), connection.backend());
    this.untold = new Untold(told.exists());
  }

  public CompletableFuture<Snapshot.Result> take() {
    if (!numbersChanges()) {
      return search();
    }
    return step(
        "STATUS " + told.name() + " (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)",
        () -> status.highestModSeq() == 0 ? declined(StayReason.NO_MODSEQ) : search());
  }

  /// The client has spoken: stop at the next step, if that can still be done.
  public void abandon() {
    abandoned = true;
  }

  private boolean numbersChanges() {
    return features.changes().modSequences();
  }

  private CompletableFuture<Snapshot.Result> search() {
    ViewReader reader =
        new ViewReader(
            connection, features, ViewReader.Acceptance.CHANGES_AFTER, untold::exists, this::hear);
    return reader
        .uids()
        .thenCompose(now -> {
          if (reader.lost()) {
            return CompletableFuture.completedFuture(new Snapshot.Result.Lost());
          }
          UidSet known =
              now == null ? null : untold.before(now, untold.size() - reader.after().size());
          if (now == null || known == null) {
            return declined(StayReason.SNAPSHOT_UNSETTLED);
          }
          if (known.keptBytes() > settings.uidSetMaxBytes()) {
            return declined(StayReason.UID_SET_TOO_LARGE);
          }
          if (numbersChanges()) {
            return step("NOOP", () -> readOwn(known, null));
          }
          return now.isEmpty()
              ? readOwn(known, FlagMap.builder(known).build())
              : readFlags(known, now);
        });
  }

  private CompletableFuture<Snapshot.Result> readFlags(UidSet known, UidSet now) {
    FlagMap.Builder builder = FlagMap.builder(known);
    flags = builder;
    return step(
        "UID FETCH 1:* (FLAGS)",
        () ->
            step(
                "NOOP",
                () -> {
                  untold.forgetFlags(builder, now);
                  return readOwn(known, builder.build());
                }));
  }

  private CompletableFuture<Snapshot.Result> readOwn(UidSet known, @Nullable FlagMap flagMap) {
    return OwnSets.read(connection, wanted.recentToo(untold.tellsRecent()), this::hear)
        .thenCompose(own -> {
          if (!own.reply().ok()) {
            return ended(own.reply());
          }
          if (!own.sets().restorable()) {
            return declined(StayReason.SEARCH_SAVED);
          }
          return own.sets().keptBytes() > settings.uidSetMaxBytes()
              ? declined(StayReason.UID_SET_TOO_LARGE)
              : taken(known, flagMap, own.sets());
        });
  }

  private CompletableFuture<Snapshot.Result> step(
      String command, Supplier<CompletableFuture<Snapshot.Result>> next) {
    if (abandoned && untold.isEmpty()) {
      return declined(StayReason.CLIENT_SPOKE);
    }
    return connection
        .run(command, this::hear)
        .thenCompose(reply -> reply.ok() ? next.get() : ended(reply));
  }

  private void hear(ResponseLine line) {
    if (status.hear(line) || isOurs(line)) {
      return;
    }
    untold.hear(line);
    if (line.isAlert()) {
      toClient.accept(line);
    }
  }

  /// Whether it answers our FETCH, which it does once for a message; what comes behind is news.
  private boolean isOurs(ResponseLine line) {
    FetchLine fetch = flags == null ? null : FetchLine.parse(line);
    if (flags == null
        || fetch == null
        || fetch.uid() == 0
        || fetch.flags() == null
        || !answered.add(fetch.uid())) {
      return false;
    }
    flags.put(fetch.uid(), fetch.flags());
    return true;
  }

  private CompletableFuture<Snapshot.Result> taken(
      UidSet known, @Nullable FlagMap flagMap, OwnSets own) {
    if (abandoned && untold.isEmpty()) {
      return declined(StayReason.CLIENT_SPOKE);
    }
    long watermark =
        numbersChanges() ? untold.watermark(status.highestModSeq(), told.highestModSeq()) : 0;
    MailboxView view =
        new MailboxView(told.uidValidity(), status.uidNext(), watermark, known, flagMap);
    StayReason full = home.sessions().noRoomFor(view.keptBytes() + own.keptBytes());
    if (full != null) {
      return declined(full);
    }
    Proof since = untold.isEmpty() ? begun : Proof.STALE;
    return CompletableFuture.completedFuture(new Snapshot.Result.Taken(view, since, own));
  }

  /// What was kept from the client is told now: early, but never is worse.
  private CompletableFuture<Snapshot.Result> declined(StayReason reason) {
    untold.tell(toClient);
    return CompletableFuture.completedFuture(new Snapshot.Result.Declined(reason));
  }

  private CompletableFuture<Snapshot.Result> ended(Reply reply) {
    return reply.lost()
        ? CompletableFuture.completedFuture(new Snapshot.Result.Lost())
        : declined(StayReason.SNAPSHOT_UNSETTLED);
  }
}
