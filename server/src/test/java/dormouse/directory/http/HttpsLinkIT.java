package dormouse.directory.http;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.NginxFileServer;
import dormouse.testkit.SelfSigned;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// An auth daemon behind a real nginx that ends its TLS: what is said beyond nginx's own words, both ways, and a Dovecot that is reached by that.
class HttpsLinkIT {
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path directory;

  @Test
  void whatTheMailProxyOfNginxDoesNotKnowComesThrough() {
    try (DovecotServer dovecot = DovecotServer.start();
        AuthDaemon daemon =
            AuthDaemon.start(_ ->
                Answer.of(
                    "Auth-Status: OK",
                    "Auth-Server: localhost",
                    "Auth-Port: " + dovecot.imapPort(),
                    "Auth-TLS: starttls",
                    "Auth-Mech: PLAIN",
                    "Auth-Backend-User: u2",
                    "Auth-Cache: 60"));
        NginxFileServer nginx = before(daemon);
        FrontEnd front = front(nginx, nginx.certificate())) {
      int from = dovecot.logSize();
      try (ImapClient client = ImapClient.connect(front.tls(), "127.0.5.9", "mail.example.org")) {
        client.ok("ID (\"name\" \"test\")");
        client.login("ann", DovecotServer.PASSWORD).ok("NOOP");
        String login = dovecot.awaitLog(from, line -> line.contains("Login: user=<u2>"), SOON);
        assertThat(login).contains("TLS", "method=PLAIN");

        AuthDaemon.Request asked = daemon.requests().getLast();
        assertThat(asked.header("Client-IP")).isEqualTo("127.0.5.9");
        assertThat(asked.header("Client-Port"))
            .isEqualTo(Integer.toString(client.socket().getLocalPort()));
        assertThat(asked.header("Server-IP")).isEqualTo("127.0.0.1");
        assertThat(asked.header("Server-Port")).isEqualTo(Integer.toString(front.tls().port()));
        assertThat(asked.header("Auth-SNI")).isEqualTo("mail.example.org");
        assertThat(asked.header("Auth-Session")).isNotBlank();
        assertThat(asked.header("Auth-IMAP-ID")).isEqualTo("(\"name\"%20\"test\")");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0s", "1h"})
  void theDaemonSaysHowLongItsWordIsKept(String cache) {
    try (DovecotServer dovecot = DovecotServer.start();
        AuthDaemon daemon =
            AuthDaemon.start(request ->
                Answer.of(
                    "Auth-Status: OK",
                    "Auth-Server: 127.0.0.1",
                    "Auth-Port: " + dovecot.imapPort(),
                    "Auth-Cache: " + keptSeconds(String.valueOf(request.header("Auth-User")))));
        NginxFileServer nginx = before(daemon);
        FrontEnd front = front(nginx, nginx.certificate(), cache)) {
      for (int i = 0; i < 3; i++) {
        logsIn(front, "u1");
        logsIn(front, "u2");
      }
      assertThat(asked(daemon, "u1")).as("kept").isOne();
      assertThat(asked(daemon, "u2")).as("not kept").isEqualTo(3);

      try (ImapClient client = ImapClient.connect(front.tls())) {
        assertThat(client.refused("LOGIN u1 wrong")).startsWith("NO [AUTHENTICATIONFAILED]");
      }
      assertThat(asked(daemon, "u1")).as("by another password").isEqualTo(2);
      try (ImapClient client = ImapClient.connect(front.tls(), "127.0.5.9", "")) {
        client.login("u1", DovecotServer.PASSWORD);
      }
      assertThat(asked(daemon, "u1")).as("from elsewhere").isEqualTo(3);

      front.await(
          () -> {
            logsIn(front, "u3");
            return asked(daemon, "u3") > 1;
          },
          "it is asked again when a second is over");
    }
  }

  private static int keptSeconds(String user) {
    return switch (user) {
      case "u1" -> 3600;
      case "u3" -> 1;
      default -> 0;
    };
  }

  private static void logsIn(FrontEnd front, String user) {
    ImapClient.connect(front.tls()).login(user, DovecotServer.PASSWORD).logout();
  }

  private static long asked(AuthDaemon daemon, String user) {
    return daemon.requests().stream()
        .filter(request -> user.equals(request.header("Auth-User")))
        .count();
  }

  @Test
  void aServerThatCannotProveWhoItIsIsToldNothing() {
    try (AuthDaemon daemon = AuthDaemon.start(_ -> Answer.accept(1));
        NginxFileServer nginx = before(daemon);
        FrontEnd front = front(nginx, SelfSigned.in(directory).certificate());
        ImapClient client = ImapClient.connect(front.tls())) {
      assertThat(client.refused("LOGIN ann secret")).startsWith("NO [UNAVAILABLE]");
      assertThat(daemon.requests()).isEmpty();
    }
  }

  private static NginxFileServer before(AuthDaemon daemon) {
    return NginxFileServer.start(
        "location = /auth { proxy_pass http://127.0.0.1:" + daemon.port() + "; }");
  }

  private static FrontEnd front(NginxFileServer nginx, Path ca) {
    return front(nginx, ca, "0s");
  }

  private static FrontEnd front(NginxFileServer nginx, Path ca, String cache) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: implicit } ]
        backends: { any: { address: "*", tls: none, verify: false, health: { check: none } } }
        directory: [ { http: { url: "%s", ca: %s, extended: true, keep-alive: 4 }, cache: %s } ]
        throttle: { enabled: false }
        """
            .formatted(nginx.tlsUrl("auth"), ca, cache));
  }
}
