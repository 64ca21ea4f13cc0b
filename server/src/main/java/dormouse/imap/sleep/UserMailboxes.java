package dormouse.imap.sleep;

import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Backend;
import dormouse.config.HibernateSettings;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feed;
import dormouse.feed.FeedState;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.ImapString;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.MailboxView;
import dormouse.ops.Metrics;
import dormouse.route.Route;
import dormouse.session.Client;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.Instant;
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
public final class UserMailboxes implements BackendFeeds.Listener, OwnWrites.Listener {
  private static final int ENOUGH_FOR_NOTIFY = 3;
  private static final String NAMESPACE = "* NAMESPACE ";
  private static final Duration NAMESPACE_AGAIN = Duration.ofMinutes(10);

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

    /// Who can serve the user, as settings and directory now say.
    Route route();

    /// Asks the directory what it says of the user now.
    ///
    /// @param client in whose name
    CompletableFuture<Resumption> askAgain(
        UserMailboxes all, Standing standing, Client client, String clientId);

    /// The directory sends the user elsewhere: from now on [#route] is that.
    void moved(UserMailboxes all, Resumption.Goes there);

    /// The directory does not: from now on [#route] is what it says, if that is the same place.
    void stays(UserMailboxes all, Resumption.Goes there);

    /// Neither a session nor a watch of the user is left.
    void unused(UserMailboxes all);

    /// Something has come to rest: perhaps all of it has now, and can be folded.
    default void rests() {}

