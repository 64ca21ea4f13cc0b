package dormouse.imap.sleep;

import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Backend;
import dormouse.config.HibernateSettings;
import dormouse.feed.BackendFeeds;
import dormouse.feed.FeedState;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.view.MailboxView;
import dormouse.ops.Metrics;
import dormouse.route.Route;
import dormouse.session.Client;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The mailboxes of one user on which sessions sleep, each watched once.
///
/// Lives on the user's event loop.
public final class UserMailboxes {
  private static final int ENOUGH_FOR_NOTIFY = 3;

  /// What all users of a loop have in common.
  ///
  /// @param pool of the loop
  /// @param feedsOf what is told of a backend
  /// @param room for what is kept of answers, of all users
  public record Surroundings(
      ConnectionPool pool,
      Function<Backend, BackendFeeds> feedsOf,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics,
      KeptBytes everybodysBytes,
      HibernateSettings settings,
      InstantSource clock,
      StatusRoom room) {}

  /// Who the user is.
  public interface Host {
    /// With whose credentials clients log in.
    String login();

    /// Whose mailboxes they are, as the client names itself.
    String user();

    /// The user's one name, by which limits and logs go.
    String name();

    /// Who can serve the user, as settings and directory now say.
    Route route();

    /// Asks the directory what it says of the user now.
    ///
    /// @param client in whose name
    CompletableFuture<Resumption> askAgain(Standing standing, Client client, String clientId);

    /// The directory sends the user elsewhere: from now on [#route] is that.
    void moved(Resumption.Goes there);

    /// The directory does not: from now on [#route] is what it says, if that is the same place.
    void stays(Resumption.Goes there);

    /// Neither a session nor a watch of the user is left.
    void unused();

    /// Something has come to rest: perhaps all of it has now, and can be folded.
    default void rests() {}

    /// Who hears what feeds tell of the user.
    default BackendFeeds.Listener heardBy(Changes changes) {
      return changes;
    }
  }

  private final Surroundings in;
  private final Host host;
  private final UserSessions sessions;
  private final UserBackend backend;
  private final Changes changes;
  private List<MailboxWatch> watches = List.of(); // changes as a whole, for most have one
  private @Nullable Grant grant; // of the session that came last
  // what many users never need, or not for long, is there when it is asked for
  private @Nullable Answers answers;
  private @Nullable NotifyWatch notify;
  private boolean canNotify; // as far as the backend has said
  private boolean unused;

  /// @param backend who serves the user now
  public UserMailboxes(Surroundings in, Host host, Backend backend) {
    this.in = in;
    this.host = host;
    this.sessions = new UserSessions(in);
    this.backend = new UserBackend(this, backend);
    this.changes = new Changes(this, in.feedsOf().apply(backend));
    changes.listen();
  }

  /// Unfolds. It is not told by the feeds until its host lets it ([BackendFeeds#leave]).
  ///
  /// @param from what [#fold] has written
  /// @param beside what it has returned
  /// @param grant of all sessions
  /// @param listener of each sleeper, in the order of [#sleepers]
  public UserMailboxes(
      Surroundings in,
      Host host,
      Backend backend,
      FoldReader from,
      Answers.@Nullable Beside beside,
      Grant grant,
      BiFunction<UserMailboxes, Sleeper, Sleeper.Listener> listener) {
    this.in = in;
    this.host = host;
    this.sessions = new UserSessions(in);
    this.backend = new UserBackend(this, backend);
    this.changes = new Changes(this, in.feedsOf().apply(backend));
    this.grant = grant;
    changes.unfold(from);
    canNotify = from.flag();
    MailboxWatch[] all = new MailboxWatch[(int) from.number()];
    for (int i = 0; i < all.length; i++) {
      String mailbox = in.room().name(from.text());
      all[i] =
          new MailboxWatch(from, this, mailbox, grant, sleeper -> listener.apply(this, sleeper));
    }
    watches = List.of(all);
    sessions.unfold(from, sleeping());
    this.backend.unfold(from);
    if (from.flag()) {
      answers().unfold(from, beside);
    }
  }

