package dormouse.imap.sleep;

import dormouse.backend.Priority;
import dormouse.config.HibernateSettings;
import dormouse.config.Watch;
import dormouse.feed.FeedState;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.MailboxView;
import dormouse.ops.EventLog;
import dormouse.session.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Watches one mailbox of one user for all sessions that sleep on it.
/// ```text
///                          ┌──────────────── reading ◀─── a word from the backend, a look, a sweep ────┐
/// closed ──▶ opening ──EXAMINE──▶ reading ──all told──▶ idling ──────────────────────────────────────────┤
///    ▲          │ cannot                  └──feeds──▶ lingering ──sync-linger──▶ resting ──▶ opening    │
///    └──retry───┘                                         └───────────────── a feed, a look ─────────────┘
/// ```
/// Where no feed tells of changes, or none any more, one backend connection stays in EXAMINE and IDLE. Where feeds do, a connection is opened
/// when one has told something, is kept for the next change for a while, unless a session that wakes needs it sooner ([#spare]), and at rest
/// there is none.
///
/// Whatever a feed says, or the backend while idling, only means "look": truth comes from reading the mailbox
/// ([MailboxReader]), and each sleeper hears the difference between that and its own view ([Sleepers]).
///
/// Lives on the user's event loop.
public final class MailboxWatch extends Timer implements WatchLogin.Host {
  private enum State {
    CLOSED,
    OPENING,
    READING,
    IDLING,
    /// Connected, in case that more changes.
    LINGERING,
    /// Not connected: a feed will tell.
    RESTING
  }

  /// What is done when its time has come.
  private enum Then {
    CLOSE_IF_UNUSED,
    OPEN,
    SWEEP,
    END_LINGER
  }

  private static final Duration LOOK_SOON = Duration.ofSeconds(1);
  private static final Duration LONGEST_IDLE = Duration.ofMinutes(28); // RFC 2177: under 29 minutes
  private static final EventLog LOG = EventLog.of(MailboxWatch.class);

  private final UserMailboxes home;
  private final String mailbox; // in modified UTF-7: this connection enables nothing
  private final Sleepers sleepers;
  private @Nullable WatchLogin login; // while there is more to it than a next try at once
  private State state = State.CLOSED;
  private @Nullable MailboxReader reader;
  private boolean again; // another reading is due behind the one that is under way
  private boolean
      lookSoon; // a change was read: without a feed Dovecot may be silent of another, before its
  // IDLE stands and by NOTIFY
  private boolean stirred; // the backend told of a change that has not been read
  private boolean ending; // DONE was said, or the backend ended the IDLE
  private long provenMillis;
  private Priority priority = Priority.SYNC; // of the next login, unless a client waits for it
  private long lingerUntilMillis;
  private Then then = Then.SWEEP;

  MailboxWatch(UserMailboxes home, String mailbox) {
    this.home = home;
    this.mailbox = mailbox;
    this.sleepers = new Sleepers(home.sessions());
  }

  @SuppressWarnings("EnumOrdinal") // nothing of it outlives the process
  MailboxWatch(
      FoldReader in,
      UserMailboxes home,
      String mailbox,
      Grant grant,
      Function<Sleeper, Sleeper.Listener> listener) {
    this(home, mailbox);
    state = State.RESTING;
    priority = Priority.values()[(int) in.number()];
    provenMillis = in.number();
    lingerUntilMillis = in.number();
    again = in.flag();
    lookSoon = in.flag();
    stirred = in.flag();
    long sweepMillis = in.number();
    sleepers.unfold(in, this, grant, listener);
    waitFor(Duration.ofMillis(sweepMillis - home.clock().millis()), Then.SWEEP);
  }

  /// Whether it can be [#fold]ed: it has no connection and wants none before its time comes or a feed tells.
  boolean folds(Grant grant) {
    return state == State.RESTING
        && reader == null
        && login == null
        && then == Then.SWEEP
        && isWaiting()
        && sleepers.folds(grant);
  }