    /// Who hears what feeds tell of the user.
    default BackendFeeds.Listener heardBy(UserMailboxes all) {
      return all;
    }
  }

  /// What is kept of answers, and stays as it is while the rest is folded. There is some where clients have asked for it.
  public record Beside(@Nullable StatusCache statuses, @Nullable ListCache lists) {}

  private final Surroundings in;
  private final Host host;
  private final UserSessions sessions;
  private final UserBackend backend;
  private List<MailboxWatch> watches = List.of(); // changes as a whole, for most have one
  private final Epochs epochs = new Epochs();
  private @Nullable Grant grant; // of the session that came last
  private @Nullable Timer echoes;
  // what many users never need, or not for long, is there when it is asked for
  private @Nullable OwnWrites writes;
  private @Nullable StatusCache statuses;
  private @Nullable ListCache lists;
  private @Nullable SelectCache selects;
  private @Nullable StatusDesk statusDesk;
  private BackendFeeds feeds;
  private @Nullable NotifyWatch notify;
  private boolean canNotify; // as far as the backend has said
  private @Nullable List<String> notTheirs; // prefixes of mailboxes that feeds tell to others
  private long namespacesRefusedMillis; // 0 if they have not been
  private boolean unused;
  private int turns; // of the feeds, as far as they were heard

  /// @param backend who serves the user now
  public UserMailboxes(Surroundings in, Host host, Backend backend) {
    this.in = in;
    this.host = host;
    this.sessions = new UserSessions(in);
    this.backend = new UserBackend(this, backend);
    this.feeds = in.feedsOf().apply(backend);
    feeds.subscribe(host.user(), host.heardBy(this));
    this.turns = feeds.turns(); // of those that come behind it is told
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
      @Nullable Beside beside,
      Grant grant,
      BiFunction<UserMailboxes, Sleeper, Sleeper.Listener> listener) {
    this.in = in;
    this.host = host;
    this.sessions = new UserSessions(in);
    this.backend = new UserBackend(this, backend);
    this.feeds = in.feedsOf().apply(backend);
    this.grant = grant;
    epochs.unfold(from);
    canNotify = from.flag();
    turns = (int) from.number();
    notTheirs = from.flag() ? from.texts() : null;
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
      selects().unfold(from);
    }
    if (from.flag()) {
      writes = new OwnWrites(from, epochs, clock(), this);
      forgetEchoes(); // those whose time has come meanwhile
    }
    if (beside != null) {
      statuses = beside.statuses();
      lists = beside.lists();
    }
    if (statuses != null) {
      statuses.of(this);
    }
    if (lists != null) {
      lists.of(this);
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
        && !missesTurn()
        && (writes == null || writes.rests())
        && (statuses == null || statuses.rests())
        && (selects == null || selects.folds())
        && (statusDesk == null || statusDesk.rests())
        && (notify == null || notify.rests())
        && watches.stream().allMatch(watch -> watch.folds(with));
  }

  /// Writes what is needed to make it again. It must not be used any more; its host goes on to hear the feeds.
  ///
  /// @return what stays as it is; null if nothing does
  public @Nullable Beside fold(FoldWriter out) {
    assert loop().inEventLoop();
    unused = true; // what may still come of a login that was given up does nothing
    epochs.fold(out);
    out.flag(canNotify);
    out.number(turns);
    out.flag(notTheirs != null);
    if (notTheirs != null) {
      out.alike(notTheirs);
    }
    out.number(watches.size());
    for (MailboxWatch watch : watches) {
      out.text(watch.mailbox());
      watch.fold(out);
    }
    sessions.fold(out);
    backend.fold(out);
    out.flag(selects != null);
    if (selects != null) {
      selects.fold(out);
    }
    OwnWrites written = writes == null || writes.isEmpty() ? null : writes;
    out.flag(written != null);
    if (written != null) {
      written.fold(out);
    }
    if (echoes != null && echoes.isWaiting()) {
      out.due(wheel().left(echoes));
      echoes.cancel();
    }
    StatusCache ofStatus = statuses == null || statuses.isEmpty() ? null : statuses;
    ListCache ofLists = lists == null || lists.isEmpty() ? null : lists;
    if (statuses != null) {
      statuses.of(null);
    }
    if (lists != null) {
      lists.of(null);
    }
    return ofStatus == null && ofLists == null ? null : new Beside(ofStatus, ofLists);
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

  /// A session of the user passes nothing on to the backend any more.
  ///
  /// @param session what the backend calls it
  /// @param allAnswered as for [OwnWrites#left]
  public void left(String session, boolean allAnswered) {
    writes().left(session, allAnswered);
    if (echoes == null || !echoes.isWaiting()) {
      awaitEchoes();
    }
  }

  private void awaitEchoes() {
    echoes = wheel().after(OwnWrites.ECHO.plusSeconds(1), this::forgetEchoes);
  }

  private void forgetEchoes() {
    echoes = null;
    writes().forgetOld();
    if (writes().awaitsEchoes()) {
      awaitEchoes();
    } else if (writes().isEmpty()) {
      writes = null;
    }
    rests();
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
    if (selects != null) {
      selects.saw(mailbox, view, since);
    }
  }

  /// A session of the user has finished a command that may have changed a mailbox: whoever sleeps there looks at once,
  /// without waiting for the backend to tell.
  ///
  /// @param mailbox as for [Epochs#of]; null if it may be any
  /// @param ok whether the backend said OK; what it refused may be done in part, but is nothing to be told in haste
  @Override
  public void wrote(@Nullable String mailbox, boolean ok) {
    epochs.next(mailbox);
    if (ok) {
      watching(mailbox).forEach(MailboxWatch::stirred);
    }
  }

  /// A mailbox of the user was changed just now, for sure: where feeds are said to tell, one must tell of it.
  public void expectEvent() {
    if (feeds.state() == FeedState.UP) {
      Instant now = clock().instant();
      wheel().after(Feed.WITHIN, () -> feeds.check(now));
    }
  }

  @Override
  public void changed(Feed by, @Nullable String named) {
    changed(by, named, null);
  }

  @Override
  public void changed(Feed by, @Nullable String named, @Nullable String session) {
    String mailbox = named == null ? null : ImapString.mailboxNamed(named);
    if (writes == null || !writes.isEcho(session, mailbox)) {
      epochs.next(mailbox);
    }
    watching(mailbox).forEach(MailboxWatch::stirred);
  }

  @Override
  public EventLoop toldOn() {
    return in.loop();
  }

  /// Whether the feeds have become reliable, or have ceased to be, and [#turned] has not been heard yet.
  public boolean missesTurn() {
    return turns != feeds.turns();
  }

  @Override
  public void turned() {
    turns = feeds.turns();
    considerNotify();
    listens();
  }

  /// What tells of changes does so from now on, or no more.
  void listens() {
    epochs.next(null); // what was heard or not until now proves nothing about what comes
    watching(null).forEach(MailboxWatch::feedTurned);
  }

  /// @param mailbox in modified UTF-7 as an IMAP string; null: any
  void mayHaveChanged(@Nullable String mailbox) {
    epochs.next(mailbox);
    watching(mailbox).forEach(MailboxWatch::stirred);
  }

  /// Somebody of the user who sleeps; there must be one.
  Sleeper anySleeper() {
    return watching(null).getFirst().applicant();
  }

  /// The same of one grant; null if there is none.
  @Nullable Sleeper anySleeper(Grant of) {
    return sleepers().filter(one -> one.grant == of).findFirst().orElse(null);
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
    boolean wanted = canNotify && feeds.state() != FeedState.UP && watching(null).size() >= least;
    if (notify == null) {
      if (!wanted) {
        return;
      }
      notify = new NotifyWatch(this);
    }
    notify.want(wanted);
  }

  private List<MailboxWatch> watching(@Nullable String mailbox) {
    return watches.stream()
        .filter(watch -> mailbox == null || Epochs.key(watch.mailbox()).equals(Epochs.key(mailbox)))
        .filter(watch -> watch.size() > 0)
        .toList();
  }

  /// What is known of when mailboxes may have changed.
  public Epochs epochs() {
    return epochs;
  }

  /// What the user's sessions are just changing.
  public OwnWrites writes() {
    OwnWrites there = writes;
    if (there == null) {
      there = new OwnWrites(epochs, clock(), this);
      writes = there;
    }
    return there;
  }

  /// What is kept of the answers to STATUS.
  public StatusCache statuses() {
    StatusCache there = statuses;
    if (there == null) {
      there = new StatusCache(this, in.room());
      statuses = there;
    }
    return there;
  }

  /// What is kept of the answers to LIST, LSUB and NAMESPACE.
  public ListCache lists() {
    ListCache there = lists;
    if (there == null) {
      there = new ListCache(this, in.room());
      lists = there;
    }
    return there;
  }

  /// What is kept of the answers to SELECT and EXAMINE.
  public SelectCache selects() {
    SelectCache there = selects;
    if (there == null) {
      there = new SelectCache(this, in.room());
      selects = there;
    }
    return there;
  }

  /// Whether a connection that would tell of changes waits at a mailbox that is as this view.
  boolean watches(String mailbox, MailboxView view) {
    return watches.stream()
        .anyMatch(watch -> Epochs.key(watch.mailbox()).equals(mailbox) && watch.isAt(view));
  }

  /// Whether feeds tell of every mailbox that the user can see: there are none of others.
  boolean hearsOfAll() {
    return feeds.state() == FeedState.UP && notTheirs != null && notTheirs.isEmpty();
  }

  /// Where sleeping sessions ask for STATUS.
  public StatusDesk statusDesk() {
    StatusDesk there = statusDesk;
    if (there == null) {
      there = new StatusDesk(this);
      statusDesk = there;
    }
    return there;
  }

  /// A proof that begins now.
  Proof proof(String mailbox) {
    return new Proof(epochs.of(mailbox), clock().instant());
  }

  /// The same of what a backend says; if the user is not [UserBackend#isAt] it, what it says is old at once.
  Proof proof(String mailbox, Backend by) {
    return backend.isAt(by) ? proof(mailbox) : Proof.STALE;
  }

  /// How far the feeds tell of a mailbox. A mailbox of somebody else, or of all, changes in other users' names: of it they
  /// tell nothing.
  ///
  /// @param mailbox as for [Epochs#of]
  public FeedState heard(String mailbox) {
    if (!mailbox.equals("INBOX") && !isTheirs(mailbox)) {
      return FeedState.UNHEARD;
    }
    return notify != null && notify.listening() ? FeedState.UP : feeds.state();
  }

  private boolean isTheirs(String mailbox) {
    return notTheirs != null && notTheirs.stream().noneMatch(mailbox::startsWith);
  }

  /// Whether feeds tell of the user's own mailboxes, and it is not known yet whether this is one.
  public boolean asksForNamespaces() {
    return asksForNamespaces("");
  }

  /// The same of one mailbox.
  public boolean asksForNamespaces(String mailbox) {
    return notTheirs == null
        && !mailbox.equals("INBOX")
        && feeds.state() != FeedState.UNHEARD
        && clock().millis() >= namespacesRefusedMillis + NAMESPACE_AGAIN.toMillis();
  }

  /// Learns from a response to NAMESPACE (RFC 2342) which mailboxes are not the user's own; returns whether it is one.
  public boolean hearNamespaces(ResponseLine line) {
    if (!line.text().regionMatches(true, 0, NAMESPACE, 0, NAMESPACE.length())) {
      return false;
    }
    namespaces(Namespaces.foreign(line.text().substring(NAMESPACE.length())));
    return true;
  }

  /// NAMESPACE has its reply. A backend that told nothing, or does not know the command, has no mailboxes of others; one that refuses has
  /// told nothing yet, and is asked again later.
  public void namespacesAsked(Reply reply) {
    if (notTheirs != null) {
      return;
    }
    switch (reply.status()) {
      case OK, BAD -> notTheirs = List.of();
      default -> namespacesRefusedMillis = clock().millis();
    }
  }

  /// @param prefixes of mailboxes that are not the user's own, each as a quoted string without its closing quote
  void namespaces(List<String> prefixes) {
    notTheirs = List.copyOf(prefixes);
  }

  /// Those of the backend.
  public BackendFeeds feeds() {
    return feeds;
  }

  /// A connection that looks after sleepers, and that nobody needs just now.
  @Nullable BackendConnection spare(Predicate<BackendConnection> does) {
    for (MailboxWatch watch : watches) {
      BackendConnection spare = watch.spare(does);
      if (spare != null) {
        return spare;
      }
    }
    return statusDesk == null ? null : statusDesk.spare(does);
  }

  /// Another server serves the user now.
  void servedBy(Backend other) {
    feeds.unsubscribe(host.user(), host.heardBy(this));
    feeds = in.feedsOf().apply(other);
    feeds.subscribe(host.user(), host.heardBy(this));
    epochs.next(null); // what its feeds have told meanwhile was not heard
    if (notify != null) {
      notify.servedBy(other);
    }
    if (statusDesk != null) {
      statusDesk.servedBy(other);
    }
    if (lists != null) {
      lists.clear();
    }
    if (selects != null) {
      selects.clear();
    }
    turned();
  }

  /// Settings or directory say otherwise who serves the user: what looks after sleepers leaves a backend that does so no more.
  public void rerouted() {
    assert loop().inEventLoop();
    watching(null).forEach(MailboxWatch::rerouted);
    if (!backend.route().keeps(backend.now())) {
      closeNotify();
      if (statusDesk != null) {
        statusDesk.close();
      }
    }
  }

  private void closeNotify() {
    if (notify != null) {
      notify.close();
    }
  }

  private void forgetAnswers() {
    if (statusDesk != null) {
      statusDesk.close();
    }
    if (statuses != null) {
      statuses.clear();
    }
    if (selects != null) {
      selects.clear();
    }
    if (lists != null) {
      lists.clear();
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
        feeds.unsubscribe(host.user(), host.heardBy(this));
        forgetAnswers();
        host.unused(this);
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
