package dormouse.directory;

import static dormouse.directory.NginxCase.UNAVAILABLE;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.directory.NginxCase.Side;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The configuration that `docs/nginx.md` begins with, before and after: a real nginx with the first, Dormouse with the second, before the
/// same daemon.
class NginxDocsIT {
  private static final String CIPHER = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";

  @Test
  void beforeAndAfterServeAlike() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "nginx.md"));
    try (LoginBackend backend = LoginBackend.start();
        AuthDaemon daemon = AuthDaemon.start(_ -> Answer.accept(backend.port()))) {
      String here = "127.0.0.1:" + daemon.port();
      String before = block(page, "nginx").replace("127.0.0.1:9000", here);
      try (NginxMailServer nginx = NginxMailServer.ofBlock(before);
          FrontEnd dormouse = FrontEnd.of(located(block(page, "yaml"), here, nginx))) {
        Side there = new Side(nginx.port(), 0, nginx.tlsPort(), daemon, backend);
        Side ours =
            new Side(dormouse.plain(0).port(), 0, dormouse.plain(1).port(), daemon, backend);
        for (NginxCase row : rows(backend.port())) {
          row.check(there, ours);
        }
      }
    }
  }

  private static List<NginxCase> rows(int backend) {
    Answer ok = Answer.accept(backend);
    Answer no = Answer.of("Auth-Status: Invalid login or password", "Auth-Wait: 1");
    String base64 =
        Base64.getEncoder().encodeToString("\0ann\0secret".getBytes(StandardCharsets.US_ASCII));
    return List.of(
        new NginxCase("in", List.of("a LOGIN ann secret"), _ -> ok).over("TLSv1.2", CIPHER),
        new NginxCase("PLAIN", List.of("a AUTHENTICATE PLAIN", base64), _ -> ok)
            .over("TLSv1.2", CIPHER),
        new NginxCase(
                "wrong, then right",
                List.of("a LOGIN ann wrong1", "b LOGIN ann secret"),
                asked -> asked == 1 ? no : ok)
            .takes(Duration.ofSeconds(1))
            .over("TLSv1.2", CIPHER),
        new NginxCase("a login in the clear", List.of("a LOGIN ann secret"), _ -> ok)
            .differs(
                "RFC 9051 has a code for it",
                "BAD",
                "NO [PRIVACYREQUIRED] Say STARTTLS before you log in"),
        new NginxCase("STARTTLS", List.of("s STARTTLS", "a LOGIN ann secret"), _ -> ok)
            .startTls("TLSv1.2", CIPHER),
        passed("NO [CONTACTADMIN] Say hello to us first", backend),
        passed("NO [AUTHORIZATIONFAILED] Not over here", backend),
        passed("NO [EXPIRED] Your password is from 1999", backend),
        refused("NO [AUTHENTICATIONFAILED] There is no ann", backend)
            .differs(
                "a text may tell which of name and password was wrong",
                "NO [AUTHENTICATIONFAILED] There is no ann",
                "NO [AUTHENTICATIONFAILED] Wrong user name or password"),
        refused("NO There is no ann", backend)
            .differs(
                "the same",
                "NO There is no ann",
                "NO [AUTHENTICATIONFAILED] Wrong user name or password"),
        refused("NO [UNAVAILABLE] The disk is on fire", backend)
            .differs("the text is ours", "NO [UNAVAILABLE] The disk is on fire", UNAVAILABLE));
  }

  /// What the backend says comes to the client.
  private static NginxCase passed(String words, int backend) {
    return refused(words, backend).goesOn(words);
  }

  private static NginxCase refused(String words, int backend) {
    Answer answer =
        Answer.of(
            "Auth-Status: OK",
            "Auth-Server: 127.0.0.1",
            "Auth-Port: " + backend,
            "Auth-Pass: " + words);
    return new NginxCase(words, List.of("a LOGIN ann secret"), _ -> answer).over("TLSv1.2", CIPHER);
  }

  private static String located(String yaml, String daemon, NginxMailServer nginx) {
    return yaml.replace("127.0.0.1:9000", daemon)
        .replace("0.0.0.0:143", "127.0.0.1:0")
        .replace("0.0.0.0:993", "127.0.0.1:0")
        .replace("/etc/ssl/mail.pem", nginx.certificate().certificate().toString())
        .replace("/etc/ssl/mail.key", nginx.certificate().key().toString());
  }

  private static String block(String page, String of) {
    Matcher found = Pattern.compile("(?s)```" + of + "\n(.*?)```").matcher(page);
    assertThat(found.find()).isTrue();
    return found.group(1);
  }
}
