package dormouse.imap.backend;

import dormouse.auth.Credentials;
import dormouse.auth.LoginResult;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.BackendMechanism;
import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.HealthSettings.Check;
import dormouse.config.TokenMechanism;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Opens a connection to a backend and logs a user in: greeting, STARTTLS, ID, login, capabilities.
///
/// One object a try. Lives on the user's event loop; [#open] answers there.
public final class BackendLogin {
  /// What became of the try.
  public sealed interface Outcome {
    /// Or, for a check, connected or greeted.
    ///
    /// @param capabilities what the backend offers after the login
    record LoggedIn(BackendConnection connection, Capabilities capabilities) implements Outcome {}

    /// @param result [LoginResult.Rejected] or [LoginResult.Unavailable]
    record Failed(LoginResult result) implements Outcome {}
  }

  /// How far a login came.
  enum Reached {
    /// It was not: no connection, or BYE instead of a greeting.
    NOBODY,
    /// The backend has greeted.
    GREETING,
    /// The backend has heard what logs the user in.
    CREDENTIALS
  }

  /// How a try ended, and how far it came.
  record Ended(Outcome outcome, Reached reached) {}

  /// How long it may take, and how far it goes.
  ///
  /// @param greeting until the backend has greeted
  /// @param all until its end
  /// @param depth [Check#LOGIN], but for checks
  record Limits(Duration greeting, Duration all, Check depth) {
    /// Of a login.
    ///
    /// @param impatient whether another backend could be tried: then the greeting must come within `connect-timeout` too
    static Limits of(BackendSettings settings, Approach approach, boolean impatient) {
      Duration own = approach.timeout();
      if (own != null) {
        return new Limits(own, own, Check.LOGIN);
      }
      Duration all = settings.connectTimeout().plus(settings.answerTimeout());
      return new Limits(impatient ? settings.connectTimeout() : all, all, Check.LOGIN);
    }
  }

  private static final EventLog LOG = EventLog.of(BackendLogin.class);

  /// What a command line may hold: RFC 7162 §4 has servers take 8192 octets.
  private static final int MOST_INITIAL = 8000;

  /// Response codes (RFC 5530) by which a backend says that it, not the user, is the trouble.
  private static final Set<String> PASSING = Set.of("UNAVAILABLE", "SERVERBUG");

  /// Response codes by which it says that this user has too much of it now.
  private static final Set<String> FULL = Set.of("INUSE", "LIMIT");

  private final Applicant applicant;
  private final Approach approach;
  private final Check depth;
  private final BackendConnection connection;
  private final Backend backend;
  private Capabilities capabilities = Capabilities.parse("");
  private Reached reached = Reached.NOBODY;

  private BackendLogin(
      BackendConnection connection, Applicant applicant, Approach approach, Check depth) {
    this.connection = connection;
    this.approach = approach;
    this.backend = connection.backend();
    this.applicant = applicant;
    this.depth = depth;
  }

  /// Logs `applicant` in at `backend` on a new connection. It does not wait for the backend's gate; a [LoginTry] does.
  ///
  /// @param purpose `session`, `watch` or `health`, for metrics
  /// @param approach how the backend is come to; its timeout is within the limits
  static CompletableFuture<Ended> open(
      Backend backend,
      EventLoop loop,
      TimerWheel wheel,
      Metrics metrics,
      String purpose,
      Applicant applicant,
      Approach approach,
      Limits limits) {
    BackendConnection connection =
        new BackendConnection(backend, approach, purpose, wheel, metrics);
    BackendLogin login = new BackendLogin(connection, applicant, approach, limits.depth());
    CompletableFuture<Ended> end = new CompletableFuture<>();
    Runnable tooLate =
        () -> {
          if (end.complete(login.ended(unavailable(LoginResult.Cause.SLOW)))) {
            connection.close();
          }
        };
    Timer late = wheel.after(limits.all(), tooLate);
    Timer silent = wheel.after(limits.greeting(), tooLate);
    connection.greeting().thenRun(silent::cancel);
    backend
        .dial(loop, approach, applicant.client(), connection)
        .addListener(dialed -> {
          if (end.isDone()) { // it was too late before there was anything to close
            connection.close();
            return;
          }
          CompletableFuture<Outcome> ended =
              dialed.isSuccess()
                  ? login.begin()
                  : CompletableFuture.completedFuture(unavailable(LoginResult.Cause.UNREACHABLE));
          ended.whenComplete((result, bug) -> {
            late.cancel();
            silent.cancel();
            if (result instanceof Outcome.LoggedIn) {
              end.complete(login.ended(result));
              return;
            }
            connection.close();
            if (bug != null) {
              end.completeExceptionally(bug);
              return;
            }
            end.complete(login.ended(result));
          });
        });
    return end;
  }

  private Ended ended(Outcome outcome) {
    return new Ended(outcome, reached);
  }

