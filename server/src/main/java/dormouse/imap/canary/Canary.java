package dormouse.imap.canary;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Priority;
import dormouse.config.CanarySettings;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feed;
import dormouse.imap.backend.Applicant;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendLogin;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.LoginTry;
import dormouse.imap.backend.Reply;
import dormouse.imap.backend.Wish;
import dormouse.imap.track.FetchLine;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Changes a flag in an account of a backend now and then, through a connection of its own, and looks which feeds tell of it:
/// they are up, the others are down (HIBERNATION §5).
/// ```text
/// resting ──every──▶ logging in ──▶ singing: SELECT, FETCH, STORE ──▶ listening ──within──▶ judged ──▶ resting
///    ▲                    └──────────────┴─ cannot: the feeds are judged by other evidence ───────────────┤
///    └────────────────────────────────────────────────────────────────────────────────────────────────────┘
/// ```
/// Several Dormice may share an account: each sets what the flag was not, and counts what it hears from before it looked, so
/// that one of two who change it at one moment may have changed nothing, and hears of the other's change all the same.
///
/// Lives on the event loop it was given.
final class Canary implements BackendFeeds.Listener {
  private static final EventLog LOG = EventLog.of(Canary.class);
  private static final InetSocketAddress OURSELVES =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final String MESSAGE =
      """
      From: Dormouse <dormouse@localhost>\r
      Subject: canary\r
      \r
      Dormouse changes the flag of this message, to see whether it is told of the change.\r
      """;

  private final Backend backend;
  private final CanarySettings settings;
  private final String user;
  private final Supplier<Credentials> credentials;
  private final BackendFeeds feeds;
  private final EventLoop loop;
  private final TimerWheel wheel;
  private final Metrics metrics;
  private final Supplier<String> sessionIds;
  private final Set<Feed> heard = new HashSet<>();
  private @Nullable BackendConnection connection;
  private @Nullable LoginTry login;
  private @Nullable Timer timer;
  private boolean listening; // what is heard later is too late
  private boolean failing; // and said so
  private boolean closed;

  /// @param user the account
  /// @param credentials fresh ones each time, which are wiped
  Canary(
      Backend backend,
      String user,
      Supplier<Credentials> credentials,
      BackendFeeds feeds,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics,
      Supplier<String> sessionIds) {
    this.backend = backend;
    this.settings = backend.settings().canary();
    this.user = user;
    this.credentials = credentials;
    this.feeds = feeds;
    this.loop = loop;
    this.wheel = wheel;
    this.metrics = metrics;
    this.sessionIds = sessionIds;
    feeds.subscribe(user, this);
  }

  /// Sings for the first time. Any thread.
  void start() {
    loop.execute(this::sing);
  }

  /// Sings no more. Any thread.
  void close() {
    loop.execute(() -> {
      closed = true;
      feeds.unsubscribe(user, this);
      feeds.canary(false);
      if (timer != null) {
        timer.cancel();
      }
      if (login != null) {
        login.giveUp();
      }
      if (connection != null) {
        connection.leave();
      }
    });
  }

  private void sing() {
    if (closed) {
      return;
    }
    if (connection != null && connection.open()) {
      sing(connection);
      return;
    }
    logIn();
  }

  private void logIn() {
    Client ourselves = new Client(sessionIds.get(), OURSELVES, OURSELVES, /* tls= */ true);
    LoginTry trying =
        LoginTry.begin(
            new ConnectionPool(loop, wheel, metrics), // it keeps its connection to itself
            ConnectionPool.Spares.NONE,
            List.of(backend),
            Approach.USUAL,
            new Wish(
                user,
                user,
                ourselves,
                "canary",
                Priority.SYNC,
                user,
                _ -> credentials.get(),
                Wish.Standing.NEW,
                Set.of()),
            _ -> new Applicant(ourselves, "", credentials.get()));
    login = trying;
    trying
        .outcome()
        .whenComplete((outcome, bug) -> {
          login = null;
          if (bug != null) {
            broke(bug);
            return;
          }
          switch (outcome) {
            case BackendLogin.Outcome.LoggedIn(var opened, _) -> {
              connection = opened;
              opened.onUnasked(_ -> {});
              if (closed) {
                opened.leave();
                return;
              }
              sing(opened);
            }
            case BackendLogin.Outcome.Failed(LoginResult.Unavailable(var cause)) ->
                failed(cause.name().toLowerCase(Locale.ROOT));
            case BackendLogin.Outcome.Failed _ -> failed("login-refused");
          }
        });
  }

