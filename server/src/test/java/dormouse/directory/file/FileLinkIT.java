package dormouse.directory.file;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.BehindProxy;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Users of a file, rewritten names and a popmap before a real Dovecot, with hashes that Dovecot's own `doveadm pw` makes.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FileLinkIT {
  private static final String NOWHERE = "NO [UNAVAILABLE] Cannot check now";
  private static final String UNTRUSTED =
      "NO [UNAVAILABLE] The mail server could not prove who it is";
  private static final String REST =
      """
      listen: [ { address: "127.0.0.1:0", tls: none } ]
      throttle: { enabled: false }
      hibernate: { enabled: false }
      """;

  private DovecotServer dovecot;

  @TempDir Path directory = Path.of("");

  @BeforeAll
  void start() {
    dovecot = DovecotServer.start();
  }

  @AfterAll
  void stop() {
    dovecot.close();
  }

  @Test
  void aFileSaysWhoAClientIsAndWhatToLogInWith() throws IOException {
    String hash = dovecot.doveadm("pw", "-s", "SHA512-CRYPT", "-p", "correct horse").strip();
    Path users =
        Files.writeString(
            directory.resolve("users"),
            "ann:" + hash + "::::::destuser=u1 pass=" + DovecotServer.PASSWORD + "\n");
    try (FrontEnd dormouse = dormouse("- file: { path: %s }".formatted(users))) {

      try (ImapClient client = ImapClient.connect(dormouse.plain()).login("ann", "correct horse")) {
        client.ok("SELECT INBOX");
        dovecot.awaitImapConnections("u1", 1, Duration.ofSeconds(10));
      }
      assertThat(dormouse.refusal("ann")).contains("[AUTHENTICATIONFAILED]");
      assertThat(dormouse.refusal("bob", "correct horse")).contains("[AUTHENTICATIONFAILED]");

      Files.writeString(users, "bob:{PLAIN}staple::::::destuser=u2 pass=pass\n");
      Files.setLastModifiedTime(users, FileTime.from(Instant.now().minusSeconds(60)));
      dormouse.await(() -> dormouse.accepts("bob", "staple"), "the changed file is used");
      assertThat(dormouse.refusal("ann", "correct horse")).contains("[AUTHENTICATIONFAILED]");
    }
  }

  @Test
  void passwordsThatSayNoSchemeHaveTheOneThatIsSet() throws IOException {
    for (String scheme : new String[] {"SSHA", "PLAIN", "SHA512-CRYPT"}) {
      String hash = dovecot.doveadm("pw", "-s", scheme, "-p", DovecotServer.PASSWORD).strip();
      String bare = hash.replace("{" + scheme + "}", "");
      Path users =
          Files.writeString(
              directory.resolve(scheme), "u1:" + bare + "\nu2:{PLAIN}" + "pass\nu3:" + hash + "\n");
      String link = "- file: { path: %s, scheme: %s }".formatted(users, scheme);
      try (FrontEnd dormouse = dormouse(link)) {
        for (String user : new String[] {"u1", "u2", "u3"}) {
          assertThat(dormouse.accepts(user)).as(scheme + " of " + user).isTrue();
          assertThat(dormouse.refusal(user, "wrong")).contains("[AUTHENTICATIONFAILED]");
        }
      }
    }
  }

  @Test
  void whatDovecotsTablesSayOfAUserHoldsHere() throws IOException {
    String here = "127.0.0.1 port=" + dovecot.imapPort();
    Path users =
        Files.writeString(
            directory.resolve("table"),
            """
            u1:::::::nopassword proxy host=%1$s
            u2:::::::nopassword proxy nologin host=%1$s
            u3:{PLAIN}pass::::::nologin reason=Gone
            u4:{PLAIN}pass::::::nologin code=pass_expired reason=Old
            u5:{PLAIN}pass::::::nologin code=temp_fail
            u6:{PLAIN}pass::::::allow_nets=192.0.2.0/24
            u7:{PLAIN}pass::::::proxy_maybe host=192.0.2.1 port=143
            u8:::::::proxy host=%1$s
            """
                .formatted(here));
    try (FrontEnd dormouse = dormouse("- file: { path: %s }".formatted(users))) {
      assertThat(dormouse.accepts("u1")).isTrue();
      assertThat(dormouse.refusal("u1", "wrong")).contains("[AUTHENTICATIONFAILED]");
      assertThat(dormouse.accepts("u2")).isTrue();
      assertThat(dormouse.refusal("u3", "pass")).isEqualTo("NO Gone");
      assertThat(dormouse.refusal("u4", "pass")).isEqualTo("NO [EXPIRED] Old");
      assertThat(dormouse.refusal("u5", "pass")).contains("[UNAVAILABLE]");
      assertThat(dormouse.refusal("u6", "pass")).contains("[AUTHENTICATIONFAILED]");
      assertThat(dormouse.refusal("u7", "pass")).contains("[UNAVAILABLE]"); // no such backend
      assertThat(dormouse.refusal("u8")).contains("[AUTHENTICATIONFAILED]");

      Files.writeString(
          users,
          "u7:{PLAIN}pass::::::proxy_maybe host=127.0.0.1 port=" + dormouse.plain().port() + "\n");
      Files.setLastModifiedTime(users, FileTime.from(Instant.now().minusSeconds(60)));
      dormouse.await(() -> dormouse.accepts("u7", "pass"), "a user of this very server");
    }
  }

  @Test
  void whereAndAsWhomAUserIsPassedOnIsUpToTheTable() throws IOException {
    String imap = " port=" + dovecot.imapPort();
    long soon = Instant.now().getEpochSecond() + 4;
    Path users =
        Files.writeString(
            directory.resolve("approaches"),
            """
            u21:{PLAIN}x::::::master=%s pass=%s
            u22:{PLAIN}x::::::pass=pass host=mail.invalid hostip=127.0.0.1%s
            u23:{PLAIN}x::::::pass=pass host=127.0.0.1 port=%d ssl=any-cert
            u24:{PLAIN}x::::::pass=pass host=localhost%s starttls=yes
            u25:{PLAIN}x::::::pass=pass backend=mx delay_until=%d+1
            """
                .formatted(
                    DovecotServer.MASTER,
                    DovecotServer.MASTER_PASSWORD,
                    imap,
                    dovecot.imapsPort(),
                    imap,
                    soon));
    String links =
        """
        - file: { path: %s }
        backends:
          mx: { address: "127.0.0.1:%d", tls: none }
          any: { address: "*", tls: none, verify: false }
        """
            .formatted(users, dovecot.imapPort());
    try (FrontEnd dormouse = FrontEnd.of(REST + "directory:\n" + links)) {
      int mark = dovecot.logSize();
      for (String user : new String[] {"u21", "u22", "u23", "u24", "u25"}) {
        assertThat(dormouse.accepts(user, "x")).as(user).isTrue();
        String login =
            dovecot.awaitLog(
                mark, line -> line.contains("Login: user=<" + user + ">"), Duration.ofSeconds(10));
        assertThat(login.contains(", TLS")).as(login).isEqualTo(user.matches("u2[34]"));
      }
      assertThat(Instant.now().getEpochSecond()).isGreaterThanOrEqualTo(soon);
    }
  }

  @Test
  void aBackendIsReachedAsTheTableSaysOrNotAtAll() throws IOException {
    Path users =
        Files.writeString(
            directory.resolve("ways"),
            """
            u26:{PLAIN}x::::::pass=pass host=mx port=%2$d ssl=yes
            u27:{PLAIN}x::::::pass=pass host=mx hostip=127.0.0.1 port=%1$d
            u28:{PLAIN}x::::::pass=pass host=localhost hostip=127.0.0.1 port=%2$d ssl=yes
            u29:{PLAIN}x::::::pass=pass host=mail.invalid hostip=127.0.0.1 port=%2$d ssl=yes
            u30:{PLAIN}x::::::pass=pass backend=mx starttls=yes
            u33:{PLAIN}x::::::pass=pass host=sure hostip=127.0.0.1
            u34:{PLAIN}x::::::pass=pass host=sure hostip=127.0.0.2
            u35:{PLAIN}x::::::pass=pass host=other hostip=127.0.0.1
            u36:{PLAIN}x::::::pass=pass host=*l*
            u37:{PLAIN}x::::::pass=pass port=%2$d
            """
                .formatted(dovecot.imapPort(), dovecot.imapsPort()));
    String links =
        """
        - file: { path: %1$s }
        backends:
          mx: { address: "localhost:%2$d", tls: none }
          sure: { address: "localhost:%2$d", tls: starttls, verify: true, ca: %3$s }
          other: { address: "mail.invalid:%2$d", tls: starttls, verify: true, ca: %3$s }
          any: { address: "*l*", tls: starttls, verify: true, ca: %3$s }
        routes: [ { to: mx } ]
        """
            .formatted(users, dovecot.imapPort(), dovecot.certificate());
    try (FrontEnd dormouse = FrontEnd.of(REST + "directory:\n" + links)) {
      int mark = dovecot.logSize();
      assertThat(dormouse.refusal("u26", "x")).as("mx has no TLS").startsWith(NOWHERE);
      assertThat(dormouse.refusal("u29", "x")).as("not its name").startsWith(UNTRUSTED);
      assertThat(dormouse.refusal("u30", "x")).as("mx has no TLS").startsWith(NOWHERE);
      assertThat(dormouse.refusal("u27", "x")).as("who is there?").startsWith(NOWHERE);
      assertThat(dormouse.refusal("u34", "x"))
          .as("nobody there")
          .startsWith("NO [UNAVAILABLE] The mail server cannot be reached");
      assertThat(dormouse.refusal("u35", "x")).as("not its name").startsWith(UNTRUSTED);
      assertThat(dormouse.refusal("u36", "x")).as("a pattern").startsWith(NOWHERE);
      assertThat(dormouse.refusal("u37", "x")).as("another port").startsWith(NOWHERE);
      for (String user : new String[] {"u28", "u33"}) {
        assertThat(dormouse.accepts(user, "x")).as(user).isTrue();
        String login =
            dovecot.awaitLog(
                mark, line -> line.contains("Login: user=<" + user + ">"), Duration.ofSeconds(10));
        assertThat(login).contains(", TLS");
      }
      assertThat(dovecot.log(mark))
          .noneMatch(line -> line.matches(".*Login: user=<u(26|27|29|30|34|35|36|37)>.*"));
    }
  }

  @Test
  void theLastWhoNamesABackendSaysAllOfWhereItIs() throws IOException {
    Path users =
        Files.writeString(
            directory.resolve("late"),
            "u31:{PLAIN}x::::::pass=pass host=127.0.0.1\nu32:{PLAIN}x::::::pass=pass\n");
    String links =
        """
        - map: { lines: [ "u31: 127.0.0.1:%d", "u32: 127.0.0.1:%d" ] }
          - file: { path: %s }
        """
            .formatted(FreePort.next(), dovecot.imapPort(), users);
    try (FrontEnd dormouse = dormouse(links)) {
      assertThat(dormouse.accepts("u31", "x")).isTrue();
      assertThat(dormouse.accepts("u32", "x")).isTrue();
    }
  }

  @Test
  void namesAreRewrittenAndAMapKnowsTheBackend() throws IOException {
    Path popmap =
        Files.writeString(
            directory.resolve("popmap"), "^u3$: 127.0.0.1:" + dovecot.imapPort() + "\n");
    String links =
        """
        - rewrite: { lower-case: true, strip-domains: [ example.org ] }
          - map: { file: %s, form: patterns, unknown: reject }
          - backend:
        """
            .formatted(popmap);
    try (FrontEnd dormouse = dormouse(links)) {
      ImapClient.connect(dormouse.plain()).login("U3@Example.org", DovecotServer.PASSWORD).logout();
      assertThat(dormouse.refusal("u3@example.net")).contains("[AUTHENTICATIONFAILED]");
      assertThat(dormouse.refusal("u4")).contains("[AUTHENTICATIONFAILED]");
    }
  }

  @Test
  void aDomainIsAddedAndAPatternReplaced() throws IOException {
    dovecot.addUser("ann@example.org", DovecotServer.PASSWORD);
    String links =
        """
        - rewrite: { pattern: "([^%]+)%([^%]+)", to: "$1@$2" }
          - rewrite: { add-domain: example.org }
          - backend:
        """;
    try (FrontEnd dormouse = dormouse(links)) {
      int mark = dovecot.logSize();
      for (String typed : new String[] {"ann", "ann@example.org", "ann%example.org"}) {
        assertThat(dormouse.accepts(typed)).as(typed).isTrue();
        dovecot.awaitLog(
            mark, line -> line.contains("Login: user=<ann@example.org>"), Duration.ofSeconds(10));
        mark = dovecot.logSize();
      }
      assertThat(dormouse.refusal("ann%example.net")).contains("[AUTHENTICATIONFAILED]");
    }
  }

  /// A proxy on this machine says where they come from.
  @Test
  void aUserMayComeFromItsNetworksOnly() throws IOException {
    Path users =
        Files.writeString(
            directory.resolve("nets"),
            "u6:{PLAIN}pass::::::allow_nets=2001:db8:1::/48,192.0.2.0/24\n");
    String proxied =
        REST.replace("tls: none", "tls: none, proxy-protocol-from: [ 127.0.0.1 ]")
            + "backends: { mx: { address: \"127.0.0.1:%d\", tls: none } }\ndirectory: [ { file: { path: %s } } ]\n"
                .formatted(dovecot.imapPort(), users);
    try (FrontEnd dormouse = FrontEnd.of(proxied)) {
      for (String from : new String[] {"2001:db8:1::7", "2001:db8:1:ffff::7", "192.0.2.9"}) {
        try (ImapClient client = BehindProxy.version2(dormouse.plain(), from)) {
          client.login("u6", "pass");
        }
      }
      for (String from : new String[] {"2001:db8:2::7", "::1", "203.0.113.9"}) {
        try (ImapClient client = BehindProxy.version1(dormouse.plain(), from)) {
          assertThat(client.refused("LOGIN u6 pass")).as(from).contains("[AUTHENTICATIONFAILED]");
        }
      }
    }
  }

  private FrontEnd dormouse(String links) {
    return FrontEnd.of(
        """
        listen:
          - { address: "127.0.0.1:0", tls: none }
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, trusted: true }
        throttle: { enabled: false }
        hibernate: { after: 0s, quiet-after: 0s }
        directory:
          %s
        """
            .formatted(dovecot.imapPort(), links));
  }
}