  private CompletableFuture<Outcome> begin() {
    if (depth == Check.TCP) {
      return done();
    }
    if (backend.settings().tls() != BackendTls.TLS) {
      return greeting();
    }
    return connection
        .handshake()
        .thenCompose(cause -> cause == null ? greeting() : failed(tlsTrouble(cause)));
  }

  private CompletableFuture<Outcome> greeting() {
    return connection
        .greeting()
        .thenCompose(line -> {
          if (line == null) {
            return failed(LoginResult.Cause.UNREACHABLE);
          }
          if (line.kind() != Kind.BYE) {
            reached = Reached.GREETING;
          }
          if (line.kind() != Kind.OK) {
            return failed(LoginResult.Cause.REFUSED);
          }
          learn(line);
          return backend.settings().tls() == BackendTls.STARTTLS ? startTls() : identify();
        });
  }

  private CompletableFuture<Outcome> startTls() {
    return connection
        .run("STARTTLS", _ -> {})
        .thenCompose(reply -> {
          if (!reply.ok()) {
            return failed(reply.lost() ? causeOf(reply) : LoginResult.Cause.UNTRUSTED);
          }
          capabilities = Capabilities.parse(""); // what was said in the clear is worth nothing
          return connection
              .startTls()
              .thenCompose(cause -> cause == null ? identify() : failed(tlsTrouble(cause)));
        });
  }

  private CompletableFuture<Outcome> identify() {
    if (depth == Check.GREETING) {
      return done();
    }
    return askCapabilities()
        .thenCompose(reply -> {
          if (!reply.ok()) {
            return failed(causeOf(reply));
          }
          boolean tells = approach.tells(backend);
          if (!capabilities.has("ID") || (!tells && backend.identity() != null)) {
            return authenticate();
          }
          String arguments = "NIL";
          if (tells) {
            arguments = identity();
            connection.sessionId(applicant.client().sessionId());
          }
          return connection
              .run("ID " + arguments, this::learnIdentity)
              .thenCompose(told -> told.lost() ? failed(causeOf(told)) : authenticate());
        });
  }

  /// As far as it was to go.
  private CompletableFuture<Outcome> done() {
    return CompletableFuture.completedFuture(new Outcome.LoggedIn(connection, capabilities));
  }

  private void learnIdentity(ResponseLine line) {
    if (line.kind() == Kind.ID) {
      backend.identity(line.data());
    }
  }

  /// Who the client is, for a backend that trusts us (Dovecot: `login_trusted_networks`).
  private String identity() {
    Client client = applicant.client();
    String clientId = applicant.clientId();
    List<String> fields =
        new ArrayList<>(
            List.of(
                "x-session-id",
                client.sessionId(),
                "x-originating-ip",
                NetUtil.toAddressString(client.remote().getAddress()),
                "x-originating-port",
                Integer.toString(client.remote().getPort()),
                "x-connected-ip",
                NetUtil.toAddressString(client.local().getAddress()),
                "x-connected-port",
                Integer.toString(client.local().getPort()),
                "x-proxy-ttl",
                Integer.toString(client.via().hopsLeft()),
                "x-client-transport",
                client.tls() && !client.via().insecure() ? "TLS" : "insecure"));
    if (!client.serverName().isEmpty()) {
      fields.addAll(List.of("x-connected-name", client.serverName()));
    }
    client
        .via()
        .forwarded()
        .forEach((key, value) -> {
          fields.add("x-forward-" + key);
          fields.add(value);
        });
    String ours = ImapString.list(fields);
    return clientId.isEmpty()
        ? ours
        : ours.substring(0, ours.length() - 1) + " " + clientId.substring(1);
  }

  private CompletableFuture<Outcome> authenticate() {
    Credentials credentials = applicant.credentials();
    String user = ImapString.utf8(credentials.user());
    String password = new String(credentials.password(), StandardCharsets.ISO_8859_1);
    if (credentials.token()) {
      return showToken(approach.tokens(backend), user, password);
    }
    BackendMechanism mechanism = mechanism();
    if (mechanism != BackendMechanism.AUTO && !capabilities.has("AUTH=" + mechanism)) {
      return unable(mechanism, "is not offered by the backend");
    }
    if (mechanism == BackendMechanism.LOGIN) {
      return credentials.authzid().isEmpty()
          ? login("AUTHENTICATE LOGIN", List.of(base64(user) + "\r\n", base64(password) + "\r\n"))
          : unable(mechanism, "lets nobody in for another");
    }
    if (capabilities.has("AUTH=PLAIN")) {
      String message = ImapString.utf8(credentials.authzid()) + '\0' + user + '\0' + password;
      return capabilities.has("SASL-IR")
          ? login("AUTHENTICATE PLAIN " + base64(message), List.of())
          : login("AUTHENTICATE PLAIN", List.of(base64(message) + "\r\n"));
    }
    if (capabilities.has("LOGINDISABLED") || !credentials.authzid().isEmpty()) {
      return failed(LoginResult.Cause.REFUSED);
    }
    if (ImapString.quotable(user) && ImapString.quotable(password)) {
      return login(
          "LOGIN " + ImapString.quoted(user) + " " + ImapString.quoted(password), List.of());
    }
    return login(
        "LOGIN {" + user.length() + "}",
        List.of(user + " {" + password.length() + "}\r\n", password + "\r\n"));
  }

