package dormouse.directory.http;

import dormouse.config.HttpLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Facts;
import dormouse.directory.Link;
import dormouse.directory.Proof;
import dormouse.directory.http.AuthHttpConnection.Question;
import dormouse.tls.BackendTrust;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Asks an HTTP daemon by the protocol of nginx's mail proxy. Any thread.
///
/// What the answer means is what nginx makes of it: `Auth-Status` other than `OK` and `WAIT` is the text for the client,
/// after `Auth-Wait` seconds, and without those the connection's last; none at all is as `OK`. A backend is an address and
/// a port.
public final class HttpLink implements Link {
  private static final Pattern PORT = Pattern.compile("0*[1-9]\\d{0,4}");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,253}");
  private static final Pattern SECONDS = Pattern.compile("\\d{1,9}");
  private static final Pattern CODE = Pattern.compile("\\[([A-Z][A-Z0-9-]*(?: [^\\]]+)?)\\] ?(.*)");

  private static final int LONGEST_KEPT_SECONDS = 86_400;

  private final HttpLinkSettings settings;
  private final InstantSource clock;
  private final AuthHttpConnections connections;

  /// @param timeout for an answer
  /// @param trust whom to trust for `https`; null for `http`
  /// @param epoll whether the event loops are native epoll ones
  public HttpLink(
      HttpLinkSettings settings,
      Duration timeout,
      @Nullable BackendTrust trust,
      boolean epoll,
      InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
    this.connections = new AuthHttpConnections(settings, trust, epoll, timeout.dividedBy(2), clock);
  }

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    boolean token = attempt.proof() instanceof Proof.Token;
    if (attempt.proof() instanceof Proof.Scram || (token && !settings.extended())) {
      return CompletableFuture.completedFuture(new Answer.NotMine()); // nginx has no word for it
    }
    Question question =
        new Question(
            AuthHttpRequest.of(attempt, settings), new CompletableFuture<>(), clock.millis());
    CompletableFuture<Answer> answer =
        question
            .answer()
            .whenComplete((_, _) -> Arrays.fill(question.text(), (byte) 0))
            .thenApply(response -> answer(attempt, response));
    answer.whenComplete((_, _) -> question.answer().cancel(false)); // if this one was cancelled
    connections.ask(question, loop);
    return answer;
  }

  /// By the word `resume`, if the daemon knows it. Whom a certificate is made out to it was not only asked by name.
  @Override
  public boolean resumes(Proof.Kind before) {
    return settings.resume() && before != Proof.Kind.CERTIFICATE && before != Proof.Kind.SCRAM;
  }

  /// The daemon is told all of it; that it goes by the client's port too, nobody expects.
  @Override
  public Set<Heeds> heeds() {
    return Set.of(Heeds.WAY_IN);
  }

  private Answer answer(Attempt attempt, AuthHttpResponse response) {
    return attempt.proof() instanceof Proof.Certificate
        ? named(externalUser(attempt), answer(response))
        : answer(response);
  }

  private static Answer named(String user, Answer answer) {
    return switch (answer) {
      case Answer.Accept(Facts facts, var kept) ->
          new Answer.Accept(facts.over(Facts.NONE.named(user)), kept);
      case Answer.Reject _,
          Answer.NotMine _,
          Answer.CannotTell _,
          Answer.Prove _,
          Answer.Learnt _,
          Answer.AskAgain _ ->
          answer;
    };
  }

  /// Whom the daemon is asked about when a certificate is all the proof there is. As in nginx that is whose mail the client wants, and the daemon
  /// judges by what it is told of the certificate. Where it is not told, because a proxy has seen the certificate, it is
  /// whom that names.
  static String externalUser(Attempt attempt) {
    boolean told = attempt.tls() != null && attempt.tls().certificate() != null;
    return told && !attempt.authzid().isEmpty() ? attempt.authzid() : attempt.user();
  }

  /// What a response means.
  Answer answer(AuthHttpResponse response) {
    String status = response.text("auth-status");
    Duration pause = pause(response);
    if (status == null || status.equals("OK")) {
      return accept(response);
    }
    if (status.equals("WAIT")) {
      return new Answer.AskAgain(pause);
    }
    Matcher code = CODE.matcher(status);
    return code.matches()
        ? new Answer.Reject(
            code.group(1), code.group(2), pause, pause.isZero(), explanation(response))
        : new Answer.Reject("", status, pause, pause.isZero(), explanation(response));
  }

  /// What a client is told whose token is refused, by Angie's word for it; "" if the daemon leaves that to us.
  private String explanation(AuthHttpResponse response) {
    String base64 = settings.extended() ? response.header("auth-error-sasl") : null;
    try {
      return base64 == null
          ? ""
          : new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return "";
    }
  }

  private static Duration pause(AuthHttpResponse response) {
    String seconds = response.header("auth-wait");
    return seconds != null && SECONDS.matcher(seconds).matches()
        ? Duration.ofSeconds(Integer.parseInt(seconds))
        : Duration.ZERO;
  }

  private Answer accept(AuthHttpResponse response) {
    String host = response.header("auth-server");
    String port = response.header("auth-port");
    if (host == null || !isHost(host)) {
      return unusable("Auth-Server");
    }
    if (port == null || !PORT.matcher(port).matches()) {
      return unusable("Auth-Port");
    }
    Map<String, String> facts = new HashMap<>(Map.of("host", host, "port", port));
    put(facts, "user", response.text("auth-user"));
    if (settings.extended()) {
      put(facts, "destuser", response.text("auth-backend-user"));
      put(facts, "proxy_mech", response.header("auth-mech"));
      String tls = response.header("auth-tls");
      if (tls != null && (tls.equals("ssl") || tls.equals("starttls"))) {
        facts.put(tls, "yes");
      }
    }
    return switch (Facts.accept(facts)) {
      case Answer.Accept(Facts known, _) ->
          new Answer.Accept(new Facts(known.fields(), response.bytes("auth-pass")), kept(response));
      case Answer other -> unusable(other.toString());
    };
  }

  private @Nullable Duration kept(AuthHttpResponse response) {
    String seconds = settings.extended() ? response.header("auth-cache") : null;
    return seconds != null && SECONDS.matcher(seconds).matches()
        ? Duration.ofSeconds(Math.min(Integer.parseInt(seconds), LONGEST_KEPT_SECONDS))
        : null;
  }

  private boolean isHost(String host) {
    return NetUtil.isValidIpV4Address(host)
        || (NetUtil.isValidIpV6Address(host) && host.charAt(0) != '[')
        || (settings.extended() && NAME.matcher(host).matches());
  }

  private static void put(Map<String, String> facts, String name, @Nullable String value) {
    if (value != null) {
      facts.put(name, value);
    }
  }

  private static Answer unusable(String what) {
    return new Answer.CannotTell("the daemon's answer is of no use: " + what, /* down= */ false);
  }

  @Override
  public void close() {
    connections.close();
  }
}