  private void sing(BackendConnection on) {
    heard.clear();
    listening = true;
    message(on)
        .thenCompose(there -> there ? toggle(on) : CompletableFuture.completedFuture(Reply.GONE))
        .thenAccept(reply -> {
          if (closed) {
            return;
          }
          if (!reply.ok()) {
            on.close();
            failed(reply.lost() ? "connection-lost" : "command-refused");
            return;
          }
          failing = false;
          feeds.canary(true);
          next(settings.within(), this::judge);
        })
        .exceptionally(bug -> {
          on.close();
          broke(bug);
          return null;
        });
  }

  /// Opens INBOX anew, for messages may have gone, and makes sure that there is one; completes with whether there is.
  private CompletableFuture<Boolean> message(BackendConnection on) {
    return select(on)
        .thenCompose(messages ->
            messages == 0
                ? on.run(
                        "APPEND INBOX {" + MESSAGE.length() + "}",
                        List.of(MESSAGE + "\r\n"),
                        _ -> {})
                    .thenCompose(_ -> select(on))
                : CompletableFuture.completedFuture(messages))
        .thenApply(messages -> messages > 0);
  }

  /// Completes with how many messages there are; -1 if that cannot be known.
  private static CompletableFuture<Long> select(BackendConnection on) {
    long[] messages = {-1};
    return on.run(
            "SELECT INBOX",
            line -> {
              if (line.kind() == Kind.EXISTS) {
                messages[0] = line.number();
              }
            })
        .thenApply(reply -> reply.ok() ? messages[0] : -1);
  }

  private static CompletableFuture<Reply> toggle(BackendConnection on) {
    boolean[] flagged = {false};
    return on.run("FETCH 1 (FLAGS)", line -> flagged[0] |= isFlagged(line))
        .thenCompose(reply ->
            reply.ok()
                ? on.run(
                    "STORE 1 " + (flagged[0] ? "-" : "+") + "FLAGS.SILENT (\\Flagged)", _ -> {})
                : CompletableFuture.completedFuture(reply));
  }

  private static boolean isFlagged(ResponseLine line) {
    FetchLine fetch = FetchLine.parse(line);
    return fetch != null && fetch.flags() != null && fetch.flags().contains("\\Flagged");
  }

  @Override
  public void changed(Feed by, @Nullable String mailbox) {
    if (listening) {
      heard.add(by);
      by.up();
    }
  }

  @Override
  public EventLoop toldOn() {
    return loop;
  }

  @Override
  public void turned() {}

  private void judge() {
    listening = false;
    boolean all = true;
    for (Feed feed : feeds.all()) {
      if (feed.tellsAll() && !heard.contains(feed)) {
        all = false;
        feed.down("canary-unheard");
      }
    }
    metrics.canary(backend.name(), all ? "heard" : "unheard");
    next(settings.every().minus(settings.within()), this::sing);
  }

  private void broke(Throwable bug) {
    LOG.error(bug, "canary-failed", "backend", backend.name());
    failed("bug");
  }

  private void failed(String why) {
    listening = false;
    feeds.canary(false);
    metrics.canary(backend.name(), "failed");
    if (!failing && !closed) {
      LOG.warn("canary-silent", "backend", backend.name(), "user", user, "why", why);
    }
    failing = true;
    next(settings.every(), this::sing);
  }

  /// @param after within a tenth, for other Dormice may sing too
  private void next(Duration after, Runnable what) {
    if (timer != null) {
      timer.cancel();
    }
    double jitter = ThreadLocalRandom.current().nextDouble(1.0, 1.1);
    timer =
        closed ? null : wheel.after(Duration.ofMillis((long) (after.toMillis() * jitter)), what);
  }
}
