package dormouse.imap;

import dormouse.auth.Credentials;
import dormouse.auth.LoginDecision;
import dormouse.auth.LoginResult;
import dormouse.auth.Logins;
import dormouse.auth.MasterUser;
import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Backend;
import dormouse.backend.Priority;
import dormouse.config.HibernateSettings;
import dormouse.config.ImapSettings;
import dormouse.config.LimitsSettings;
import dormouse.directory.Attempt;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feeds;
import dormouse.imap.backend.Applicant;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendLogin;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.LoginTry;
import dormouse.imap.backend.Referral;
import dormouse.imap.backend.Wish;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.KeptBytes;
import dormouse.imap.sleep.StatusRoom;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.listen.EventLoops;
import dormouse.listen.Presence;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import dormouse.route.Route;
import dormouse.route.Router;
import dormouse.route.Wanted;
import dormouse.session.Client;
import dormouse.session.Timer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Brings clients to their users: lets the directory decide who each is and which backend serves it, moves its channel to the
/// user's event loop, logs in at the backend, and begins the session.
///
/// [#attempt] runs on the client's loop, everything behind it on the user's.
public final class ImapUsers implements ImapLogin {
  /// What one loop has.
  ///
  /// @param users who are not folded
  /// @param beside users who were moved to where another is already of the same name: nobody finds them who logs in
  /// @param folded null if nobody is
  private record Here(
      ConnectionPool pool,
      Map<ImapUser, ImapUser> users,
      Set<ImapUser> beside,
      @Nullable FoldedUsers folded) {}

  /// How often one login is sent on from backend to backend.
  private static final int MOST_REFERRALS = 3;

  private static final EventLog LOG = EventLog.of(ImapUsers.class);
  private static final LoginResult TOO_MANY = new LoginResult.Unavailable(LoginResult.Cause.FULL);

  private volatile @Nullable Logins logins;
  private volatile @Nullable Router router;
  private volatile Map<String, MasterUser> masters = Map.of();
  private final Function<String, @Nullable MasterUser> masterOf;
  private final Function<Backend, BackendFeeds> feedsOf;
  private final EventLoops loops;
  private final Parkings parkings;
  private volatile ImapSettings imap = ImapSettings.DEFAULT;
  private volatile HibernateSettings settings = HibernateSettings.DEFAULT;
  private volatile LimitsSettings limits = LimitsSettings.DEFAULT;
  private final InstantSource clock;
  private final Metrics metrics;
  private final StatusRoom statusRoom;
  private final KeptBytes keptBytes;
  private final Map<EventLoop, Here> here = new HashMap<>();
  private final Map<EventLoop, UserMailboxes.Surroundings> surroundings = new ConcurrentHashMap<>();
  private final ImapSessions sessions;

  public ImapUsers(
      Feeds feeds, EventLoops loops, Parkings parkings, InstantSource clock, Metrics metrics) {
    this.parkings = parkings;
    this.masterOf = name -> masters.get(name);
    this.feedsOf = backend -> feeds.of(backend.name());
    this.loops = loops;
    this.clock = clock;
    this.metrics = metrics;
    this.keptBytes = new KeptBytes(Runtime.getRuntime().maxMemory(), metrics);
    this.statusRoom = new StatusRoom(metrics);
    this.sessions = new ImapSessions(this, loops, parkings, clock);
    loops
        .all()
        .forEach(loop ->
            here.put(
                loop,
                new Here(
                    new ConnectionPool(loop, loops.wheel(loop), metrics),
                    new HashMap<>(),
                    Collections.newSetFromMap(new IdentityHashMap<>()),
                    folding(loop))));
  }

  private @Nullable FoldedUsers folding(EventLoop loop) {
    Parking parking = parkings.of(loop);
    if (parking == null) {
      return null;
    }
    try {
      return new FoldedUsers(this, loop, parking, loops.wheel(loop), metrics);
    } catch (IOException e) {
      LOG.warn("unfolded", "reason", e.getMessage());
      return null;
    }
  }

