package dormouse.auth;

import dormouse.auth.LoginDecision.Admitted;
import dormouse.auth.LoginDecision.Refused;
import dormouse.auth.LoginResult.Cause;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Host;
import dormouse.config.BackendLinkSettings;
import dormouse.config.BackendTls;
import dormouse.config.Network;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Directory;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.directory.password.ScramVerifier;
import dormouse.ops.EventLog;
import dormouse.route.Route;
import dormouse.route.Router;
import dormouse.route.Wanted;
import dormouse.session.Client;
import dormouse.session.SteadyClock;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Decides on attempts to log in: asks the directory, and makes of its facts a backend and what to log in with there. The
/// same for every protocol. Any thread.
public final class Logins {
  private static final EventLog LOG = EventLog.of(Logins.class);

  /// What stands in place of a mechanism where nothing is shown.
  private static final String RESUMED = "RESUMED";

  /// The link that lets anybody on to the backend, which alone knows whether the password is right.
  private static final String BACKEND = new BackendLinkSettings().key();

  private final Directory directory;
  private final Router router;
  private final Map<String, MasterUser> masters;
  private final Admins admins;
  private final SteadyClock clock;

  /// @param masters who may log in for others, by the names of the backends that have one
  /// @param admins who are looked for behind every name that the directory gives a client
  public Logins(
      Directory directory,
      Router router,
      Map<String, MasterUser> masters,
      Admins admins,
      SteadyClock clock) {
    this.directory = directory;
    this.router = router;
    this.masters = Map.copyOf(masters);
    this.admins = admins;
    this.clock = clock;
  }

  /// Decides, which may take as long as the directory's timeouts and delays, and as the client takes to answer.
  ///
  /// @param attempt its proof must stay until the decision, and is not needed after it
  /// @param client to be asked more, if its mechanism wants that
  /// @param loop the caller's: the decision is completed there, perhaps before this returns
  /// @param wheel the loop's
  public CompletableFuture<LoginDecision> decide(
      Attempt attempt, SaslClient client, EventLoop loop, TimerWheel wheel) {
    return directory
        .ask(attempt, loop, wheel)
        .thenCompose(verdict ->
            switch (verdict.answer()) {
              case Answer.Accept(var facts, _) ->
                  accepted(attempt, here(attempt, facts), verdict.by(), client, wheel);
              case Answer.Prove(var facts, var verifier) ->
                  proven(attempt, here(attempt, facts), verifier, verdict.by(), client, wheel);
              case Answer.Reject(var code, var text, var delay, var last, var sasl) ->
                  SaslProofs.told(attempt, verdict.user(), code, sasl, client)
                      .thenCompose(
                          _ -> after(delay, new Refused(refusal(code, text), last), wheel));
              case Answer.CannotTell _, Answer.NotMine _, Answer.Learnt _, Answer.AskAgain _ ->
                  now(unavailable(Cause.DIRECTORY));
            });
  }

  private static Facts here(Attempt attempt, Facts facts) {
    return facts.at(attempt.client().local());
  }

  private CompletableFuture<LoginDecision> proven(
      Attempt attempt,
      Facts facts,
      ScramVerifier verifier,
      String by,
      SaslClient client,
      TimerWheel wheel) {
    if (!(attempt.proof() instanceof Proof.Scram first)) {
      throw new IllegalStateException(
          "a link wants " + attempt.proof() + " to be proven"); // its bug
    }
    return SaslProofs.proves(first, verifier, client)
        .thenCompose(proven ->
            proven
                ? accepted(attempt, facts, by, client, wheel)
                : now(new Refused(new LoginResult.Rejected("", ""), false)));
  }

  private CompletableFuture<LoginDecision> accepted(
      Attempt attempt, Facts facts, String by, SaslClient client, TimerWheel wheel) {
    List<Network> nets = facts.allowNets();
    InetAddress from = attempt.client().remote().getAddress();
    boolean here = nets.isEmpty() || Network.contain(nets, from);
    boolean allowed =
        Stream.of(facts.user(), facts.backendUser())
            .allMatch(name -> name == null || admins.allow(name, from));
    LoginResult unwelcome =
        here && allowed
            ? unwelcome(facts)
            : new LoginResult.Rejected("", ""); // as a wrong password
    if (unwelcome != null) {
      return now(new Refused(unwelcome, false));
    }
    Duration delay =
        facts.delay(clock.timeOfDay().instant(), ThreadLocalRandom.current().nextDouble());
    boolean shown = !by.equals(BACKEND) && !facts.nopassword(); // what it has is right
    if (shown && !delay.isZero()) {
      client.proven();
    }
    return after(delay, admit(attempt, facts, by), wheel);
  }

