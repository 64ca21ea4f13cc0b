package dormouse.directory;

import static dormouse.directory.NginxCase.SILENCE;

import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.LoginBackend;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/// How long, how often and how much a client may say before it has logged in, beside a real nginx: `max_errors`, `timeout` and
/// `imap_client_buffer`, and the settings that `docs/nginx.md` makes of them.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NginxLimitsIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(1);
  private static final String MANY = "failed logins and wrong arguments count, too";

  private final NginxStage stage =
      new NginxStage(
          LoginBackend.start(),
          """
          backends:
            any: { address: "*", tls: none, pool: { per-user: 0 } }
          directory:
            - http: { url: "URL" }
          login: { max-errors: 3, timeout: 1s, max-line-bytes: 1KiB, max-literal-bytes: 1KiB }
          """,
          "imap_auth plain login;",
          "max_errors 3;",
          "timeout 1s;",
          "imap_client_buffer 1k;");

  @AfterAll
  void stop() {
    stage.close();
  }

  @TestFactory
  Stream<DynamicTest> theTable() {
    return Stream.of(errors(), silences(), sizes()).flatMap(stage::play);
  }

  private List<NginxCase> errors() {
    Answer no = Answer.of("Auth-Status: No", "Auth-Wait: 1");
    return List.of(
        row("one error fewer than that", "a FOO", "b FOO", "c LOGIN ann secret"),
        row("as many errors", "a FOO", "b FOO", "c FOO"),
        row("others in between", "a FOO", "b NOOP", "c FOO", "d NOOP", "e FOO"),
        row("logins without a password", "a LOGIN ann", "b LOGIN ann", "c LOGIN ann", "d NOOP")
            .differs(MANY, "OK", "closed"),
        row("no Base64", "a AUTHENTICATE PLAIN !!", "b AUTHENTICATE PLAIN !!", "c FOO", "d NOOP")
            .differs(MANY, "OK", "closed"),
        new NginxCase(
                "refused logins",
                List.of("a LOGIN ann x1", "b LOGIN ann x2", "c LOGIN ann x3", "d NOOP"),
                _ -> no)
            .differs(MANY, "OK", "closed"));
  }

  private List<NginxCase> silences() {
    return List.of(
        row("nothing", SILENCE).takes(TIMEOUT),
        row("NOOP", "a NOOP", SILENCE).takes(TIMEOUT),
        row("a challenge and no answer", "a AUTHENTICATE LOGIN", SILENCE).takes(TIMEOUT),
        row("a literal that does not come", "a LOGIN {3}", SILENCE).takes(TIMEOUT),
        new NginxCase(
                "a refused login",
                List.of("a LOGIN ann x1", SILENCE),
                _ -> Answer.of("Auth-Status: No", "Auth-Wait: 1"))
            .takes(TIMEOUT.multipliedBy(2)));
  }

  private List<NginxCase> sizes() {
    return List.of(
        row("a line that fits", "a LOGIN ann " + "x".repeat(900)),
        row("a literal that fits", "a LOGIN ann {900+}\r\n" + "x".repeat(900)),
        row("a literal that waits and fits", "a LOGIN ann {900}", "x".repeat(900)),
        row("a command that nobody knows and fits", "a FOO " + "x".repeat(900), "b NOOP"),
        row("a line that is too long", "a LOGIN ann " + "x".repeat(1100))
            .differs("what is cut has no answer of its own", "BAD", "closed"),
        row("a literal that is too long", "a LOGIN ann {1100+}\r\n" + "x".repeat(1100))
            .differs("the client may go on", "BAD", "NO [TOOBIG] Literal too large"),
        row("a name of more than 255 bytes", "a LOGIN " + "x".repeat(256) + " secret")
            .differs("a name has at most 255 bytes", "OK", "BAD"));
  }

  private NginxCase row(String name, String... says) {
    return new NginxCase(name, List.of(says), _ -> stage.accept());
  }
}
