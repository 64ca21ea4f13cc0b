package dormouse.imap;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.auth.MasterUser;
import dormouse.backend.Backend;
import dormouse.backend.Priority;
import dormouse.config.HibernateSettings;
import dormouse.config.LimitsSettings;
import dormouse.imap.backend.Applicant;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendLogin;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.LoginTry;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.listen.EventLoops;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.route.Route;
import dormouse.session.Timer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Brings clients with credentials to their users: routes each to its backend, moves its channel to the user's event
/// loop, lets the backend decide on the login, and begins the session.
///
/// [#attempt] runs on the client's loop, everything behind it on the user's.
public final class ImapUsers implements ImapLogin {
  /// A user at a backend; one whose settings were changed is another.
  ///
  /// @param owner whose mailboxes they are; they are not the user's own when that logs in for another
  private record Home(Backend backend, String user, String owner) {}

  private static final EventLog LOG = EventLog.of(ImapUsers.class);
  private static final LoginResult TOO_MANY =
      new LoginResult.Rejected("LIMIT", "Too many connections of this user");

  private volatile Map<String, Backend> backends = Map.of();
  private volatile Map<String, MasterUser> masters = Map.of();
  private final EventLoops loops;
  private volatile HibernateSettings settings = HibernateSettings.DEFAULT;
  private volatile LimitsSettings limits = LimitsSettings.DEFAULT;
  private final InstantSource clock;
  private final Metrics metrics;
  private final Map<EventLoop, Map<Home, UserMailboxes>> users = new HashMap<>();
  private final Set<ImapSession> sessions = ConcurrentHashMap.newKeySet();

  public ImapUsers(EventLoops loops, InstantSource clock, Metrics metrics) {
    this.loops = loops;
    this.clock = clock;
    this.metrics = metrics;
    loops.all().forEach(loop -> users.put(loop, new HashMap<>()));
  }

  /// Brings whoever logs in from now on to these backends. To be called before the first login; any thread.
  ///
  /// @param backends by name, at least one
  /// @param masters who logs users in again, by the names of the backends that have one
  public void serve(
      Map<String, Backend> backends,
      Map<String, MasterUser> masters,
      HibernateSettings hibernate,
      LimitsSettings limits) {
    this.settings = hibernate;
    this.masters = Map.copyOf(masters);
    this.limits = limits;
    this.backends = Map.copyOf(backends);
  }

  @Override
  public void attempt(ImapDialogue dialogue, String tag, Credentials credentials) {
    EventLoop home = loops.loopOf(credentials.user());
    Channel channel = dialogue.channel();
    if (home.inEventLoop()) {
      login(dialogue, tag, credentials, home);
      return;
    }
    channel
        .deregister()
        .addListener(left ->
            home.register(channel)
                .addListener(come -> {
                  if (!come.isSuccess()) {
                    channel.close();
                    return;
                  }
                  login(dialogue, tag, credentials, home);
                }));
  }

  private void login(ImapDialogue dialogue, String tag, Credentials credentials, EventLoop loop) {
    if (!dialogue.channel().isActive()) {
      return;
    }
    Map<String, Backend> now = backends;
    String name = Route.of(now.keySet(), credentials.user());
    Backend backend = now.get(name);
    if (backend == null) {
      throw new IllegalStateException("no backend " + name);
    }
    LoginTry login =
        LoginTry.begin(
            backend,
            loop,
            loops.wheel(loop),
            metrics,
            "session",
            Priority.CLIENT,
            credentials.user(),
            () -> new Applicant(dialogue.client(), dialogue.clientId(), credentials.copy()));
    Timer patience = loops.wheel(loop).after(backend.settings().answerTimeout(), login::giveUp);
    ChannelFutureListener clientGone = _ -> login.giveUp();
    dialogue.channel().closeFuture().addListener(clientGone);
    login
        .outcome()
        .whenComplete((outcome, bug) -> {
          patience.cancel();
          dialogue.channel().closeFuture().removeListener(clientGone); // it would keep the login
          if (bug != null) {
            LOG.error(bug, "login-failed", "session", dialogue.client().sessionId());
            dialogue.refuse(tag, new LoginResult.Unavailable(LoginResult.Cause.REFUSED));
            return;
          }
          switch (outcome) {
            case BackendLogin.Outcome.Failed(var result) -> dialogue.refuse(tag, result);
            case BackendLogin.Outcome.LoggedIn(var connection, var capabilities) ->
                begin(dialogue, tag, credentials, connection, capabilities);
          }
        });
  }

  private void begin(
      ImapDialogue dialogue,
      String tag,
      Credentials credentials,
      BackendConnection connection,
      Capabilities capabilities) {
    Channel channel = dialogue.channel();
    if (!channel.isActive()) {
      connection.leave();
      return;
    }
    EventLoop loop = channel.eventLoop();
    Backend backend = connection.backend();
    UserMailboxes home = mailboxesOf(credentials, backend, loop);
    if (isFull(home)) {
      connection.leave();
      dialogue.refuse(tag, TOO_MANY);
      return;
    }
    ImapSession session =
        new ImapSession(
            channel,
            dialogue.client(),
            dialogue.clientId(),
            credentials.user(),
            home,
            grant(backend, credentials),
            connection,
            capabilities);
    ByteBuf unread = dialogue.release();
    credentials.wipe();
    sessions.add(session);
    channel.closeFuture().addListener(_ -> sessions.remove(session));
    session.begin(tag, unread);
  }

  private boolean isFull(UserMailboxes home) {
    return (limits.perUser() > 0 && home.awake() >= limits.perUser())
        || (limits.asleepPerUser() > 0 && home.asleep() >= limits.asleepPerUser());
  }

  /// How to log the user in again; null if there is no way.
  private @Nullable Grant grant(Backend backend, Credentials credentials) {
    MasterUser master = masters.get(backend.name());
    if (master != null) {
      return Grant.by(master, credentials);
    }
    return settings.keepPassword() ? Grant.keeping(credentials) : null;
  }

  private UserMailboxes mailboxesOf(Credentials who, Backend backend, EventLoop loop) {
    Map<Home, UserMailboxes> here = users.get(loop);
    if (here == null) {
      throw new IllegalStateException("not one of our loops");
    }
    Home key = new Home(backend, who.user(), who.owner());
    return here.computeIfAbsent(
        key,
        _ ->
            new UserMailboxes(
                backend,
                loop,
                loops.wheel(loop),
                metrics,
                settings,
                clock,
                () -> here.remove(key)));
  }

  /// How many clients are logged in.
  public int size() {
    return sessions.size();
  }

  /// Says goodbye to every client and waits until they are gone. Not from a loop.
  ///
  /// @param within how long that may take
  public void shutDown(Duration within) {
    var all = List.copyOf(sessions);
    CountDownLatch gone = new CountDownLatch(all.size());
    for (ImapSession session : all) {
      session.channel().closeFuture().addListener(_ -> gone.countDown());
      session.channel().eventLoop().execute(session::shutDown);
    }
    try {
      if (!gone.await(within.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("drain", "left", gone.getCount());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
