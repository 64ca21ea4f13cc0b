package dormouse.imap.sleep;

import dormouse.backend.Priority;
import dormouse.config.HibernateSettings;
import dormouse.config.Watch;
import dormouse.feed.FeedState;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.view.MailboxView;
import dormouse.ops.EventLog;
import dormouse.session.Timer;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Watches one mailbox of one user for all sessions that sleep on it.
/// ```text
///                ┌───────────a feed, a look, a sweep────────────┐
/// closed ──▶ opening ──▶ connected ──feeds, and sync-linger──▶ resting
///    ▲          │ cannot     │ lost
///    └──retry───┴────────────┘
/// ```
/// Where no feed tells of changes, or none any more, one backend connection stays in EXAMINE and IDLE. Where feeds do, a connection is opened
/// when one has told something, is kept for the next change for a while, unless a session that wakes needs it sooner ([#spare]), and at rest
/// there is none.
///
/// Whatever a feed says, or the backend while idling, only means "look": truth comes from reading the mailbox
/// ([WatchConnection]), and each sleeper hears the difference between that and its own view ([Sleepers]).
///
/// Lives on the user's event loop.
public final class MailboxWatch extends Timer implements WatchLogin.Host, WatchConnection.Host {
  private enum State {
    CLOSED,
    OPENING,
    /// Its [WatchConnection] reads, idles or lingers.
    CONNECTED,
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
  private @Nullable WatchConnection connection; // null unless CONNECTED
  private boolean
      lookSoon; // a change was read: without a feed Dovecot may be silent of another, before its
  // IDLE stands and by NOTIFY
  private long provenMillis = Proof.NEVER; // as the wheel counts
  private Priority priority = Priority.SYNC; // of the next login, unless a client waits for it
  private long lingerUntilMillis; // as the wheel counts
  private Then then = Then.SWEEP;

  MailboxWatch(UserMailboxes home, String mailbox) {
    this.home = home;
    this.mailbox = mailbox;
    this.sleepers = new Sleepers(home.sessions());
  }

  MailboxWatch(
      FoldReader in,
      UserMailboxes home,
      String mailbox,
      Grant grant,
      Function<Sleeper, Sleeper.Listener> listener) {
    this(home, mailbox);
    state = State.RESTING;
    provenMillis = Proof.unfoldMillis(in);
    lingerUntilMillis = in.number();
    long sweepMillis = in.number(); // as the wheel counts
    sleepers.unfold(in, this, grant, listener);
    waitFor(Duration.ofMillis(sweepMillis - home.wheel().millis()), Then.SWEEP);
  }

  /// Whether it can be [#fold]ed: it has no connection and wants none before its time comes or a feed tells.
  boolean folds(Grant grant) {
    return state == State.RESTING
        && login == null
        && then == Then.SWEEP
        && isWaiting()
        && sleepers.folds(grant);
  }

  /// Its mailbox is written by its user. It waits for nothing any more.
  void fold(FoldWriter out) {
    Duration left = home.wheel().left(this);
    cancel();
    out.due(left);
    Proof.foldMillis(out, provenMillis);
    out.number(lingerUntilMillis);
    out.number(home.wheel().millis() + left.toMillis());
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
    WatchConnection open = connection;
    if (open == null ? state != State.OPENING : open.lingers()) {
      rest(); // what was left for a while does not sweep
    } else if (open != null && !open.reads()) {
      scheduleSweep();
    }
  }

  /// Whether the view with which a session comes is known to be the mailbox still.
  private boolean isCurrent(Sleeper sleeper) {
    return home.changes().epochs().of(mailbox) == sleeper.since().epoch()
        && (told() || (connection != null && connection.isAt(sleeper.view())));
  }

  /// Whether this watch would be told of a change of the mailbox, which is as the view.
  boolean isAt(MailboxView view) {
    return connection != null && connection.hears() && connection.isAt(view);
  }

  @Override
  public boolean told() {
    return home.changes().heard(mailbox) == FeedState.UP;
  }

