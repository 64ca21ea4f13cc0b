package dormouse.directory;

import dormouse.FrontEnd;
import dormouse.directory.NginxCase.Side;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// STARTTLS beside a real nginx, as its directive has it: what the daemon is asked before and behind it, and who may log in in the clear.
class NginxStartTlsIT {
  private static final String CIPHER = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
  private static final String WRONG = "Auth-Status: Invalid login or password";

  @Test
  void on() {
    compare("on", "optional");
  }

  @Test
  void only() {
    compare("only", "starttls");
  }

  @Test
  void off() {
    compare("off", "none");
  }

  private static void compare(String directive, String tls) {
    try (LoginBackend backend = LoginBackend.start();
        AuthDaemon daemon = AuthDaemon.start(_ -> Answer.accept(backend.port()));
        NginxMailServer nginx =
            NginxMailServer.ofBlock(
                """
                mail {
                  auth_http 127.0.0.1:%d/auth;
                  ssl_protocols TLSv1.2 TLSv1.3;
                  ssl_certificate /etc/ssl/mail.pem;
                  ssl_certificate_key /etc/ssl/mail.key;
                  imap_auth plain login;
                  server { listen 143; protocol imap; starttls %s; }
                }
                """
                    .formatted(daemon.port(), directive));
        FrontEnd dormouse =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: %s } ]
                tls: { certificates: [ { certificate: "%s", key: "%s" } ] }
                backends:
                  any: { address: "*", tls: none, pool: { per-user: 0 } }
                directory:
                  - http: { url: "http://127.0.0.1:%d/auth" }
                throttle: { enabled: false }
                hibernate: { enabled: false }
                """
                    .formatted(
                        tls,
                        nginx.certificate().certificate(),
                        nginx.certificate().key(),
                        daemon.port()))) {
      Side there = new Side(nginx.port(), 0, 0, daemon, backend);
      Side ours = new Side(dormouse.plain().port(), 0, 0, daemon, backend);
      Answer ok = Answer.accept(backend.port());
      Stream<NginxCase> rows =
          switch (directive) {
            case "on" -> Stream.concat(behindIt(ok), wherePasswordsMayGoInClear(ok));
            case "only" -> Stream.concat(behindIt(ok), whereTheyMayNot(ok));
            default -> whereThereIsNone(ok);
          };
      rows.forEach(row -> row.check(there, ours));
    }
  }

  private static Stream<NginxCase> behindIt(Answer ok) {
    Answer no = Answer.of(WRONG, "Auth-Wait: 1");
    return Stream.of(
        row("LOGIN", ok, "s STARTTLS", "a LOGIN ann secret"),
        row("small letters", ok, "s starttls", "a LOGIN ann secret"),
        row("TLS 1.3", ok, "s STARTTLS", "a LOGIN ann secret")
            .startTls("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        row("PLAIN", ok, "s STARTTLS", "a AUTHENTICATE PLAIN", plain()),
        row("PLAIN at once", ok, "s STARTTLS", "a AUTHENTICATE PLAIN " + plain()),
        new NginxCase(
                "wrong, then right",
                List.of("s STARTTLS", "a LOGIN ann wrong1", "b LOGIN ann secret"),
                asked -> asked == 1 ? no : ok)
            .takes(Duration.ofSeconds(1))
            .startTls("TLSv1.2", CIPHER),
        row("refused", Answer.of(WRONG), "s STARTTLS", "a LOGIN ann wrong1"),
        row("another STARTTLS in TLS", ok, "s STARTTLS", "t STARTTLS", "a LOGIN ann secret"),
        row("a login that came in the clear", ok, "s STARTTLS\r\na LOGIN ann secret", "b NOOP"),
        row("an argument", ok, "s STARTTLS now")
            .differs("RFC 9051 \u00a76.2.1 has none", "OK", "BAD"));
  }

  private static Stream<NginxCase> wherePasswordsMayGoInClear(Answer ok) {
    Answer no = Answer.of(WRONG, "Auth-Wait: 1");
    return Stream.of(
        row("LOGIN in the clear", ok, "a LOGIN ann secret"),
        row("PLAIN in the clear", ok, "a AUTHENTICATE PLAIN", plain()),
        new NginxCase(
                "wrong in the clear, right in TLS",
                List.of("a LOGIN ann wrong1", "s STARTTLS", "b LOGIN ann secret"),
                asked -> asked == 1 ? no : ok)
            .takes(Duration.ofSeconds(1))
            .startTls("TLSv1.2", CIPHER));
  }

  private static Stream<NginxCase> whereTheyMayNot(Answer ok) {
    String why = "RFC 9051 has a code for it";
    String ours = "NO [PRIVACYREQUIRED] Say STARTTLS before you log in";
    return Stream.of(
        row("LOGIN in the clear", ok, "a LOGIN ann secret").differs(why, "BAD", ours),
        row("PLAIN in the clear", ok, "a AUTHENTICATE PLAIN").differs(why, "BAD", ours),
        row("in the clear, then in TLS", ok, "a LOGIN ann secret", "s STARTTLS", "b NOOP")
            .differsFirst(why, "BAD", ours));
  }

  private static Stream<NginxCase> whereThereIsNone(Answer ok) {
    return Stream.of(row("none", ok, "s STARTTLS", "a LOGIN ann secret"));
  }

  private static NginxCase row(String name, Answer answer, String... says) {
    return new NginxCase(name, List.of(says), _ -> answer).startTls("TLSv1.2", CIPHER);
  }

  private static String plain() {
    return Base64.getEncoder().encodeToString("\0ann\0secret".getBytes(StandardCharsets.US_ASCII));
  }
}