  /// Why a user is not let in now, whatever it has shown and wherever it comes from; null if it is.
  private static @Nullable LoginResult unwelcome(Facts facts) {
    if (facts.nologin() && facts.code().equals("UNAVAILABLE")) {
      return new LoginResult.Unavailable(Cause.DIRECTORY);
    }
    return facts.nologin() ? refusal(facts.code(), facts.reason()) : null;
  }

  private static LoginResult refusal(String code, String text) {
    return Answer.Reject.passes(code)
        ? new LoginResult.PutOff(code, text)
        : new LoginResult.Rejected(code, text);
  }

  private LoginDecision admit(Attempt attempt, Facts facts, String by) {
    String user = Objects.requireNonNullElse(facts.user(), attempt.user());
    byte[] password = password(attempt, facts);
    boolean another = facts.master() != null || facts.pass() != null || password == null;
    String authzid = authzid(attempt, facts);
    if (another && !authzid.isEmpty()) {
      // the directory knows that the client is this user, not that this user may read another's
      // mail
      return new Refused(new LoginResult.Rejected("AUTHORIZATIONFAILED", ""), false);
    }
    Wanted wanted = wanted(attempt, facts, user);
    Route route = router.route(wanted);
    if (route == null) {
      return misrouted(attempt, facts, router.nowhere(wanted));
    }
    String backendUser = Objects.requireNonNullElse(facts.backendUser(), attempt.user());
    Standing standing = standing(attempt, facts, by, user, route);
    if (password == null
        && facts.master() == null
        && attempt.proof() instanceof Proof.Token(var token)
        && takesTokens(route)) {
      return new Admitted(
          user,
          wanted,
          route,
          new Credentials(backendUser, "", token.clone(), /* token= */ true),
          facts.forwarded(),
          /* byMaster= */ false,
          /* proven= */ false,
          standing);
    }
    if (password == null) {
      return facts.master() == null && haveMasters(route)
          ? new Admitted(
              user,
              wanted,
              route,
              new Credentials(backendUser, "", new byte[0]),
              facts.forwarded(),
              /* byMaster= */ true,
              /* proven= */ true,
              standing)
          : misrouted(attempt, facts, "no password for the backend");
    }
    Credentials credentials =
        facts.master() == null
            ? new Credentials(backendUser, authzid, password)
            : new Credentials(facts.master(), backendUser, password);
    return new Admitted(
        user,
        wanted,
        route,
        credentials,
        facts.forwarded(),
        /* byMaster= */ false,
        another,
        standing);
  }

  private @Nullable Standing standing(
      Attempt attempt, Facts facts, String by, String user, Route route) {
    Proof.Kind shown = attempt.proof().kind();
    return directory.resumes(shown)
        ? new Standing(
            user,
            attempt.user(),
            attempt.authzid(),
            shown,
            by,
            route.place(),
            facts.allowNets(),
            facts.refresh(),
            clock.millis())
        : null;
  }

  private static String authzid(Attempt attempt, Facts facts) {
    return attempt.authzid().equals(facts.user()) ? "" : attempt.authzid();
  }

  /// Asks the directory what is to be said of a user now whose client slept: whether it may still come in, and where it belongs.
  ///
  /// @param client of the session that wants to go on
  /// @param protocol what it speaks
  /// @param loop the caller's, on which the answer comes
  /// @param wheel the loop's
  public CompletableFuture<Resumption> askAgain(
      Standing standing,
      Client client,
      String clientId,
      String protocol,
      EventLoop loop,
      TimerWheel wheel) {
    Attempt attempt =
        new Attempt(
            protocol,
            client,
            null,
            clientId,
            1,
            RESUMED,
            standing.typed(),
            standing.authzid(),
            new Proof.Resumed(standing.shown()));
    return directory
        .askAgain(attempt, standing.by(), loop, wheel)
        .thenApply(answer ->
            switch (answer) {
              case Answer.Accept(var facts, _) -> goesOn(attempt, here(attempt, facts));
              case Answer.NotMine _ -> new Resumption.Stays();
              case Answer.Reject(var code, var text, _, _, _) -> refused(code, text);
              case Answer.CannotTell _, Answer.Learnt _, Answer.AskAgain _, Answer.Prove _ ->
                  new Resumption.Unknown(Cause.DIRECTORY);
            });
  }

  private static Resumption refused(String code, String text) {
    return Answer.Reject.passes(code)
        ? new Resumption.Unknown(Cause.DIRECTORY)
        : new Resumption.Refused(text);
  }