  /// Whoever logs in from now on is decided on by these, and whoever sleeps wakes where this router says. To be called before the first
  /// login; any thread.
  ///
  /// @param masters who logs users in again, by the names of the backends that have one
  public void serve(
      Logins logins,
      Router router,
      Map<String, MasterUser> masters,
      ImapSettings imap,
      HibernateSettings hibernate,
      LimitsSettings limits) {
    this.imap = imap;
    statusRoom.serve(imap.statusCache());
    this.settings = hibernate;
    this.masters = Map.copyOf(masters);
    this.limits = limits;
    this.router = router;
    this.logins = logins;
    here.forEach((loop, its) ->
        loop.execute(() -> {
          its.pool().clear();
          List.copyOf(its.users().values()).forEach(ImapUser::rerouted);
          List.copyOf(its.beside()).forEach(ImapUser::rerouted);
        }));
  }

  @Override
  public void attempt(ImapDialogue dialogue, String tag, Attempt attempt) {
    EventLoop loop = dialogue.channel().eventLoop();
    Objects.requireNonNull(logins, "nobody is served yet")
        .decide(attempt, dialogue, loop, loops.wheel(loop))
        .whenComplete((decision, bug) -> {
          attempt.proof().wipe();
          if (bug != null) {
            failed(dialogue, tag, bug);
            return;
          }
          switch (decision) {
            case LoginDecision.Refused(var result, var last) -> dialogue.refuse(tag, result, last);
            case LoginDecision.Admitted admitted -> moveHome(dialogue, tag, admitted);
          }
        });
  }

  private void moveHome(ImapDialogue dialogue, String tag, LoginDecision.Admitted admitted) {
    EventLoop home = loops.loopOf(admitted.user());
    Channel channel = dialogue.channel();
    if (home.inEventLoop()) {
      login(dialogue, tag, admitted, home, 0);
      return;
    }
    channel
        .deregister()
        .addListener(left -> {
          if (!channel
              .isOpen()) { // closed on its way out, when its pipeline had been taken apart already
            lost(dialogue, admitted);
            return;
          }
          home.register(channel)
              .addListener(come -> {
                if (come.isSuccess()) {
                  login(dialogue, tag, admitted, home, 0);
                } else { // it has been closed, and says so to nobody
                  lost(dialogue, admitted);
                }
              });
        });
  }

  private static void lost(ImapDialogue dialogue, LoginDecision.Admitted admitted) {
    admitted.credentials().wipe();
    dialogue.gone();
  }

  /// @param referrals how often a backend has sent the user on to another
  private void login(
      ImapDialogue dialogue,
      String tag,
      LoginDecision.Admitted admitted,
      EventLoop loop,
      int referrals) {
    if (sessions.areNearlyOver()) { // its loop has told all others so, maybe
      dialogue.shutDownNow();
    }
    if (!dialogue.waits()) {
      admitted.credentials().wipe();
      return;
    }
    Client client = dialogue.client().withForwarded(admitted.forwarded());
    List<Backend> backends = admitted.route().order(servedBy(new ImapUser(this, admitted, loop)));
    Wish wish =
        new Wish(
            admitted.credentials().user(),
            admitted.credentials().owner(),
            client,
            "session",
            dialogue.doubted() ? Priority.DOUBTED : Priority.CLIENT,
            admitted.user(),
            backend -> open(admitted, backend),
            standing(admitted),
            Set.of());
    if (beginsAsleep(dialogue, tag, admitted, backends.getFirst(), wish)) {
      admitted.credentials().wipe();
      return;
    }
    LoginTry login =
        LoginTry.begin(
            poolOf(loop),
            ConnectionPool.Spares.NONE,
            backends,
            admitted.route().approach(),
            wish,
            backend -> {
              Credentials credentials = open(admitted, backend);
              return credentials == null
                  ? null
                  : new Applicant(client, dialogue.clientId(), credentials);
            });
    Timer patience =
        loops.wheel(loop).after(backends.getFirst().settings().answerTimeout(), login::giveUp);
    ChannelFutureListener clientGone = _ -> login.giveUp();
    dialogue.channel().closeFuture().addListener(clientGone);
    login
        .outcome()
        .whenComplete((outcome, bug) -> {
          patience.cancel();
          dialogue.channel().closeFuture().removeListener(clientGone); // it would keep the login
          if (bug != null) {
            failed(dialogue, tag, bug);
          } else {
            LoginDecision.Admitted elsewhere = referred(admitted, outcome);
            if (elsewhere != null && referrals < MOST_REFERRALS) {
              login(dialogue, tag, elsewhere, loop, referrals + 1);
              return; // with the credentials
            }
            switch (outcome) {
              case BackendLogin.Outcome.Failed _ when elsewhere != null ->
                  dialogue.refuse(tag, new LoginResult.Unavailable(LoginResult.Cause.LOOP));
              case BackendLogin.Outcome.Failed(var result) -> dialogue.refuse(tag, result);
              case BackendLogin.Outcome.LoggedIn(var connection, var capabilities) -> {
                if (dialogue.waits()) {
                  begin(dialogue, tag, admitted, connection.backend(), capabilities, connection);
                } else {
                  connection.leave();
                }
              }
            }
          }
          admitted.credentials().wipe();
        });
  }

