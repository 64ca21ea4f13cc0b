package dormouse.directory.http;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.AuthUrl;
import dormouse.config.HttpLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.listen.EventLoops;
import dormouse.session.Client;
import dormouse.session.Via;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.SelfSigned;
import dormouse.testkit.Wait;
import dormouse.tls.BackendTrust;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the link does beyond nginx; what it does as nginx stands in [NginxTableIT].
class HttpLinkTest {
  private static final AuthDaemon.Script KEPT =
      _ -> AuthDaemon.Answer.kept("Auth-Status: OK", "Auth-Server: 10.0.0.1", "Auth-Port: 143");

  private final EventLoops loops = EventLoops.start(1, InstantSource.system());
  private final EventLoop loop = loops.all().getFirst();
  @TempDir Path directory = Path.of("");

  @AfterEach
  void stop() {
    loops.close();
  }

  @Test
  void oneConnectionServesManyQuestions() throws Exception {
    try (AuthDaemon daemon = AuthDaemon.start(KEPT);
        HttpLink link = link(settings(daemon, 4, false))) {
      for (int i = 0; i < 5; i++) {
        assertThat(host(ask(link))).isEqualTo("10.0.0.1");
      }
      assertThat(daemon.connections()).isEqualTo(1);
      assertThat(daemon.requests())
          .allSatisfy(request -> assertThat(request.text()).startsWith("GET /auth HTTP/1.1\r\n"));
    }
  }