  /// Those who sleep with a mailbox selected, in the order in which they are folded.
  public Stream<Sleeper> sleepers() {
    return watches.stream().flatMap(MailboxWatch::sleepers);
  }

  private int sleeping() {
    int count = 0;
    for (MailboxWatch watch : watches) {
      count += watch.size();
    }
    return count;
  }

  /// Whether nothing is under way, and no session is awake or without a mailbox: then it can be [#fold]ed.
  ///
  /// @param with the grant that all sessions must have
  public boolean folds(Grant with) {
    return sessions.asleep() > 0
        && sessions.awake() == 0
        && sessions.asleep() == sleeping()
        && backend.rests()
        && grant == with
        && changes.rests()
        && (answers == null || answers.rests())
        && (notify == null || notify.rests())
        && watches.stream().allMatch(watch -> watch.folds(with));
  }

  /// Writes what is needed to make it again. It must not be used any more; its host goes on to hear the feeds.
  ///
  /// @return what stays as it is; null if nothing does
  public Answers.@Nullable Beside fold(FoldWriter out) {
    assert loop().inEventLoop();
    unused = true; // what may still come of a login that was given up does nothing
    changes.fold(out);
    out.flag(canNotify);
    out.number(watches.size());
    for (MailboxWatch watch : watches) {
      out.text(watch.mailbox());
      watch.fold(out);
    }
    sessions.fold(out);
    backend.fold(out);
    out.flag(answers != null);
    return answers == null ? null : answers.fold(out);
  }

  /// Something of the user has come to rest.
  public void rests() {
    host.rests();
  }

  /// A session of the user has begun.
  public void enter() {
    sessions.enter();
  }

  /// The leave that a session of the user has brought, or the same that another has.
  public Grant sharing(Grant brought) {
    Grant before = grant;
    if (before != null && before.share(brought)) {
      return before;
    }
    grant = brought;
    return brought;
  }

  /// A session of the user has ended.
  public void exit() {
    sessions.exit();
    checkUnused();
    rests();
  }

  /// Sets a sleeper before the watch of its mailbox.
  public MailboxWatch join(Sleeper sleeper) {
    assert loop().inEventLoop();
    MailboxWatch watch = watchOf(sleeper.told().nameInUtf7());
    watch.join(sleeper);
    saw(watch.mailbox(), sleeper.view(), sleeper.since());
    considerNotify();
    return watch;
  }

  private MailboxWatch watchOf(String mailbox) {
    for (MailboxWatch watch : watches) {
      if (watch.mailbox().equals(mailbox)) {
        return watch;
      }
    }
    MailboxWatch watch = new MailboxWatch(this, in.room().name(mailbox));
    watches = List.copyOf(Stream.concat(watches.stream(), Stream.of(watch)).toList());
    return watch;
  }

  /// A mailbox was read: as for [SelectCache#saw].
  void saw(String mailbox, @Nullable MailboxView view, Proof since) {
    if (answers != null) {
      answers.saw(mailbox, view, since);
    }
  }

  /// A mailbox may have changed: whoever sleeps there looks.
  ///
  /// @param mailbox as for [Epochs#of]; null: any
  void stirred(@Nullable String mailbox) {
    watching(mailbox).forEach(MailboxWatch::stirred);
  }

  /// What tells of changes does so from now on, or no more.
  void feedTurned() {
    watching(null).forEach(MailboxWatch::feedTurned);
  }

  /// Somebody of the user who sleeps; there must be one.
  Sleeper anySleeper() {
    return watching(null).getFirst().applicant();
  }

  /// The same of one grant; null if there is none.
  @Nullable Sleeper anySleeper(Grant of) {
    return sleepers().filter(one -> one.grant == of).findFirst().orElse(null);
  }

  /// The sessions of some who sleep with a mailbox selected end.
  void lose(Predicate<Sleeper> whom, Refusal refusal) {
    watches.forEach(watch -> watch.lose(whom, refusal));
  }

