package dormouse.imap.sleep;

import dormouse.config.HibernateSettings;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.BackendLogin;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.FetchLine;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import dormouse.ops.EventLog;
import dormouse.session.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Watches one mailbox of one user for all sessions that sleep on it: one backend connection in EXAMINE and IDLE.
/// ```text
/// closed ──join──▶ opening ──EXAMINE──▶ reading ──all told──▶ idling ──a word from the backend, a look, a sweep──┐
///    ▲                │ cannot             ▲                                                                     │
///    └──retry later───┘                    └──────────────────────────────DONE───────────────────────────────────┘
/// ```
/// Whatever the backend says while idling only means "look": truth comes from reading the mailbox, and each sleeper
/// hears the difference between that and its own view. A reading serves the sleepers that were there before it began,
/// so that none is told of a state older than its own.
///
/// Lives on the user's event loop.
public final class MailboxWatch {
  private enum State {
    CLOSED,
    OPENING,
    READING,
    IDLING
  }

  private static final Duration FIRST_RETRY = Duration.ofMillis(100);
  private static final Duration LAST_RETRY_WAITING = Duration.ofSeconds(2);
  private static final Duration LAST_RETRY = Duration.ofMinutes(5);
  private static final Duration LOOK_SOON = Duration.ofSeconds(1);
  private static final Duration LONGEST_IDLE = Duration.ofMinutes(28); // RFC 2177: under 29 minutes
  private static final EventLog LOG = EventLog.of(MailboxWatch.class);

  private final UserMailboxes home;
  private final String mailbox; // in modified UTF-7: this connection enables nothing
  private final Set<Sleeper> sleepers = new LinkedHashSet<>();
  private State state = State.CLOSED;
  private @Nullable BackendConnection connection;
  private @Nullable BackendFeatures features;
  private SelectedMailbox counts;
  private UidSet uids = UidSet.EMPTY;
  private @Nullable FlagMap flags;
  private long highestModSeq;
  private long readings; // begun so far
  private boolean read;
  private boolean again;
  private boolean changed; // the reading that is under way has heard of a change
  private boolean
      lookSoon; // something was read: Dovecot may miss what changes before its IDLE stands
  private boolean stirred; // the backend told of a change that has not been read
  private boolean ending; // DONE was said, or the backend ended the IDLE
  private Instant provenAt = Instant.EPOCH;
  private Duration retry = FIRST_RETRY;
  private @Nullable Timer timer;

  MailboxWatch(UserMailboxes home, String mailbox) {
    this.home = home;
    this.mailbox = mailbox;
    this.counts = new SelectedMailbox(mailbox, true);
  }

  /// A session has gone to sleep with this mailbox selected.
  void join(Sleeper sleeper) {
    sleepers.add(sleeper);
    if (state == State.IDLING && !ending && !stirred && sameAsRead(sleeper.view())) {
      sleeper.behind = false;
      if (sleepers.size() == 1) { // it lingered without sweeps
        scheduleSweep();
      }
      return;
    }
    look();
  }

  private boolean sameAsRead(MailboxView view) {
    return read
        && view.uidValidity() == counts.uidValidity()
        && view.highestModSeq() == highestModSeq
        && view.uids().equals(uids)
        && (view.flags() == null || view.flags().equals(flags));
  }

  /// The session woke or ended.
  public void leave(Sleeper sleeper) {
    sleepers.remove(sleeper);
    if (sleepers.isEmpty()) {
      cancelTimer();
      timer = home.wheel().after(home.settings().syncLinger(), this::closeIfUnused);
    }
  }

  private void closeIfUnused() {
    if (!sleepers.isEmpty()) {
      return;
    }
    close();
    home.forget(this);
  }

  void close() {
    cancelTimer();
    state = State.CLOSED;
    BackendConnection open = connection;
    connection = null;
    if (open != null) {
      open.leave();
    }
  }

  /// Whether the sleeper's view is the mailbox as far as anyone has said. Of a server without mod-sequences that says
  /// little: some tell flag changes only when they are asked.
  public boolean proven(Sleeper sleeper) {
    return state == State.IDLING
        && modSequences()
        && !ending
        && !sleeper.behind
        && provenAt.plus(home.settings().proofMax()).isAfter(home.clock().instant());
  }

  /// Reads the mailbox for a sleeper whose client waits; ends with [Sleeper.Listener#looked].
  public void look(Sleeper sleeper) {
    sleeper.behind = true;
    sleeper.waiting = true;
    sleeper.waitsFor = readings + 1;
    if (state == State.CLOSED) {
      retry = FIRST_RETRY;
    }
    look();
  }

  /// Something may have changed.
  public void look() {
    switch (state) {
      case CLOSED -> open();
      case OPENING, READING -> again = true;
      case IDLING -> endIdle();
    }
  }

