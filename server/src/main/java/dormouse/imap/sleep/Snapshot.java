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
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads off a backend connection what its client knows of the selected mailbox, so that the connection can be given
/// up. Nothing is pipelined: Dovecot, given all at once, answers the search before it tells of changes.
/// ```text
/// STATUS (… HIGHESTMODSEQ)   the watermark: every change up to it …
/// NOOP                       … has been told when this is answered
/// UID SEARCH ALL             the UIDs; as many as messages told of, and nothing told behind them
/// UID FETCH 1:* (FLAGS)      only where changes have no numbers: the flags themselves
/// NOOP                       and what others changed while they were read
/// UID SEARCH $               only where the client has saved a search result
/// UID SEARCH RECENT          only where messages are \Recent
/// ```
/// What the backend says meanwhile goes to the client as it comes.
///
/// One object a try. Lives on the user's event loop.
public final class Snapshot {
  /// What became of it.
  public sealed interface Result {
    /// The client's view, exactly.
    ///
    /// @param since when the mailbox began to be like that
    /// @param own what is the client's only
    record Taken(MailboxView view, Proof since, OwnSets own) implements Result {}

    /// The session stays attached; the connection is as good as before.
    record Declined(StayReason reason) implements Result {}

    /// The connection broke.
    record Lost() implements Result {}
  }

  private final BackendConnection connection;
  private final BackendFeatures features;
  private final SelectedMailbox told;
  private final OwnSets.Wanted wanted;
  private final UserMailboxes home;
  private final HibernateSettings settings;
  private final Consumer<ResponseLine> toClient;
  private final Proof begun;
  private final StatusReply status = new StatusReply();
  private FlagMap.@Nullable Builder flags;
  private UidSet messages = UidSet.EMPTY;
  private boolean ours; // FETCH responses answer us
  private boolean moved; // messages came or went since the UIDs were read
  private boolean abandoned;
  private boolean changed; // since it was begun

  /// @param told what the client has been told; must be kept up to date by `toClient`
  /// @param wanted what the session may have that is its own
  /// @param toClient takes each response that is the client's
  public Snapshot(
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
  }

  public CompletableFuture<Result> take() {
    if (!features.changes().modSequences()) {
      return settle();
    }
    return connection
        .run("STATUS " + told.name() + " (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)", this::hear)
        .thenCompose(reply -> {
          if (!reply.ok()) {
            return ended(reply);
          }
          return status.highestModSeq() == 0 ? declined(StayReason.NO_MODSEQ) : settle();
        });
  }

  /// The client has spoken: stop at the next step.
  public void abandon() {
    abandoned = true;
  }

  /// What in a mailbox forbids to sleep on it, or null. Known without asking the backend.
  public static @Nullable StayReason unfit(
      SelectedMailbox told, BackendFeatures features, HibernateSettings settings) {
    if (told.uidValidity() == 0 || told.uidNotSticky()) {
      return StayReason.NO_STABLE_UIDS;
    }
    if (features.changes().modSequences()) {
      return told.noModSeq() ? StayReason.NO_MODSEQ : null;
    }
    return told.exists() > settings.plainMaxMessages() ? StayReason.MAILBOX_TOO_LARGE : null;
  }

  private CompletableFuture<Result> settle() {
    return step("NOOP", this::search);
  }

  private CompletableFuture<Result> search() {
    if (abandoned) {
      return declined(StayReason.CLIENT_SPOKE);
    }
    ViewReader reader =
        new ViewReader(
            connection, features, ViewReader.Acceptance.NOTHING_AFTER, told::exists, this::hear);
    return reader
        .uids()
        .thenCompose(uids -> {
          if (reader.lost()) {
            return CompletableFuture.completedFuture(new Result.Lost());
          }
          if (uids == null) {
            return declined(StayReason.SNAPSHOT_UNSETTLED);
          }
          if (uids.keptBytes() > settings.uidSetMaxBytes()) {
            return declined(StayReason.UID_SET_TOO_LARGE);
          }
          if (abandoned) {
            return declined(StayReason.CLIENT_SPOKE);
          }
          return features.changes().modSequences() ? readOwn(uids, null) : readFlags(uids);
        });
  }