  @Test
  void soDoesOneToASocket() throws Exception {
    Path socket = directory.resolve("auth.sock");
    EventLoopGroup nio = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    try (AuthDaemon daemon = AuthDaemon.start(KEPT).alsoAt(socket);
        HttpLink here = link(settings(socket));
        HttpLink byNio = link(settings(socket), null, /* epoll= */ false)) {
      for (int i = 0; i < 3; i++) {
        assertThat(host(ask(here))).isEqualTo("10.0.0.1");
      }
      EventLoop other = nio.next();
      for (int i = 0; i < 3; i++) {
        CompletableFuture<Answer> answer =
            other.submit(() -> byNio.ask(attempt(), other)).get(10, TimeUnit.SECONDS);
        assertThat(host(answer.get(10, TimeUnit.SECONDS))).isEqualTo("10.0.0.1");
      }
      assertThat(daemon.requests())
          .hasSize(6)
          .allSatisfy(request ->
              assertThat(request.text()).startsWith("GET /auth HTTP/1.1\r\nHost: localhost\r\n"));
      assertThat(daemon.connections()).isEqualTo(2);
    } finally {
      nio.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  @Test
  void aSocketThatIsNotThereIsNoAnswer() throws Exception {
    try (HttpLink link = link(settings(directory.resolve("auth.sock")))) {
      assertThat(asked(link)).failsWithin(Duration.ofSeconds(10));
    }
  }

  private static HttpLinkSettings settings(Path socket) {
    AuthUrl url = new AuthUrl(false, "localhost", 80, socket.toString(), "/auth");
    return new HttpLinkSettings(url, List.of(), false, 2, false, false, null);
  }

  @Test
  void aLinkThatIsClosedKeepsNoConnection() throws Exception {
    CountDownLatch second = new CountDownLatch(1);
    CountDownLatch both = new CountDownLatch(1);
    try (AuthDaemon daemon = AuthDaemon.start(KEPT)) {
      HttpLink link = link(settings(daemon, 4, false));
      ask(link);
      daemon.script(request -> {
        if (request.connection() == 1) {
          second.countDown();
        }
        await(both);
        return KEPT.answer(request);
      });
      CompletableFuture<Answer> first = asked(link);
      await(second);
      CompletableFuture<Answer> other = asked(link);
      Wait.until("both ask", Duration.ofSeconds(10), () -> daemon.requests().size() == 3);
      both.countDown();
      assertThat(host(first.get(10, TimeUnit.SECONDS))).isEqualTo("10.0.0.1");
      assertThat(host(other.get(10, TimeUnit.SECONDS))).isEqualTo("10.0.0.1");
      assertThat(daemon.open()).isEqualTo(2);

      CountDownLatch last = new CountDownLatch(1);
      daemon.script(request -> {
        await(last);
        return KEPT.answer(request);
      });
      CompletableFuture<Answer> late = asked(link);
      link.close();
      Wait.until("what is idle goes", Duration.ofSeconds(10), () -> daemon.open() == 1);
      last.countDown();
      assertThat(host(late.get(10, TimeUnit.SECONDS))).isEqualTo("10.0.0.1");
      Wait.until("what was asked goes", Duration.ofSeconds(10), () -> daemon.open() == 0);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void withoutKeepAliveEachQuestionHasItsOwn() throws Exception {
    try (AuthDaemon daemon = AuthDaemon.start(KEPT);
        HttpLink link = link(settings(daemon, 0, false))) {
      ask(link);
      ask(link);
      assertThat(daemon.connections()).isEqualTo(2);
    }
  }

  @Test
  void aBodyIsSkipped() throws Exception {
    String body = "Auth-Status: no\r\n\r\n";
    AuthDaemon.Answer answer =
        new AuthDaemon.Answer(
            "HTTP/1.1 200 OK\r\nContent-Length: "
                + body.length()
                + "\r\nAuth-Server: 10.0.0.1\r\nAuth-Port: 143\r\n\r\n"
                + body,
            Duration.ZERO,
            AuthDaemon.Answer.Then.KEEP);
    try (AuthDaemon daemon = AuthDaemon.start(_ -> answer);
        HttpLink link = link(settings(daemon, 4, false))) {
      assertThat(host(ask(link))).isEqualTo("10.0.0.1");
      assertThat(host(ask(link))).isEqualTo("10.0.0.1");
      assertThat(daemon.connections()).isEqualTo(1);
    }
  }

  @Test
  void aKeptConnectionThatTheDaemonHasClosedIsNoFailure() throws Exception {
    try (AuthDaemon daemon = AuthDaemon.start(KEPT);
        HttpLink link = link(settings(daemon, 4, false))) {
      ask(link);
      daemon.refuse();
      daemon.listen();
      assertThat(host(ask(link))).isEqualTo("10.0.0.1");
      assertThat(daemon.connections()).isEqualTo(2);
    }
  }

  @Test
  void whoDoesNotWaitAnyMoreClosesTheConnection() throws Exception {
    try (AuthDaemon daemon =
            AuthDaemon.start(_ -> AuthDaemon.Answer.accept(143).after(Duration.ofMinutes(5)));
        HttpLink link = link(settings(daemon, 4, false))) {
      CompletableFuture<Answer> asked = asked(link);
      Wait.until("it is asked", Duration.ofSeconds(10), () -> daemon.requests().size() == 1);
      loop.submit(() -> asked.cancel(true)).get(10, TimeUnit.SECONDS);
      assertThat(asked).isCancelled();
      daemon.script(KEPT);
      assertThat(host(ask(link))).isEqualTo("10.0.0.1");
      assertThat(daemon.connections()).isEqualTo(2);
    }
  }

  @Test
  void waitIsAskingAgain() throws Exception {
    try (AuthDaemon daemon =
            AuthDaemon.start(_ -> AuthDaemon.Answer.of("Auth-Status: WAIT", "Auth-Wait: 7"));
        HttpLink link = link(settings(daemon, 0, false))) {
      assertThat(ask(link)).isEqualTo(new Answer.AskAgain(Duration.ofSeconds(7)));
    }
  }

  @Test
  void anAnswerOfNoUseIsNotTheLinksFailure() throws Exception {
    try (AuthDaemon daemon = AuthDaemon.start(_ -> AuthDaemon.Answer.of("Auth-Status: OK"));
        HttpLink link = link(settings(daemon, 0, false))) {
      assertThat(ask(link))
          .isInstanceOfSatisfying(
              Answer.CannotTell.class, answer -> assertThat(answer.down()).isFalse());
    }
  }

  @Test
  void moreThanNginxIsToldAndBelievedOnlyIfWanted() throws Exception {
    AuthDaemon.Script script =
        _ ->
            AuthDaemon.Answer.of(
                "Auth-Status: OK",
                "Auth-Server: mx1.example.org",
                "Auth-Port: 993",
                "Auth-TLS: ssl",
                "Auth-User: ann@example.org",
                "Auth-Backend-User: ann*master",
                "Auth-Mech: LOGIN",
                "Auth-Cache: 60",
                "Auth-Pass: m");
    try (AuthDaemon daemon = AuthDaemon.start(script);
        HttpLink plain = link(settings(daemon, 0, false));
        HttpLink extended = link(settings(daemon, 0, true))) {
      assertThat(ask(plain)).isInstanceOf(Answer.CannotTell.class);
      assertThat(daemon.takeRequests().getFirst().text())
          .doesNotContain("Client-Port", "Auth-Session", "Auth-SNI", "Auth-IMAP-ID");
      assertThat(ask(extended))
          .isInstanceOfSatisfying(
              Answer.Accept.class,
              answer -> {
                assertThat(answer.kept()).isEqualTo(Duration.ofMinutes(1));
                assertThat(answer.facts().fields())
                    .isEqualTo(
                        Map.of(
                            "host",
                            "mx1.example.org",
                            "port",
                            "993",
                            "ssl",
                            "yes",
                            "user",
                            "ann@example.org",
                            "destuser",
                            "ann*master",
                            "proxy_mech",
                            "LOGIN"));
                assertThat(answer.facts().pass()).isEqualTo(new byte[] {'m'});
              });
      assertThat(daemon.takeRequests().getFirst().text())
          .contains(
              """
              Client-Port: 40001
              Server-IP: 2001:db8::1
              Server-Port: 993
              Auth-Session: 7f3a
              Auth-SNI: mail.example.org
              Auth-IMAP-ID: ("name"%20"Mutt")
              X-Key: k

              """
                  .replace("\n", "\r\n"));
    }
  }

  @Test
  void aDaemonMaySayWhyATokenIsRefused() throws Exception {
    String why = "{\"status\":\"401\",\"scope\":\"mail\"}";
    String base64 = Base64.getEncoder().encodeToString(why.getBytes(StandardCharsets.UTF_8));
    for (String told : List.of(base64, "no Base64")) {
      try (AuthDaemon daemon =
              AuthDaemon.start(
                  _ -> AuthDaemon.Answer.of("Auth-Status: No", "Auth-Error-SASL: " + told));
          HttpLink plain = link(settings(daemon, 0, false));
          HttpLink extended = link(settings(daemon, 0, true))) {
        assertThat(ask(plain)).isEqualTo(new Answer.Reject("", "No", Duration.ZERO, true, ""));
        assertThat(ask(extended))
            .isEqualTo(
                new Answer.Reject("", "No", Duration.ZERO, true, told.equals(base64) ? why : ""));
      }
    }
  }

  @Test
  void whoHasLoggedInBeforeIsAskedAboutByAWordOfItsOwnIfTheDaemonKnowsIt() throws Exception {
    try (AuthDaemon daemon = AuthDaemon.start(KEPT);
        HttpLink plain = link(settings(daemon, 0, false));
        HttpLink resuming = link(settings(daemon, 0, true))) {
      assertThat(plain.resumes(Proof.Kind.PASSWORD)).isFalse();
      assertThat(resuming.resumes(Proof.Kind.TOKEN)).isTrue();
      assertThat(resuming.resumes(Proof.Kind.CERTIFICATE)).isFalse();

      Attempt attempt = Attempts.again("ann b", Proof.Kind.PASSWORD);
      Answer answer =
          loop.submit(() -> resuming.ask(attempt, loop))
              .get(10, TimeUnit.SECONDS)
              .get(10, TimeUnit.SECONDS);
      assertThat(host(answer)).isEqualTo("10.0.0.1");
      assertThat(daemon.takeRequests().getFirst().text())
          .startsWith(
              """
              GET /auth HTTP/1.0
              Host: 127.0.0.1
              Auth-Method: resume
              Auth-User: ann%20b
              Auth-Protocol: imap
              Auth-Login-Attempt: 1
              Client-IP: 203.0.113.7
              Auth-SSL: on
              Client-Port: 40001
              """
                  .replace("\n", "\r\n"))
          .contains("Auth-Session: s1\r\n")
          .doesNotContain("Auth-Pass");
    }
  }

  @Test
  void httpsTrustsWhomItIsTold() throws Exception {
    SelfSigned certificate = SelfSigned.in(directory);
    try (AuthDaemon daemon = AuthDaemon.start(certificate, KEPT)) {
      AuthUrl url = new AuthUrl(true, "localhost", daemon.port(), "/auth");
      HttpLinkSettings settings =
          new HttpLinkSettings(url, List.of(), false, 2, false, false, null);
      try (HttpLink link =
          link(settings, BackendTrust.load("ca", true, certificate.certificate()), loops.epoll())) {
        assertThat(host(ask(link))).isEqualTo("10.0.0.1");
        assertThat(host(ask(link))).isEqualTo("10.0.0.1");
        assertThat(daemon.connections()).isEqualTo(1);
      }
      try (HttpLink link = link(settings, BackendTrust.load("ca", true, null), loops.epoll())) {
        assertThat(asked(link)).failsWithin(Duration.ofSeconds(10));
      }
    }
  }

  @Test
  void ciphersHaveTheNamesThatOpenSslGivesThem() {
    assertThat(AuthHttpRequest.openSslName("TLS_AES_128_GCM_SHA256"))
        .isEqualTo("TLS_AES_128_GCM_SHA256");
    assertThat(AuthHttpRequest.openSslName("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"))
        .isEqualTo("ECDHE-RSA-AES256-GCM-SHA384");
    assertThat(AuthHttpRequest.openSslName("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"))
        .isEqualTo("ECDHE-RSA-CHACHA20-POLY1305");
  }

  private static HttpLinkSettings settings(AuthDaemon daemon, int keepAlive, boolean extended) {
    AuthUrl url = new AuthUrl(false, "127.0.0.1", daemon.port(), "/auth");
    return new HttpLinkSettings(
        url, List.of("X-Key: k"), false, keepAlive, extended, extended, null);
  }

  private HttpLink link(HttpLinkSettings settings) {
    return link(settings, null, loops.epoll());
  }

  private static HttpLink link(
      HttpLinkSettings settings, @Nullable BackendTrust trust, boolean epoll) {
    return new HttpLink(settings, Duration.ofSeconds(10), trust, epoll, InstantSource.system());
  }

  private Answer ask(HttpLink link) throws Exception {
    return asked(link).get(10, TimeUnit.SECONDS);
  }

  private CompletableFuture<Answer> asked(HttpLink link) throws Exception {
    return loop.submit(() -> link.ask(attempt(), loop)).get(10, TimeUnit.SECONDS);
  }

  private static Attempt attempt() {
    Client client =
        new Client(
            "7f3a",
            new InetSocketAddress(InetAddress.ofLiteral("203.0.113.7"), 40001),
            new InetSocketAddress(InetAddress.ofLiteral("2001:db8::1"), 993),
            /* tls= */ true,
            "mail.example.org",
            Via.NOBODY);
    byte[] password = "secret".getBytes(StandardCharsets.UTF_8);
    return new Attempt(
        "imap",
        client,
        null,
        "(\"name\" \"Mutt\")",
        1,
        "LOGIN",
        "ann",
        "",
        new Proof.Password(password));
  }

  private static @Nullable String host(Answer answer) {
    return answer instanceof Answer.Accept(Facts facts, _) ? facts.host() : answer.toString();
  }
}