  private void open() {
    if (sleepers.isEmpty()) {
      return;
    }
    cancelTimer();
    state = State.OPENING;
    Sleeper first = sleepers.iterator().next();
    home.login("watch", first.client, first.grant)
        .whenComplete((outcome, bug) -> {
          if (bug != null) {
            LOG.error(bug, "watch-failed", "mailbox", mailbox);
            retryLater();
            return;
          }
          switch (outcome) {
            case BackendLogin.Outcome.LoggedIn(var opened, var capabilities) -> {
              if (state != State.OPENING || sleepers.isEmpty()) {
                opened.leave();
                closeIfUnused();
                return;
              }
              connection = opened;
              features = BackendFeatures.of(capabilities);
              opened.onClose(() -> connectionLost(opened));
              opened.onUnasked(_ -> {});
              examine(opened);
            }
            case BackendLogin.Outcome.Failed(var result) -> {
              Refusal refusal = Refusal.of(result);
              if (refusal == null) {
                retryLater();
                return;
              }
              loseAll(refusal);
            }
          }
        });
  }

  /// A bug of ours: it ends this connection, not the watch.
  private @Nullable Void broke(BackendConnection on, Throwable bug) {
    LOG.error(bug, "watch-failed", "mailbox", mailbox);
    if (connection == on) {
      on.close();
      connectionLost(on);
    }
    return null;
  }

  private void connectionLost(BackendConnection which) {
    if (which == connection) {
      connection = null;
      retryLater();
    }
  }

  private void retryLater() {
    state = State.CLOSED;
    read = false;
    connection = null;
    boolean wanted = sleepers.stream().anyMatch(sleeper -> sleeper.waiting);
    for (Sleeper sleeper : sleepers) {
      sleeper.behind = true;
    }
    home.metrics().sync("backend-down", Duration.ZERO);
    cancelTimer();
    if (sleepers.isEmpty()) {
      home.forget(this);
      return;
    }
    Duration limit = wanted ? LAST_RETRY_WAITING : LAST_RETRY;
    Duration delay = retry.compareTo(limit) < 0 ? retry : limit;
    retry = retry.multipliedBy(2).compareTo(LAST_RETRY) < 0 ? retry.multipliedBy(2) : LAST_RETRY;
    timer = home.wheel().after(jitter(delay), this::open);
  }

  private static Duration jitter(Duration about) {
    return Duration.ofMillis(
        (long) (about.toMillis() * ThreadLocalRandom.current().nextDouble(0.8, 1.2)));
  }

  private void examine(BackendConnection on) {
    Instant begun = home.clock().instant();
    List<Sleeper> served = List.copyOf(sleepers);
    counts = new SelectedMailbox(mailbox, true);
    read = false;
    again = false;
    readings++;
    on.run("EXAMINE " + mailbox + (modSequences() ? " (CONDSTORE)" : ""), counts::hear)
        .thenAccept(reply -> {
          if (reply.lost() || connection != on) {
            return; // the end of the connection tries again
          }
          if (!reply.ok()) {
            Refusal refusal = Refusal.ofSelect(reply);
            if (refusal == null) {
              on.close();
              connectionLost(on);
              return;
            }
            loseAll(refusal);
            return;
          }
          for (Sleeper sleeper : served) {
            Refusal refusal = Refusal.ofMailbox(sleeper.view(), counts);
            if (refusal != null) {
              lose(sleeper, refusal);
            }
          }
          state = State.READING;
          stirred = false;
          long watermark = counts.highestModSeq();
          if (watermark > 0 || !modSequences()) {
            readUids(on, served, watermark, begun);
            return;
          }
          status(on, served, begun);
        })
        .exceptionally(bug -> broke(on, bug));
  }

  private boolean modSequences() {
    return features != null && features.changes().modSequences();
  }

  /// One more reading on the connection that stands. STATUS may tell of the past until NOOP has brought the connection's
  /// view up to date, and of what the view does not show yet until NOOP has done so again.
  private void readAgain(BackendConnection on) {
    Instant begun = home.clock().instant();
    List<Sleeper> served = List.copyOf(sleepers);
    state = State.READING;
    again = false;
    changed = stirred || !read;
    stirred = false;
    readings++;
    catchUp(
        on,
        () -> {
          if (modSequences()) {
            status(on, served, begun);
            return;
          }
          readUids(on, served, 0, begun);
        });
  }

  private void catchUp(BackendConnection on, Runnable next) {
    on.run("NOOP", this::hear)
        .thenAccept(reply -> {
          if (!failed(on, reply)) {
            next.run();
          }
        })
        .exceptionally(bug -> broke(on, bug));
  }