  private CompletableFuture<Result> readFlags(UidSet uids) {
    FlagMap.Builder builder = FlagMap.builder(uids);
    if (uids.isEmpty()) {
      return readOwn(uids, builder.build());
    }
    messages = uids;
    flags = builder;
    moved = false;
    ours = true;
    return step(
        "UID FETCH 1:* (FLAGS)",
        () -> {
          ours = false;
          return step(
              "NOOP",
              () ->
                  moved ? declined(StayReason.SNAPSHOT_UNSETTLED) : readOwn(uids, builder.build()));
        });
  }

  private CompletableFuture<Result> readOwn(UidSet uids, @Nullable FlagMap flagMap) {
    moved = false;
    return OwnSets.read(connection, wanted.recentToo(told.recent() > 0), this::hear)
        .thenCompose(own -> {
          if (!own.reply().ok()) {
            return ended(own.reply());
          }
          if (!own.sets().restorable()) {
            return declined(StayReason.SEARCH_SAVED);
          }
          if (own.sets().keptBytes() > settings.uidSetMaxBytes()) {
            return declined(StayReason.UID_SET_TOO_LARGE);
          }
          return moved ? declined(StayReason.SNAPSHOT_UNSETTLED) : taken(uids, flagMap, own.sets());
        });
  }

  private CompletableFuture<Result> step(
      String command, java.util.function.Supplier<CompletableFuture<Result>> next) {
    if (abandoned) {
      return declined(StayReason.CLIENT_SPOKE);
    }
    return connection
        .run(command, this::hear)
        .thenCompose(reply -> reply.ok() ? next.get() : ended(reply));
  }

  private void hear(ResponseLine line) {
    if (status.hear(line)) {
      return;
    }
    moved |=
        switch (line.kind()) {
          case EXISTS, EXPUNGE, VANISHED -> true;
          default -> false;
        };
    FetchLine fetch = flags == null ? null : FetchLine.parse(line);
    if (fetch != null && fetch.flags() != null && note(fetch, fetch.flags())) {
      return;
    }
    changed |= MailboxReader.tellsOfChange(line);
    toClient.accept(line);
  }

  /// Takes the flags of one message; returns whether the line answers us, and so is not the client's.
  private boolean note(FetchLine fetch, String now) {
    if (flags == null || moved) {
      return false;
    }
    if (fetch.uid() > 0) {
      flags.put(fetch.uid(), now);
      return ours && !fetch.more();
    }
    if (fetch.seq() <= messages.size()) {
      flags.put(messages.uidAt((int) fetch.seq()), now); // told unasked: the client knows it too
    }
    return false;
  }

  private CompletableFuture<Result> taken(UidSet uids, @Nullable FlagMap flagMap, OwnSets own) {
    if (abandoned) {
      return declined(StayReason.CLIENT_SPOKE);
    }
    MailboxView view =
        new MailboxView(
            told.uidValidity(), status.uidNext(), status.highestModSeq(), uids, flagMap);
    StayReason full = home.sessions().noRoomFor(view.keptBytes() + own.keptBytes());
    return full != null
        ? declined(full)
        : CompletableFuture.completedFuture(new Result.Taken(view, since(), own));
  }

  /// What changed behind STATUS is in the view and not in its numbers, which must not pass for those of this state.
  private Proof since() {
    return changed && features.changes().modSequences() ? Proof.STALE : begun;
  }

  private static CompletableFuture<Result> declined(StayReason reason) {
    return CompletableFuture.completedFuture(new Result.Declined(reason));
  }

  private static CompletableFuture<Result> ended(Reply reply) {
    return reply.lost()
        ? CompletableFuture.completedFuture(new Result.Lost())
        : declined(StayReason.SNAPSHOT_UNSETTLED);
  }
}