  private static Wish.Standing standing(LoginDecision.Admitted admitted) {
    if (admitted.proven()) {
      return Wish.Standing.PROVEN;
    }
    return admitted.credentials().token() ? Wish.Standing.NEW : Wish.Standing.SHOWN;
  }

  /// The same login at the backend to which this one has referred it; null if it has not, if that is for another user, or if it is no backend
  /// of the settings: then the client is told.
  private LoginDecision.@Nullable Admitted referred(
      LoginDecision.Admitted admitted, BackendLogin.Outcome outcome) {
    Referral to =
        outcome instanceof BackendLogin.Outcome.Failed(var result) ? Referral.of(result) : null;
    Router now = router;
    Credentials who = admitted.credentials();
    if (to == null || now == null || !to.isFor(who.user(), who.owner())) {
      return null;
    }
    Wanted wanted = admitted.wanted().at(to.host(), to.port());
    Route route = now.route(wanted);
    if (route == null) {
      return null;
    }
    LOG.debug("referred", "user", admitted.user(), "backend", route.place());
    return admitted.at(wanted, route);
  }

  /// What logs the client in at a backend, once; null if nothing does: it takes no tokens, and has no master user.
  private @Nullable Credentials open(LoginDecision.Admitted admitted, Backend backend) {
    boolean tokenOfNoUse =
        admitted.credentials().token() && !admitted.route().approach().showsTokens(backend);
    MasterUser master = admitted.byMaster() || tokenOfNoUse ? masters.get(backend.name()) : null;
    if (master != null) {
      return master.as(admitted.credentials().owner());
    }
    return tokenOfNoUse ? null : admitted.credentials().copy();
  }

  private static void failed(ImapDialogue dialogue, String tag, Throwable bug) {
    LOG.error(bug, "login-failed", "session", dialogue.client().sessionId());
    dialogue.refuse(tag, new LoginResult.Unavailable(LoginResult.Cause.REFUSED));
  }

  /// Lets a client in whose very login the backend has let in just now, so that it would be lent a connection if one were kept: it has none before it
  /// asks for what takes one. Not if it could not sleep, nor if the backend is known not to serve: then the login is told so.
  ///
  /// @return whether that was the answer to its login
  private boolean beginsAsleep(
      ImapDialogue dialogue, String tag, LoginDecision.Admitted admitted, Backend at, Wish wish) {
    boolean sleeps =
        settings.enabled()
            && at.health().failingFor().isZero()
            && Grant.isPossible(admitted.credentials(), at, masterOf, settings.keepPassword());
    Capabilities offered =
        sleeps
            ? poolOf(dialogue.channel().eventLoop())
                .letInLately(at, admitted.route().approach(), wish)
            : null;
    if (offered == null
        || !mayHaveOneMore(new ImapUser(this, admitted, dialogue.channel().eventLoop()))) {
      return false;
    }
    begin(dialogue, tag, admitted, at, offered, null);
    return true;
  }

  /// Whether its sessions are fewer than may be awake, of which one that begins asleep will be another: else the limit decides, as ever.
  private boolean mayHaveOneMore(ImapUser like) {
    ImapUser there = limits.perUser() == 0 ? null : find(like, like.loop());
    return there == null || there.sessions() < limits.perUser();
  }

  /// @param connection null if the session begins asleep
  private void begin(
      ImapDialogue dialogue,
      String tag,
      LoginDecision.Admitted admitted,
      Backend backend,
      Capabilities capabilities,
      @Nullable BackendConnection connection) {
    Channel channel = dialogue.channel();
    EventLoop loop = channel.eventLoop();
    ImapUser user = userOf(admitted, loop);
    UserMailboxes home = user.mailboxes(surroundings(poolOf(loop), loop), backend);
    home.backend().servedBy(backend, admitted.route());
    home.backend().lendsToClients(standing(admitted).mayBeLent(backend.settings().pool()));
    if (isFull(home)) {
      if (connection != null) {
        connection.leave();
      }
      dialogue.refuse(tag, TOO_MANY);
      return;
    }
    ImapSession session =
        new ImapSession(
            settingOf(user, admitted, backend, home),
            Presence.of(channel),
            channel,
            dialogue.client().withForwarded(admitted.forwarded()),
            dialogue.clientId(),
            imap.compress(),
            connection,
            capabilities);
    sessions.begun(session); // while it is a dialogue too, so that a stop counts it all the time
    session.begin(tag, dialogue.release(), sessions.goDown());
  }