  private void hear(ResponseLine line) {
    counts.hear(line);
    changed |= tellsOfChange(line);
  }

  private static boolean tellsOfChange(ResponseLine line) {
    return switch (line.kind()) {
      case EXISTS, EXPUNGE, FETCH, VANISHED, FLAGS -> true;
      default -> false; // "* OK Still here", RECENT, …
    };
  }

  private void status(BackendConnection on, List<Sleeper> served, Instant begun) {
    StatusReply status = new StatusReply();
    on.run(
            "STATUS " + mailbox + " (UIDVALIDITY UIDNEXT HIGHESTMODSEQ)",
            line -> {
              if (!status.hear(line)) {
                hear(line);
              }
            })
        .thenAccept(reply -> {
          if (failed(on, reply)) {
            return;
          }
          long watermark = status.highestModSeq();
          if (!changed
              && watermark == highestModSeq
              && served.stream().allMatch(one -> sameAsRead(one.view()))) {
            nothingNew(on, served, begun);
            return;
          }
          catchUp(on, () -> readUids(on, served, watermark, begun));
        })
        .exceptionally(bug -> broke(on, bug));
  }

  private void nothingNew(BackendConnection on, List<Sleeper> served, Instant begun) {
    provenAt = begun;
    retry = FIRST_RETRY;
    home.metrics().sync("nothing-new", Duration.between(begun, home.clock().instant()));
    for (Sleeper sleeper : served) {
      if (sleepers.contains(sleeper)) {
        sleeper.behind = false;
        looked(sleeper);
      }
    }
    if (connection == on) {
      rest(on);
    }
  }

  private void looked(Sleeper sleeper) {
    if (sleeper.waiting && sleeper.waitsFor <= readings) {
      sleeper.waiting = false;
      sleeper.listener.looked();
    }
  }

  private boolean failed(BackendConnection on, Reply reply) {
    if (connection != on) {
      return true;
    }
    if (reply.ok() || reply.lost()) {
      return !reply.ok();
    }
    on.close();
    connectionLost(on);
    return true;
  }

  private void readUids(BackendConnection on, List<Sleeper> served, long watermark, Instant begun) {
    BackendFeatures can = features;
    if (can == null) {
      return;
    }
    ViewReader reader =
        new ViewReader(on, can, ViewReader.Acceptance.CHANGES_AFTER, counts::exists, counts::hear);
    reader
        .uids()
        .thenAccept(found -> {
          if (connection != on || reader.lost()) {
            return;
          }
          if (found == null) { // no answer to be trusted: try again from the start
            on.close();
            connectionLost(on);
            return;
          }
          readFlags(reader, served, found, watermark)
              .thenAccept(everyFlag -> {
                if (connection != on || reader.lost()) {
                  return;
                }
                if (reader.failed()) { // else what changed would pass for told
                  on.close();
                  connectionLost(on);
                } else {
                  tell(on, reader, served, found, watermark, everyFlag, begun);
                }
              })
              .exceptionally(bug -> broke(on, bug));
        })
        .exceptionally(bug -> broke(on, bug));
  }

  /// Fetches the flags that may have changed for those served; answers whether it fetched all.
  private CompletableFuture<Boolean> readFlags(
      ViewReader reader, List<Sleeper> served, UidSet found, long watermark) {
    if (found.isEmpty()) {
      return CompletableFuture.completedFuture(false);
    }
    if (!modSequences()) {
      return reader.thenRun("UID FETCH 1:* (FLAGS)").thenApply(_ -> false);
    }
    long lowest = Long.MAX_VALUE;
    long maxKnown = 0;
    for (Sleeper sleeper : served) {
      lowest = Math.min(lowest, sleeper.view().highestModSeq());
      maxKnown = Math.max(maxKnown, sleeper.view().uids().last());
    }
    if (maxKnown == 0) {
      return CompletableFuture.completedFuture(false);
    }
    boolean every = served.stream().anyMatch(one -> one.view().highestModSeq() > watermark);
    String since = every ? "" : " (CHANGEDSINCE " + lowest + ")";
    return reader.thenRun("UID FETCH 1:" + maxKnown + " (FLAGS)" + since).thenApply(_ -> every);
  }

  private void tell(
      BackendConnection on,
      ViewReader reader,
      List<Sleeper> served,
      UidSet found,
      long watermark,
      boolean everyFlag,
      Instant begun) {
    uids = found;
    highestModSeq = watermark;
    flags = modSequences() ? null : flagMap(found, reader.after());
    read = !modSequences() || served.stream().anyMatch(one -> !one.view().uids().isEmpty());
    again |= reader.changedAfter() || reader.after().stream().anyMatch(this::tellsMore);
    provenAt = begun;
    retry = FIRST_RETRY;
    lookSoon = changed;
    CatchUp.Present present =
        new CatchUp.Present(
            found, counts.recent(), counts.flags(), watermark, reader.after(), everyFlag);
    home.metrics().sync("done", Duration.between(begun, home.clock().instant()));
    for (Sleeper sleeper : served) {
      if (sleepers.contains(sleeper)) {
        tell(sleeper, present);
      }
    }
    if (connection == on) {
      rest(on);
    }
  }

