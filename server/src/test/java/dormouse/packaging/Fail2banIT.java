package dormouse.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import dormouse.FrontEnd;
import dormouse.ops.LineEncoder;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// fail2ban reads what Dormouse logs, with the filter that is shipped.
final class Fail2banIT {
  private static final Path FILTER = Path.of("..", "packaging", "fail2ban", "dormouse.conf");

  @TempDir Path directory = Path.of("");

  @Test
  void everyRefusedLoginIsSeenAndNoOther() throws Exception {
    Path log = directory.resolve("dormouse.log");
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front = FrontEnd.before(dovecot.imapPort())) {
      logTo(
          log,
          () -> {
            logIn(front, "127.0.7.1", "LOGIN u1 wrong");
            logIn(front, "127.0.7.2", "LOGIN \"u1 result=rejected client=9.9.9.9:1\" x");
            logIn(front, "127.0.7.2", "LOGIN \"\\\" result=rejected client=9.9.9.9:1 \" x");
            logIn(front, "127.0.7.2", "LOGIN {5}\r\n] \" [ x");
            logIn(
                front,
                "127.0.7.2",
                "LOGIN \"mx x[1]: 2026-01-31 09:12:04,117 login session=1 user=u result=rejected client=9.9.9.9:1\" x");
            try (ImapClient client = ImapClient.connect(front.plain(), "127.0.7.3", "")) {
              client.login("u2", DovecotServer.PASSWORD);
              client.logout();
            }
          });
    }
    List<String> seen = List.of("127.0.7.1", "127.0.7.2", "127.0.7.2", "127.0.7.2", "127.0.7.2");
    assertThat(addresses(log)).isEqualTo(seen);
    assertThat(addressesOfJournal(Files.readAllLines(log))).isEqualTo(seen);
  }

  /// Each user may have one connection.
  private static FrontEnd oneForEach(DovecotServer dovecot) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        limits: { per-user: 1 }
        """
            .formatted(dovecot.imapPort()));
  }

  /// Who has too many connections has shown the right password.
  @Test
  void whoHasTooManyConnectionsIsNotCounted() throws Exception {
    Path log = directory.resolve("dormouse.log");
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front = oneForEach(dovecot)) {
      logTo(
          log,
          () -> {
            try (ImapClient first = ImapClient.connect(front.plain(), "127.0.7.4", "")) {
              first.login("u3", DovecotServer.PASSWORD);
              logIn(front, "127.0.7.5", "LOGIN u3 " + DovecotServer.PASSWORD);
              logIn(front, "127.0.7.6", "LOGIN u3 wrong");
            }
          });
    }
    assertThat(addresses(log)).containsExactly("127.0.7.6");
  }

  /// Nor is it when the connection ends for it.
  @Test
  void whoSaysTheRightPasswordAgainAndAgainIsNotCounted() throws Exception {
    Path log = directory.resolve("dormouse.log");
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front = oneForEach(dovecot)) {
      logTo(
          log,
          () -> {
            try (ImapClient first = ImapClient.connect(front.plain(), "127.0.7.4", "");
                ImapClient second = ImapClient.connect(front.plain(), "127.0.7.5", "")) {
              first.login("u3", DovecotServer.PASSWORD);
              for (int i = 0; i < 5; i++) {
                second.refused("LOGIN u3 " + DovecotServer.PASSWORD);
              }
              second.expectClosed();
            }
            Wait.until("its end is logged", Duration.ofSeconds(10), () -> holds(log, " close "));
          });
    }
    assertThat(addresses(log)).isEmpty();
  }

  /// A daemon that says no `Auth-Wait` wants no further try on the connection.
  @Test
  void whatADaemonRefusesIsCountedOnceAndWhatItPutsOffIsNot() throws Exception {
    Path log = directory.resolve("dormouse.log");
    try (AuthDaemon daemon =
            AuthDaemon.start(request ->
                AuthDaemon.Answer.of(
                    "wrong".equals(request.header("Auth-Pass"))
                        ? "Auth-Status: Invalid login or password"
                        : "Auth-Status: [UNAVAILABLE] The database is away"));
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends: { mx: { address: "*:143", tls: none } }
                directory: [ { http: { url: "http://127.0.0.1:%d/auth" }, cache-refusals: 1m } ]
                """
                    .formatted(daemon.port()))) {
      logTo(
          log,
          () -> {
            logIn(front, "127.0.7.1", "LOGIN ann wrong");
            for (int i = 0; i < 13; i++) {
              logIn(front, "127.0.7.2", "LOGIN ann secret");
            }
          });
      assertThat(daemon.requests()).as("none is kept").hasSize(14);
      assertThat(front.metric("dormouse_throttled_logins_total")).as("nobody waits").isZero();
      assertThat(front.metric("dormouse_logins_total{result=\"put-off\"}")).isEqualTo(13);
    }
    assertThat(addresses(log)).containsExactly("127.0.7.1");
  }

  @Test
  void ipv6AndNonsenseAreSeen() throws Exception {
    Path log = directory.resolve("dormouse.log");
    Files.writeString(
        log,
        """
        2026-01-31 09:12:04,117 INFO  login session=7f3a user=ann result=rejected code=LIMIT client=[2001:db8::1]:51234 tls=true took=1ms
        2026-01-31 09:12:05,117 INFO  close session=7f3a reason=too-many-errors client=[2001:db8::2]:51234 tls=true
        2026-01-31 09:12:05,118 INFO  close session=7f3a reason=logins-refused client=[2001:db8::5]:51234 tls=true
        2026-01-31 09:12:05,119 INFO  login session=7f3a user=ann result=put-off code=LIMIT client=[2001:db8::6]:51234 tls=true took=1ms
        2026-01-31 09:12:06,117 INFO  close session=7f3a reason=client-gone client=[2001:db8::3]:51234 tls=true
        2026-01-31 09:12:07,117 INFO  login session=7f3a user=ann result=unreachable client=[2001:db8::4]:51234 tls=true took=1ms
        """);
    assertThat(addresses(log)).containsExactly("2001:db8::1", "2001:db8::2");
  }

  @Test
  void linesOfTheJournalAreSeen() throws Exception {
    String lines =
        """
        2026-01-31 09:12:04,117 INFO  login session=7f3a user=ann result=rejected client=127.0.7.1:51234 tls=true took=1ms
        2026-01-31 09:12:05,117 INFO  close session=7f3a reason=too-many-errors client=[2001:db8::2]:51234 tls=true
        2026-01-31 09:12:06,117 INFO  login session=7f3a user=ann result=accepted client=127.0.7.3:51234 tls=true took=1ms
        two words INFO  login session=7f3a user=ann result=rejected client=127.0.7.4:51234 tls=true took=1ms
        """;
    assertThat(addressesOfJournal(lines.lines().toList()))
        .containsExactly("127.0.7.1", "2001:db8::2");
  }

  /// As fail2ban has it of the journal, where `jail.conf` has it look: behind the time, which comes beside the line there.
  private List<String> addressesOfJournal(List<String> lines) throws Exception {
    Path journal = directory.resolve("journal");
    Files.write(
        journal, lines.stream().map(line -> "1769850724 mail dormouse[4711]: " + line).toList());
    return addresses(journal, "--datepattern", "^EPOCH");
  }

  private static boolean holds(Path log, String text) {
    try {
      return Files.readString(log).contains(text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void logIn(FrontEnd front, String from, String command) {
    try (ImapClient client = ImapClient.connect(front.plain(), from, "")) {
      client.refused(command);
    }
  }

  /// Runs with the product's own log layout, written to a file.
  private static void logTo(Path file, Runnable script) throws IOException {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    LineEncoder encoder = new LineEncoder();
    encoder.setContext(context);
    encoder.start();
    FileAppender<ILoggingEvent> appender = new FileAppender<>();
    appender.setContext(context);
    appender.setEncoder(encoder);
    appender.setFile(file.toString());
    appender.start();
    Logger logins = context.getLogger("dormouse.imap.ImapDialogue");
    logins.setLevel(ch.qos.logback.classic.Level.INFO);
    logins.addAppender(appender);
    try {
      script.run();
    } finally {
      logins.detachAppender(appender);
      logins.setLevel(null);
      appender.stop();
    }
  }

  /// Whom fail2ban would count, in the order of the log.
  private List<String> addresses(Path log, String... options) throws Exception {
    Path said = directory.resolve("said");
    List<String> command = new ArrayList<>(List.of("fail2ban-regex", "--out", "<ip>"));
    command.addAll(List.of(options));
    command.addAll(List.of(log.toString(), FILTER.toString()));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return Files.readString(said, StandardCharsets.UTF_8)
        .lines()
        .filter(line -> !line.isBlank())
        .toList();
  }
}