  /// A backend that refuses it says why in a challenge, which wants an answer before the NO (RFC 7628 §3.2.3).
  private CompletableFuture<Outcome> showToken(
      TokenMechanism mechanism, String user, String token) {
    if (!capabilities.has("AUTH=" + mechanism)) {
      return unable(mechanism, "is not offered by the backend");
    }
    boolean bearer = mechanism == TokenMechanism.OAUTHBEARER;
    String who =
        bearer ? "n,a=" + user.replace("=", "=3D").replace(",", "=2C") + "," : "user=" + user;
    String message = base64(who + "\1auth=Bearer " + token + "\1\1");
    String command = "AUTHENTICATE " + mechanism;
    String heard = bearer ? base64("\1") + "\r\n" : "\r\n";
    return capabilities.has("SASL-IR") && message.length() <= MOST_INITIAL
        ? login(command + " " + message, List.of(heard))
        : login(command, List.of(message + "\r\n", heard));
  }

  private BackendMechanism mechanism() {
    return Objects.requireNonNullElse(approach.mechanism(), backend.settings().mechanism());
  }

  /// The mechanism that is wanted for this user does not do here, which is no fault of the backend's.
  private CompletableFuture<Outcome> unable(Enum<?> mechanism, String why) {
    LOG.warn(
        "misrouted",
        "session",
        applicant.client().sessionId(),
        "user",
        applicant.credentials().user(),
        "why",
        mechanism + " " + why,
        "backend",
        backend.name());
    return failed(LoginResult.Cause.MISROUTED);
  }

  private static String base64(String bytes) {
    return Base64.getEncoder().encodeToString(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  private CompletableFuture<Outcome> login(String command, List<String> parts) {
    capabilities = Capabilities.parse("");
    reached = Reached.CREDENTIALS;
    return connection
        .run(command, parts, this::learn)
        .thenCompose(reply -> {
          if (!reply.ok()) {
            return CompletableFuture.completedFuture(new Outcome.Failed(refusal(reply)));
          }
          learn(reply.line());
          return askCapabilities()
              .thenApply(asked ->
                  asked.ok()
                      ? new Outcome.LoggedIn(connection, capabilities)
                      : unavailable(causeOf(asked)));
        });
  }

  private static LoginResult refusal(Reply reply) {
    if (reply.lost()) {
      return new LoginResult.Unavailable(causeOf(reply));
    }
    String code = reply.codeName();
    if (PASSING.contains(code)) {
      return new LoginResult.Unavailable(LoginResult.Cause.REFUSED);
    }
    if (FULL.contains(code)) {
      return new LoginResult.Unavailable(LoginResult.Cause.BUSY);
    }
    return switch (code) {
      case "", "ALERT", "CAPABILITY" -> new LoginResult.Rejected("", "");
      case "AUTHENTICATIONFAILED" -> new LoginResult.Rejected(code, ""); // its text may tell more
      case Referral.CODE ->
          new LoginResult.Rejected(Referral.CODE + " " + arguments(reply), text(reply));
      default -> new LoginResult.Rejected(code, text(reply));
    };
  }

  private static String arguments(Reply reply) {
    return reply.line() == null ? "" : reply.line().codeArguments();
  }

  private static String text(Reply reply) {
    String bytes = reply.line() == null ? "" : reply.line().message();
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  /// Asks for the capabilities unless the backend has told them unasked.
  private CompletableFuture<Reply> askCapabilities() {
    if (!capabilities.toString().isEmpty()) {
      return CompletableFuture.completedFuture(new Reply(Reply.Status.OK, null));
    }
    return connection.run("CAPABILITY", this::learn);
  }

  private void learn(@Nullable ResponseLine line) {
    if (line == null) {
      return;
    }
    if (line.kind() == Kind.CAPABILITY) {
      capabilities = Capabilities.parse(line.data());
    } else if (line.codeName().equals("CAPABILITY")) {
      capabilities = Capabilities.parse(line.codeArguments());
    }
  }

  private static LoginResult.Cause tlsTrouble(Throwable cause) {
    return cause instanceof SSLException
        ? LoginResult.Cause.UNTRUSTED
        : LoginResult.Cause.UNREACHABLE;
  }

  private static LoginResult.Cause causeOf(Reply reply) {
    return switch (reply.status()) {
      case SLOW -> LoginResult.Cause.SLOW;
      case GONE -> LoginResult.Cause.UNREACHABLE;
      case OK, NO, BAD -> LoginResult.Cause.REFUSED;
    };
  }

  private static CompletableFuture<Outcome> failed(LoginResult.Cause cause) {
    return CompletableFuture.completedFuture(unavailable(cause));
  }

  private static Outcome unavailable(LoginResult.Cause cause) {
    return new Outcome.Failed(new LoginResult.Unavailable(cause));
  }
}