  /// From where it may come is for each of its clients to be held against: not only this one goes by the answer.
  private Resumption goesOn(Attempt attempt, Facts facts) {
    LoginResult unwelcome = unwelcome(facts);
    if (unwelcome instanceof LoginResult.Rejected(var code, var text)) {
      return refused(code, text);
    }
    if (unwelcome != null || !facts.delay(clock.timeOfDay().instant(), /* random= */ 0).isZero()) {
      return new Resumption.Unknown(Cause.DIRECTORY);
    }
    String user = Objects.requireNonNullElse(facts.user(), attempt.user());
    String authzid = authzid(attempt, facts);
    byte[] pass = facts.pass();
    if ((facts.master() != null || pass != null) && !authzid.isEmpty()) {
      return new Resumption.Refused("");
    }
    Wanted wanted = wanted(attempt, facts, user);
    Route route = router.route(wanted);
    if (route == null) {
      misrouted(attempt, facts, router.nowhere(wanted));
      return new Resumption.Unknown(Cause.MISROUTED);
    }
    String backendUser = Objects.requireNonNullElse(facts.backendUser(), attempt.user());
    byte[] password = pass == null ? new byte[0] : pass.clone();
    return new Resumption.Goes(
        user,
        wanted,
        route,
        facts.master() == null
            ? new Credentials(backendUser, authzid, password)
            : new Credentials(facts.master(), backendUser, password),
        pass != null,
        facts.allowNets(),
        facts.refresh());
  }

  /// Whether the client's token, or else a master user, opens whichever backend the user may come to.
  private boolean takesTokens(Route route) {
    List<Backend> all = Stream.concat(route.members().stream(), route.spare().stream()).toList();
    return all.stream().anyMatch(route.approach()::showsTokens)
        && all.stream()
            .allMatch(backend ->
                route.approach().showsTokens(backend) || masters.containsKey(backend.name()));
  }

  private boolean haveMasters(Route route) {
    return !masters.isEmpty()
        && Stream.concat(route.members().stream(), route.spare().stream())
            .allMatch(backend -> masters.containsKey(backend.name()));
  }

  /// The client's own password is good for nobody but the user.
  private static byte @Nullable [] password(Attempt attempt, Facts facts) {
    byte[] pass = facts.pass();
    if (pass != null) {
      return pass.clone();
    }
    if (facts.master() != null) {
      return null;
    }
    return switch (attempt.proof()) {
      case Proof.Password(var password) -> password.clone();
      case Proof.Token _, Proof.CramMd5 _, Proof.Scram _, Proof.Certificate _, Proof.Resumed _ ->
          null;
    };
  }

  private static Wanted wanted(Attempt attempt, Facts facts, String user) {
    return new Wanted(
        user,
        attempt.protocol(),
        attempt.client().local(),
        facts.backend(),
        host(facts),
        facts.port(),
        tls(facts),
        new Approach(
                facts.timeout(), facts.mechanism(), facts.tokens(), facts.source(), facts.untold())
            .shared());
  }

  private static @Nullable Host host(Facts facts) {
    String name = facts.host();
    return name == null ? null : new Host(name, facts.hostip());
  }

  private static @Nullable BackendTls tls(Facts facts) {
    return switch (facts.tls()) {
      case UNSAID -> null;
      case TLS -> BackendTls.TLS;
      case STARTTLS -> BackendTls.STARTTLS;
    };
  }

  private static LoginDecision misrouted(Attempt attempt, Facts facts, String why) {
    LOG.warn(
        "misrouted",
        "session",
        attempt.client().sessionId(),
        "user",
        attempt.user(),
        "why",
        why,
        "backend",
        facts.backend(),
        "host",
        facts.host(),
        "hostip",
        facts.hostip(),
        "port",
        facts.port() == 0 ? null : facts.port(),
        "tls",
        tls(facts));
    return unavailable(Cause.MISROUTED);
  }

  private static LoginDecision unavailable(Cause cause) {
    return new Refused(new LoginResult.Unavailable(cause), false);
  }

  private static CompletableFuture<LoginDecision> now(LoginDecision decision) {
    return CompletableFuture.completedFuture(decision);
  }

  private static CompletableFuture<LoginDecision> after(
      Duration delay, LoginDecision decision, TimerWheel wheel) {
    if (delay.isZero()) {
      return now(decision);
    }
    CompletableFuture<LoginDecision> later = new CompletableFuture<>();
    wheel.after(delay, () -> later.complete(decision));
    return later;
  }
}