  /// What the backend offers this user.
  void offers(Capabilities capabilities) {
    canNotify = NotifyWatch.can(capabilities);
    considerNotify();
  }

  /// Whether one connection shall stand for those of the watches: with hysteresis, for it costs a login.
  void considerNotify() {
    int least =
        switch (backend.now().settings().watch()) {
          case AUTO ->
              notify != null && notify.wanted() ? ENOUGH_FOR_NOTIFY - 1 : ENOUGH_FOR_NOTIFY;
          case NOTIFY -> 1;
          case IDLE, POLL -> Integer.MAX_VALUE;
        };
    boolean wanted =
        canNotify && changes.feeds().state() != FeedState.UP && watching(null).size() >= least;
    if (notify == null) {
      if (!wanted) {
        return;
      }
      notify = new NotifyWatch(this);
    }
    notify.want(wanted);
  }

  /// Whether one connection tells of all mailboxes of the user's own.
  boolean notified() {
    return notify != null && notify.listening();
  }

  private List<MailboxWatch> watching(@Nullable String mailbox) {
    return watches.stream()
        .filter(watch -> mailbox == null || Epochs.key(watch.mailbox()).equals(Epochs.key(mailbox)))
        .filter(watch -> watch.size() > 0)
        .toList();
  }

  /// Whether a connection that would tell of changes waits at a mailbox that is as this view.
  boolean watches(String mailbox, MailboxView view) {
    return watches.stream()
        .anyMatch(watch -> Epochs.key(watch.mailbox()).equals(mailbox) && watch.isAt(view));
  }

  /// A connection that looks after sleepers, and that nobody needs just now.
  @Nullable BackendConnection spare(Predicate<BackendConnection> does) {
    for (MailboxWatch watch : watches) {
      BackendConnection spare = watch.spare(does);
      if (spare != null) {
        return spare;
      }
    }
    return answers == null ? null : answers.spare(does);
  }

  /// Another server serves the user now.
  void servedBy(Backend other) {
    changes.listenTo(in.feedsOf().apply(other));
    if (notify != null) {
      notify.servedBy(other);
    }
    if (answers != null) {
      answers.servedBy(other);
    }
    changes.turned();
  }

  /// Settings or directory say otherwise who serves the user: what looks after sleepers leaves a backend that does so no more.
  public void rerouted() {
    assert loop().inEventLoop();
    watching(null).forEach(MailboxWatch::rerouted);
    if (!backend.route().keeps(backend.now())) {
      closeNotify();
      if (answers != null) {
        answers.hush();
      }
    }
  }

  private void closeNotify() {
    if (notify != null) {
      notify.close();
    }
  }

  void forget(MailboxWatch watch) {
    watches = List.copyOf(watches.stream().filter(other -> !other.equals(watch)).toList());
    checkUnused();
    rests();
  }

  /// Whether neither a session nor a watch is left, or all of it has been folded.
  boolean isUnused() {
    return unused;
  }

  private void checkUnused() {
    if (sessions.count() == 0 && sleeping() == 0) {
      watches.forEach(MailboxWatch::close);
      watches = List.of();
      closeNotify();
      if (!unused) {
        unused = true;
        changes.leave();
        if (answers != null) {
          answers.clear();
        }
        host.unused();
      }
    }
  }

  public UserSessions sessions() {
    return sessions;
  }

  public UserBackend backend() {
    return backend;
  }

  Host host() {
    return host;
  }

  public Changes changes() {
    return changes;
  }

  /// What is kept of the backend's answers.
  public Answers answers() {
    Answers there = answers;
    if (there == null) {
      there = new Answers(this);
      answers = there;
    }
    return there;
  }

  public Surroundings surroundings() {
    return in;
  }

  public EventLoop loop() {
    return in.loop();
  }

  public TimerWheel wheel() {
    return in.wheel();
  }

  public Metrics metrics() {
    return in.metrics();
  }

  public HibernateSettings settings() {
    return in.settings();
  }

  public InstantSource clock() {
    return in.clock();
  }
}