  /// Its mailbox is written by its user. It waits for nothing any more.
  @SuppressWarnings("EnumOrdinal") // nothing of it outlives the process
  void fold(FoldWriter out) {
    Duration left = home.wheel().left(this);
    cancel();
    out.due(left);
    out.number(priority.ordinal());
    out.number(provenMillis);
    out.number(Math.max(0, lingerUntilMillis));
    out.flag(again);
    out.flag(lookSoon);
    out.flag(stirred);
    out.number(home.clock().millis() + left.toMillis());
    sleepers.fold(out);
  }

  Stream<Sleeper> sleepers() {
    return sleepers.stream();
  }

  /// A session has gone to sleep with this mailbox selected.
  void join(Sleeper sleeper) {
    sleepers.add(sleeper, this);
    if (!isCurrent(sleeper)) {
      look();
      return;
    }
    sleeper.behind = false;
    if (sleepers.size() > 1) {
      return;
    }
    switch (state) { // what was left for a while does not sweep
      case IDLING -> scheduleSweep();
      case CLOSED, LINGERING, RESTING -> rest();
      case OPENING, READING -> {}
    }
  }

  /// Whether the view with which a session comes is known to be the mailbox still.
  private boolean isCurrent(Sleeper sleeper) {
    return home.changes().epochs().of(mailbox) == sleeper.since().epoch()
        && (told() || (state == State.IDLING && !ending && !stirred && isRead(sleeper)));
  }

  /// Whether this watch would be told of a change of the mailbox, which is as the view.
  boolean isAt(MailboxView view) {
    return state == State.IDLING
        && !ending
        && !stirred
        && reader != null
        && reader.numbersChanges()
        && reader.isRead(view);
  }

  /// Whether changes are told without a connection of this watch.
  private boolean told() {
    return home.changes().heard(mailbox) == FeedState.UP;
  }

  /// Whether no connection shall be kept for it all the same.
  private boolean polls() {
    return home.backend().now().settings().watch() == Watch.POLL;
  }

  private boolean isRead(Sleeper sleeper) {
    return reader != null && reader.isRead(sleeper.view());
  }