  private void tell(Sleeper sleeper, CatchUp.Present present) {
    if (!sleeper.listening && !sleeper.waiting) {
      sleeper.behind |= !sameAsRead(sleeper.view());
      return;
    }
    MailboxView view = sleeper.view();
    boolean shrunk = view.highestModSeq() > present.highestModSeq();
    CatchUp.Present mine = present.everyFlag() && !shrunk ? onlyNews(present) : present;
    CatchUp catchUp = new CatchUp(view, mine, sleeper.told, sleeper.form, sleeper.rev2);
    if (!catchUp.consistent()) {
      lose(sleeper, Refusal.INCONSISTENT);
      return;
    }
    MailboxView now =
        new MailboxView(
            view.uidValidity(),
            Math.max(view.uidNext(), counts.uidNext()),
            present.highestModSeq(),
            present.uids(),
            flags);
    sleeper.view(now);
    home.metrics().keptBytes(now.keptBytes() - view.keptBytes());
    var lines = catchUp.lines();
    if (lines.isReadable()) {
      sleeper.listener.changed(lines);
    } else {
      lines.release();
    }
    looked(sleeper);
  }

  private static CatchUp.Present onlyNews(CatchUp.Present present) {
    return new CatchUp.Present(
        present.uids(),
        present.recent(),
        present.flags(),
        present.highestModSeq(),
        present.fetched(),
        false);
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
    return modSequences()
        && (fetch.modseq() == 0 || Long.compareUnsigned(fetch.modseq(), highestModSeq) > 0);
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

  private void rest(BackendConnection on) {
    boolean asked = again || sleepers.stream().anyMatch(one -> one.waiting || late(one));
    if (asked) {
      readAgain(on);
      return;
    }
    BackendFeatures can = features;
    for (Sleeper sleeper : sleepers) {
      sleeper.behind &= !sameAsRead(sleeper.view());
    }
    state = State.IDLING;
    ending = false;
    scheduleSweep();
    if (can == null || !can.idle()) {
      return;
    }
    on.idle(this::hearWhileIdle, () -> {})
        .thenAccept(reply -> idleEnded(on, reply))
        .exceptionally(bug -> broke(on, bug));
  }

  /// Whether a listening sleeper came too late for the reading that is over.
  private boolean late(Sleeper sleeper) {
    return sleeper.behind && (sleeper.listening || sleeper.waiting) && !sameAsRead(sleeper.view());
  }

  private void scheduleSweep() {
    cancelTimer();
    if (sleepers.isEmpty()) {
      timer = home.wheel().after(home.settings().syncLinger(), this::closeIfUnused);
      return;
    }
    HibernateSettings settings = home.settings();
    boolean tellsAll = features != null && features.idle() && modSequences();
    Duration period = tellsAll ? settings.sweep() : settings.poll();
    Duration jittered = lookSoon ? LOOK_SOON : jitter(period);
    lookSoon = false;
    timer =
        home.wheel()
            .after(jittered.compareTo(LONGEST_IDLE) < 0 ? jittered : LONGEST_IDLE, this::look);
  }

  private void hearWhileIdle(ResponseLine line) {
    counts.hear(line);
    if (!tellsOfChange(line)) {
      return;
    }
    stirred = true;
    sleepers.forEach(sleeper -> sleeper.behind = true);
    if (sleepers.stream().anyMatch(sleeper -> sleeper.listening)) {
      endIdle();
    }
  }

  private void endIdle() {
    BackendConnection on = connection;
    if (ending || on == null) {
      return;
    }
    ending = true;
    if (features != null && features.idle()) {
      on.done();
      return;
    }
    readAgain(on);
  }

  private void idleEnded(BackendConnection on, Reply reply) {
    if (failed(on, reply) || state != State.IDLING) {
      return;
    }
    readAgain(on);
  }

  private void loseAll(Refusal refusal) {
    List<Sleeper> all = new ArrayList<>(sleepers);
    close();
    all.forEach(sleeper -> lose(sleeper, refusal));
  }

  private static void lose(Sleeper sleeper, Refusal refusal) {
    sleeper.listener.lost(refusal.reason(), refusal.bye());
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  String mailbox() {
    return mailbox;
  }

  /// How many sessions sleep on the mailbox.
  int size() {
    return sleepers.size();
  }
}