  /// Whether no connection shall be kept for it all the same.
  private boolean polls() {
    return home.backend().now().settings().watch() == Watch.POLL;
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

  /// The sessions of some end.
  void lose(Predicate<Sleeper> whom, Refusal refusal) {
    sleepers.lose(whom, refusal);
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
    letGo();
  }

  private void letGo() {
    WatchConnection open = connection;
    connection = null;
    if (open != null) {
      open.leave();
    }
  }

  /// Whether the sleeper's view is the mailbox as far as anyone has said. Of a server without mod-sequences that says
  /// little, unless a feed says it: some tell flag changes only when they are asked.
  public boolean proven(Sleeper sleeper) {
    Proof since = new Proof(0, Math.max(sleeper.since().atMillis(), provenMillis));
    return !sleeper.behind
        && hearsOfChanges()
        && since.isYoungerThan(home.settings().proofMax(), home.wheel().millis());
  }

  private boolean hearsOfChanges() {
    return told() || (connection != null && connection.hears());
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
    lingerUntilMillis = home.wheel().millis() + home.settings().syncLinger().toMillis();
    read(Priority.SYNC);
  }

  private void sweep() {
    read(Priority.SWEEP);
  }

  /// @param urgency of the login, if there must be one
  private void read(Priority urgency) {
    if (connection != null) {
      connection.look();
    } else if (state != State.OPENING) {
      priority = urgency;
      open();
    }
  }

  /// Something may have changed, somebody says.
  @Override
  public void stirred() {
    sleepers.doubt();
    if (reads() || sleepers.listening()) {
      look();
    }
  }

  /// Whether the mailbox is being read, or is about to be.
  private boolean reads() {
    return connection == null ? state == State.OPENING : connection.reads();
  }

  /// The feeds have become reliable, or have ceased to be: who knows what they have not told.
  void feedTurned() {
    sleepers.doubt();
    if (connection != null && connection.reads()) {
      connection.look(); // what was read may be from before
    } else if (connection != null || state == State.RESTING) {
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
    state = State.CONNECTED;
    connection =
        new WatchConnection(this, home, mailbox, sleepers, opened, capabilities.features());
    connection.begin();
  }

  @Override
  public void refused(Refusal refusal, Predicate<Sleeper> whom) {
    close();
    sleepers.lose(whom, refusal);
    open();
  }

  /// Unless the user has been moved meanwhile: then the watch goes on at the new place.
  @Override
  public void doubted(Refusal refusal, Predicate<Sleeper> whom) {
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
  public void failed(String why, Predicate<Sleeper> whom) {
    sleepers.lose(whom, Refusal.LOGIN);
    retryLater(why);
  }

  @Override
  public void broke(Throwable bug) {
    LOG.error(bug, "watch-failed", "mailbox", mailbox);
    retryLater(WatchLogin.BACKEND_DOWN);
  }

  @Override
  public void lost() {
    WatchConnection lost = connection;
    connection = null;
    if (lost == null || lost.lingers()) {
      rest();
      return;
    }
    priority = lost.knowsOfNothing() ? Priority.SWEEP : Priority.SYNC;
    retryLater(WatchLogin.BACKEND_DOWN);
  }

  /// Goes on at another backend if the user has been sent away from this one, also in the middle of a reading. A login that is under way sees
  /// to that itself ([LoginAgain]).
  void rerouted() {
    if (connection != null) {
      connection.rerouted();
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

  @Override
  public void proven(String result, Proof begun) {
    provenMillis = begun.atMillis();
    login = null; // it has served: the next pause is short again
    home.metrics().sync(result, Duration.ofMillis(home.wheel().millis() - provenMillis));
  }

  @Override
  public void changed(boolean byItself) {
    lookSoon = byItself;
  }

  @Override
  public void rests() {
    if (connection == null || told() || polls()) {
      rest();
      return;
    }
    connection.idle();
    scheduleSweep();
  }

  /// Lets the feeds tell when to go on; until then a connection that stands is kept for a while.
  private void rest() {
    long linger = lingerUntilMillis - home.wheel().millis();
    if (connection != null && linger > 0) {
      waitFor(Duration.ofMillis(linger), Then.END_LINGER);
      return;
    }
    state = State.RESTING;
    letGo();
    scheduleSweep();
    home.rests();
  }

  /// The connection that lingers, given up for a login for which it does; null if there is none.
  @Nullable BackendConnection spare(Predicate<BackendConnection> does) {
    BackendConnection spare = connection == null ? null : connection.spare(does);
    if (spare != null) {
      state = State.RESTING;
      connection = null;
      scheduleSweep();
    }
    return spare;
  }

  private void endLinger() {
    if (connection != null && connection.lingers()) {
      rest();
    }
  }

  private void scheduleSweep() {
    if (sleepers.isEmpty()) {
      waitFor(home.settings().syncLinger(), Then.CLOSE_IF_UNUSED);
      return;
    }
    HibernateSettings settings = home.settings();
    boolean tellsAll = !polls() && connection != null && connection.tellsAll();
    Duration period = told() || tellsAll ? settings.sweep() : settings.poll();
    boolean soon =
        lookSoon && (connection != null || home.changes().feeds().state() != FeedState.UP);
    Duration jittered = soon ? LOOK_SOON : Backoff.jitter(period);
    lookSoon = false;
    waitFor(jittered.compareTo(LONGEST_IDLE) < 0 ? jittered : LONGEST_IDLE, Then.SWEEP);
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