  /// The session woke or ended.
  public void leave(Sleeper sleeper) {
    sleepers.remove(sleeper);
    if (sleepers.isEmpty()) {
      waitFor(home.settings().syncLinger(), Then.CLOSE_IF_UNUSED);
      if (login != null) {
        login.giveUp();
      }
      home.considerNotify();
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
    cancel();
    state = State.CLOSED;
    if (login != null) {
      login.abandon();
      login = null;
    }
    MailboxReader open = reader;
    reader = null;
    if (open != null) {
      open.leave(home.backend());
    }
  }

  /// Whether the sleeper's view is the mailbox as far as anyone has said. Of a server without mod-sequences that says
  /// little, unless a feed says it: some tell flag changes only when they are asked.
  public boolean proven(Sleeper sleeper) {
    long since = Math.max(sleeper.since().at().toEpochMilli(), provenMillis);
    return !sleeper.behind
        && hearsOfChanges()
        && since + home.settings().proofMax().toMillis() > home.clock().millis();
  }

  private boolean hearsOfChanges() {
    return told()
        || (state == State.IDLING && !ending && reader != null && reader.numbersChanges());
  }

  /// Reads the mailbox for a sleeper whose client waits; ends with [Sleeper.Listener#looked].
  public void look(Sleeper sleeper) {
    sleepers.waits(sleeper);
    if (login != null) {
      if (state == State.CLOSED) {
        login.encourage();
      }
      login.hurry();
    }
    look();
  }

  /// Something may have changed, and somebody wants to know now.
  public void look() {
    lingerUntilMillis = home.clock().millis() + home.settings().syncLinger().toMillis();
    read(Priority.SYNC);
  }

  private void sweep() {
    read(Priority.SWEEP);
  }

  /// @param urgency of the login, if there must be one
  private void read(Priority urgency) {
    switch (state) {
      case CLOSED, RESTING -> {
        priority = urgency;
        open();
      }
      case OPENING, READING -> again = true;
      case IDLING -> endIdle();
      case LINGERING -> {
        if (reader != null) {
          readAgain(reader);
        }
      }
    }
  }

  /// Something may have changed, somebody says.
  void stirred() {
    sleepers.doubt();
    if (state == State.OPENING || state == State.READING || sleepers.listening()) {
      look();
    }
  }

  /// The feeds have become reliable, or have ceased to be: who knows what they have not told.
  void feedTurned() {
    sleepers.doubt();
    again |= state == State.OPENING || state == State.READING; // what was read may be from before
    if (state == State.IDLING || state == State.LINGERING || state == State.RESTING) {
      double part = ThreadLocalRandom.current().nextDouble(); // of many watches, never all at once
      long millis = (long) (home.settings().poll().toMillis() * part);
      waitFor(Duration.ofMillis(millis), Then.SWEEP);
    }
  }

  private void open() {
    if (sleepers.isEmpty()) {
      closeIfUnused();
      return;
    }
    cancel();
    state = State.OPENING;
    login().begin(urgency());
  }

  private WatchLogin login() {
    WatchLogin there = login;
    if (there == null) {
      there = new WatchLogin(home.backend(), this);
      login = there;
    }
    return there;
  }

  @Override
  public Sleeper applicant() {
    return sleepers.first();
  }

  @Override
  public @Nullable Sleeper applicant(Grant grant) {
    return sleepers.first(grant);
  }

  @Override
  public void loggedIn(BackendConnection opened, Capabilities capabilities) {
    if (sleepers.isEmpty()) {
      home.backend().keep(opened, /* selected= */ false, /* afterLogout= */ false);
      closeIfUnused();
      return;
    }
    home.offers(capabilities);
    MailboxReader on = new MailboxReader(opened, BackendFeatures.of(capabilities), mailbox);
    reader = on;
    opened.onClose(() -> connectionLost(on));
    opened.onUnasked(_ -> {});
    begin(on);
  }

  @Override
  public void refused(Refusal refusal, Predicate<Sleeper> whom) {
    close();
    sleepers.lose(whom, refusal);
    open();
  }

  /// What was found where the user logged in cannot be right, unless it has been moved meanwhile: then the watch goes on at the new place.
  private void doubted(Refusal refusal, Predicate<Sleeper> whom) {
    close();
    if (sleepers.isEmpty()) { // they have woken meanwhile
      closeIfUnused();
      return;
    }
    state = State.OPENING;
    login().beginIfMoved(urgency(), refusal, whom);
  }

  private Priority urgency() {
    return sleepers.waiting() ? Priority.CLIENT : priority;
  }

  @Override
  public void failed(String why) {
    retryLater(why);
  }

  @Override
  public void broke(Throwable bug) {
    LOG.error(bug, "watch-failed", "mailbox", mailbox);
    retryLater(WatchLogin.BACKEND_DOWN);
  }

  /// A bug of ours: it ends this connection, not the watch.
  private @Nullable Void broke(MailboxReader on, Throwable bug) {
    LOG.error(bug, "watch-failed", "mailbox", mailbox);
    if (reader == on) {
      giveUp(on);
    }
    return null;
  }

  private void giveUp(MailboxReader on) {
    on.connection().close();
    connectionLost(on);
  }

  private void connectionLost(MailboxReader which) {
    if (which != reader) {
      return;
    }
    reader = null;
    if (state == State.LINGERING) {
      rest();
      return;
    }
    boolean nothingKnown = state == State.IDLING && !stirred;
    priority = nothingKnown ? Priority.SWEEP : Priority.SYNC;
    retryLater(WatchLogin.BACKEND_DOWN);
  }

  /// Goes on at another backend if the user has been sent away from this one, also in the middle of a reading. A login that is under way sees
  /// to that itself ([LoginAgain]).
  void rerouted() {
    MailboxReader open = reader;
    if (open != null && !home.backend().route().keeps(open.connection().backend())) {
      open.connection().leave();
      connectionLost(open);
    }
  }

  private void retryLater(String why) {
    state = State.CLOSED;
    sleepers.doubt();
    cancel();
    if (sleepers.isEmpty()) {
      home.forget(this);
      return;
    }
    home.metrics().sync(why, Duration.ZERO);
    waitFor(login().pause(sleepers.waiting()), Then.OPEN);
  }

  private void begin(MailboxReader on) {
    if (home.changes().asksForNamespaces(mailbox)) {
      askWhose(on, this::examine);
    } else {
      examine(on);
    }
  }

  /// Whose the mailbox is decides whether the feeds tell of it.
  private void askWhose(MailboxReader on, Consumer<MailboxReader> then) {
    home.changes()
        .askForNamespaces(
            on.connection(),
            line -> {
              on.hear(line);
              stirred |= MailboxReader.tellsOfChange(line);
            })
        .thenAccept(reply -> {
          if (reader == on && !reply.lost()) {
            then.accept(on);
          }
        })
        .exceptionally(bug -> broke(on, bug));
  }

  private void examine(MailboxReader on) {
    Proof begun = home.changes().proof(mailbox);
    List<Sleeper> served = sleepers.reading();
    again = false;
    on.examine()
        .thenAccept(reply -> {
          if (reply.lost() || reader != on) {
            return; // the end of the connection tries again
          }
          if (!reply.ok()) {
            Refusal refusal = Refusal.ofSelect(reply);
            if (refusal == null) {
              giveUp(on);
              return;
            }
            doubted(refusal, _ -> true);
            return;
          }
          Refusal strangeness = Sleepers.strangeness(served, on);
          if (strangeness != null) {
            doubted(strangeness, one -> strangeness.equals(on.refusal(one.view())));
            return;
          }
          state = State.READING;
          stirred = false;
          boolean expectsNothing = told(); // else it would have been told
          tell(on, served, begun, on.first(served, expectsNothing));
        })
        .exceptionally(bug -> broke(on, bug));
  }

  /// One more reading on the connection that stands.
  private void readAgain(MailboxReader on) {
    if (home.changes().asksForNamespaces(mailbox)) { // no feed had been heard when it was examined
      state = State.READING;
      askWhose(on, this::readAgain);
      return;
    }
    Proof begun = home.changes().proof(mailbox);
    List<Sleeper> served = sleepers.reading();
    boolean heard = stirred;
    state = State.READING;
    again = false;
    stirred = false;
    tell(on, served, begun, on.next(served, heard));
  }

  private void tell(
      MailboxReader on,
      List<Sleeper> served,
      Proof begun,
      CompletableFuture<MailboxReader.Reading> reading) {
    reading
        .thenAccept(outcome -> {
          if (reader != on) {
            return;
          }
          switch (outcome) {
            case MailboxReader.Reading.NothingNew _ -> {
              proven("nothing-new", begun.at());
              home.saw(mailbox, on.view(), begun);
              sleepers.nothingNew(served);
              rest(on);
            }
            case MailboxReader.Reading.Read read -> {
              proven("done", begun.at());
              if (told() && sleepers.surprised(served, on)) {
                home.changes().feeds().missed();
                home.changes().expectEvent();
              }
              again |= read.unsettled();
              if (!again) {
                home.saw(mailbox, on.view(), begun);
              }
              lookSoon = read.changed();
              sleepers.tell(served, on, read);
              rest(on);
            }
            case MailboxReader.Reading.Failed _ -> giveUp(on);
            case MailboxReader.Reading.Lost _ -> {} // the end of the connection tries again
          }
        })
        .exceptionally(bug -> broke(on, bug));
  }

  private void proven(String result, Instant begun) {
    provenMillis = begun.toEpochMilli();
    login = null; // it has served: the next pause is short again
    home.metrics().sync(result, Duration.between(begun, home.clock().instant()));
  }

  private void rest(MailboxReader on) {
    if (reader != on) {
      return;
    }
    if (again) {
      sleepers.doubt(); // what was heard while it was read may not be in it
    }
    if (again || sleepers.wantMore(on)) {
      readAgain(on);
      return;
    }
    sleepers.settle(on);
    if (told() || polls()) {
      rest();
      return;
    }
    idle(on);
  }

  private void idle(MailboxReader on) {
    state = State.IDLING;
    ending = false;
    scheduleSweep();
    if (!on.canIdle()) {
      return;
    }
    on.connection()
        .idle(line -> hearWhileIdle(on, line), () -> {})
        .thenAccept(reply -> idleEnded(on, reply))
        .exceptionally(bug -> broke(on, bug));
  }

  /// Lets the feeds tell when to go on; until then a connection that stands is kept for a while.
  private void rest() {
    MailboxReader open = reader;
    long linger = lingerUntilMillis - home.clock().millis();
    if (open != null && linger > 0) {
      state = State.LINGERING;
      waitFor(Duration.ofMillis(linger), Then.END_LINGER);
      return;
    }
    state = State.RESTING;
    reader = null;
    if (open != null) {
      open.leave(home.backend());
    }
    scheduleSweep();
    home.rests();
  }

  /// The connection that lingers, given up for a login for which it does; null if there is none.
  @Nullable BackendConnection spare(Predicate<BackendConnection> does) {
    MailboxReader open = reader;
    if (state != State.LINGERING || open == null || !does.test(open.connection())) {
      return null;
    }
    BackendConnection spare = open.lend(home.backend());
    if (spare != null) {
      state = State.RESTING;
      reader = null;
      scheduleSweep();
    }
    return spare;
  }

  private void endLinger() {
    if (state == State.LINGERING) {
      rest();
    }
  }

  private void scheduleSweep() {
    if (sleepers.isEmpty()) {
      waitFor(home.settings().syncLinger(), Then.CLOSE_IF_UNUSED);
      return;
    }
    HibernateSettings settings = home.settings();
    boolean tellsAll = !polls() && reader != null && reader.canIdle() && reader.numbersChanges();
    Duration period = told() || tellsAll ? settings.sweep() : settings.poll();
    boolean soon =
        lookSoon && (state == State.IDLING || home.changes().feeds().state() != FeedState.UP);
    Duration jittered = soon ? LOOK_SOON : Backoff.jitter(period);
    lookSoon = false;
    waitFor(jittered.compareTo(LONGEST_IDLE) < 0 ? jittered : LONGEST_IDLE, Then.SWEEP);
  }

  private void hearWhileIdle(MailboxReader on, ResponseLine line) {
    if (reader != on) {
      return;
    }
    on.hear(line);
    if (!MailboxReader.tellsOfChange(line)) {
      return;
    }
    stirred = true;
    stirred();
  }

  private void endIdle() {
    MailboxReader on = reader;
    if (ending || on == null) {
      return;
    }
    ending = true;
    if (on.canIdle()) {
      on.connection().done();
      return;
    }
    readAgain(on);
  }

  private void idleEnded(MailboxReader on, Reply reply) {
    if (reader != on || reply.lost()) {
      return;
    }
    if (!reply.ok()) {
      giveUp(on);
      return;
    }
    if (state == State.IDLING) {
      readAgain(on);
    }
  }

  private void waitFor(Duration delay, Then what) {
    cancel();
    then = what;
    home.wheel().set(this, delay);
  }

  @Override
  protected void due() {
    switch (then) {
      case CLOSE_IF_UNUSED -> closeIfUnused();
      case OPEN -> open();
      case SWEEP -> sweep();
      case END_LINGER -> endLinger();
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