  /// One object for those who have the same in common.
  private ImapSession.Setting settingOf(
      ImapUser user, LoginDecision.Admitted admitted, Backend backend, UserMailboxes home) {
    Grant brought =
        Grant.of(
            admitted.credentials(),
            backend,
            masterOf,
            settings.keepPassword(),
            admitted.standing());
    return user.sharing(
        new ImapSession.Setting(
            sessions,
            home,
            admitted.user(),
            brought == null ? null : home.sharing(brought),
            parkings.of(home.loop())));
  }

  private boolean isFull(UserMailboxes home) {
    return (limits.perUser() > 0 && home.sessions().awake() >= limits.perUser())
        || (limits.asleepPerUser() > 0 && home.sessions().asleep() >= limits.asleepPerUser());
  }

  /// Shared by the sessions of one name that see the same mail: the same login at the same place.
  private ImapUser userOf(LoginDecision.Admitted admitted, EventLoop loop) {
    ImapUser like = new ImapUser(this, admitted, loop);
    ImapUser there = find(like, loop);
    if (there != null) {
      there.toldAgain(admitted.wanted(), admitted.route());
      return there;
    }
    known(loop).put(like, like);
    return like;
  }

  /// Who is equal to this one, unfolded; null if nobody is.
  private @Nullable ImapUser find(ImapUser like, EventLoop loop) {
    ImapUser there = known(loop).get(like);
    FoldedUsers folded = foldedOf(loop);
    FoldedUsers.Unfolded again = there == null && folded != null ? folded.find(like) : null;
    return again == null ? there : again.user();
  }

  /// Who serves the user who is equal to this one; null if nobody does.
  private @Nullable Backend servedBy(ImapUser like) {
    ImapUser there = known(like.loop()).get(like);
    FoldedUsers folded = foldedOf(like.loop());
    if (there != null) {
      return there.backend();
    }
    return folded == null ? null : folded.backendOf(like);
  }

  /// Those of a loop who are not folded, by themselves.
  Map<ImapUser, ImapUser> known(EventLoop loop) {
    return here(loop).users();
  }

  /// Those of a loop who were moved to where another is already, each by itself.
  Set<ImapUser> beside(EventLoop loop) {
    return here(loop).beside();
  }

  /// Those who are; null if nobody is.
  @Nullable FoldedUsers foldedOf(EventLoop loop) {
    return here(loop).folded();
  }

  CompletableFuture<Resumption> askAgain(
      Standing standing, Client client, String clientId, String protocol, EventLoop loop) {
    return Objects.requireNonNull(logins, "nobody is served yet")
        .askAgain(standing, client, clientId, protocol, loop, loops.wheel(loop));
  }

  /// One object for all users of the loop who have come since the settings were changed.
  private UserMailboxes.Surroundings surroundings(ConnectionPool pool, EventLoop loop) {
    return surroundings.compute(
        loop,
        (_, before) ->
            before != null && before.settings().equals(settings)
                ? before
                : new UserMailboxes.Surroundings(
                    pool,
                    feedsOf,
                    loop,
                    loops.wheel(loop),
                    metrics,
                    keptBytes,
                    settings,
                    clock,
                    statusRoom));
  }

  /// The backend connections that are kept on a loop.
  ConnectionPool poolOf(EventLoop loop) {
    return here(loop).pool();
  }

  private Here here(EventLoop loop) {
    Here its = here.get(loop);
    if (its == null) {
      throw new IllegalStateException("not one of our loops");
    }
    return its;
  }

  /// @param before what it was when the user logged in; it remains if the settings have nothing in its place
  Route routeOf(Wanted wanted, Route before) {
    Router now = router;
    Route route = now == null ? null : now.route(wanted);
    return route == null ? before : route;
  }

  /// All clients there are.
  public ImapSessions sessions() {
    return sessions;
  }
}
