package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.StandInBackend;
import dormouse.testkit.StandInConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How Dormouse comes to a Dovecot, as that one's log tells it: by facts of the user, else by the settings of the backend.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApproachIT {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String UP = "dormouse_backend_up{backend=\"mx\"}";

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
  void factsOfAUserHoldAtLoginAndAtWake() throws Exception {
    String table =
        """
        u10:::::::nopassword proxy_mech=login source_ip=127.0.0.31 proxy_timeout=20
        u11:::::::nopassword
        """;
    try (FrontEnd front = front(dovecot.imapPort(), "", table)) {
      int mark = dovecot.logSize();
      try (ImapClient client = client(front, "u10")) {
        assertThat(login(mark, "u10")).contains("rip=127.0.0.31,", "method=LOGIN");
        front.awaitAsleep(1);
        dovecot.awaitImapConnections("u10", 0, PATIENCE);
        mark = dovecot.logSize();
        client.ok("LIST \"\" *");
        assertThat(login(mark, "u10")).contains("rip=127.0.0.31,", "method=LOGIN");
        client.logout();
      }
      mark = dovecot.logSize();
      client(front, "u11").logout();
      assertThat(login(mark, "u11")).contains("rip=127.0.0.1,", "method=PLAIN");
    }
  }

  /// Of one event loop, so that one could take the place of the other.
  @Test
  void whatIsSaidOfOneUserIsNotSaidOfOthersWithTheSameMailbox() throws Exception {
    String table =
        """
        ann:::::::nopassword destuser=u13 source_ip=127.0.0.31
        cid:::::::nopassword destuser=u13 source_ip=127.0.0.32
        """;
    try (FrontEnd front = front(dovecot.imapPort(), "", table)) {
      int mark = dovecot.logSize();
      try (ImapClient ann = client(front, "ann")) {
        assertThat(login(mark, "u13")).contains("rip=127.0.0.31,");
        mark = dovecot.logSize();
        try (ImapClient cid = client(front, "cid")) {
          assertThat(login(mark, "u13")).contains("rip=127.0.0.32,");
          front.awaitAsleep(2);
          dovecot.awaitImapConnections("u13", 0, PATIENCE);
          mark = dovecot.logSize();
          ann.ok("LIST \"\" *");
          assertThat(login(mark, "u13")).contains("rip=127.0.0.31,");
          ann.logout();
          dovecot.awaitImapConnections("u13", 0, PATIENCE);
          mark = dovecot.logSize();
          cid.ok("LIST \"\" *");
          assertThat(login(mark, "u13")).contains("rip=127.0.0.32,");
          cid.logout();
        }
      }
    }
  }

  @Test
  void whoseBackendIsNotTrustedIsNotTalkedAbout() throws Exception {
    String table =
        """
        u10:::::::nopassword proxy_not_trusted
        u11:::::::nopassword
        """;
    try (FrontEnd front = front(dovecot.imapPort(), "trusted: true,", table)) {
      for (String user : new String[] {"u10", "u11"}) {
        int mark = dovecot.logSize();
        try (ImapClient client =
            ImapClient.connect(front.plain(), "127.0.0.41", "").login(user, "pass")) {
          assertThat(login(mark, user))
              .contains(user.equals("u10") ? "rip=127.0.0.1," : "rip=127.0.0.41,");
          client.logout();
        }
      }
    }
  }

  @Test
  void whatTheDirectorySaysAnewHoldsAtTheNextWake() throws Exception {
    Path users = table("u10:::::::nopassword proxy_mech=login\n");
    int begun = dovecot.logSize();
    try (FrontEnd front = front(dovecot.imapPort(), "trusted: true,", users);
        ImapClient client =
            ImapClient.connect(front.plain(), "127.0.0.41", "").login("u10", "pass")) {
      login(begun, "u10");
      front.awaitAsleep(1);
      dovecot.awaitImapConnections("u10", 0, PATIENCE);
      change(
          front,
          users,
          "u10:::::::nopassword proxy_not_trusted proxy_mech=plain source_ip=127.0.0.31\n");
      int mark = dovecot.logSize();
      client.ok("LIST \"\" *");
      assertThat(login(mark, "u10")).contains("rip=127.0.0.31,", "method=PLAIN");
      client.logout();
    }
  }

  @Test
  void whatItSaysAtALaterLoginHoldsForWhoSleepsToo() throws Exception {
    Path users = table("u12:::::::nopassword proxy_refresh=3600 proxy_mech=login\n");
    try (FrontEnd front = front(dovecot.imapPort(), "", users);
        ImapClient client = client(front, "u12")) {
      login(0, "u12");
      front.awaitAsleep(1);
      dovecot.awaitImapConnections("u12", 0, PATIENCE);
      change(front, users, "u12:::::::nopassword proxy_refresh=3600 proxy_mech=plain\n");
      int later = dovecot.logSize();
      client(front, "u12").logout();
      login(later, "u12");
      dovecot.awaitImapConnections("u12", 0, PATIENCE);
      int mark = dovecot.logSize();
      client.ok("LIST \"\" *");
      assertThat(login(mark, "u12")).contains("method=PLAIN");
      client.logout();
    }
  }

  @Test
  void aBackendsMechanismIsEverybodysWhoHasNone() throws Exception {
    String table =
        """
        u10:::::::nopassword proxy_mech=PLAIN
        u11:::::::nopassword
        """;
    try (FrontEnd front = front(dovecot.imapPort(), "mechanism: login,", table)) {
      int mark = dovecot.logSize();
      client(front, "u10").logout();
      assertThat(login(mark, "u10")).contains("method=PLAIN");
      client(front, "u11").logout();
      assertThat(login(mark, "u11")).contains("method=LOGIN");
    }
  }

  @Test
  void anAddressThatIsNotOursIsNoFaultOfTheBackends() throws Exception {
    // 192.0.2.0/24 is for documentation: no machine has it
    String table =
        """
        u10:::::::nopassword source_ip=192.0.2.1
        u11:::::::nopassword
        """;
    try (FrontEnd front = front(dovecot.imapPort(), "", table)) {
      int mark = dovecot.logSize();
      for (int i = 0; i < 4; i++) {
        assertThat(front.refusal("u10")).startsWith("NO [UNAVAILABLE]");
      }
      assertThat(Stage.metric(front, UP)).isEqualTo(1);
      client(front, "u11").logout();
      assertThat(login(mark, "u11")).contains("rip=127.0.0.1,");
    }
  }

  @Test
  void aMechanismThatNobodyKnowsIsAFaultOfTheTable() {
    assertThatThrownBy(
            () -> front(dovecot.imapPort(), "", "u10:::::::nopassword proxy_mech=scram-sha-1\n"))
        .hasMessageContaining("impossible facts: proxy_mech");
  }

  @Test
  void aUsersTimeIsTheUsersOwn() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        FrontEnd front =
            front(silent.getLocalPort(), "", "u10:::::::nopassword proxy_timeout=300msecs\n")) {
      long begun = System.nanoTime();
      assertThat(front.refusal("u10")).startsWith("NO [UNAVAILABLE]");
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isBetween(Duration.ofMillis(300), Duration.ofSeconds(20)); // the backend's are 35
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tls", "starttls"})
  void aBackendsTlsHasTheTimeToConnect(String tls) throws Exception {
    try (ExecutorService client = Executors.newVirtualThreadPerTaskExecutor();
        StandInBackend backend = StandInBackend.start();
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends:
                  mx: { address: "127.0.0.1:%d", tls: %s, verify: false, connect-timeout: 2s, answer-timeout: 5m, health: { check: none } }
                """
                    .formatted(backend.port(), tls))) {
      long begun = System.nanoTime();
      Future<String> refusal = client.submit(() -> front.refusal("u10"));
      try (StandInConnection connection = backend.accept()) {
        if (tls.equals("starttls")) {
          connection.greet("IMAP4rev1 STARTTLS");
          connection.say(connection.expectCommand("STARTTLS") + " OK go on");
        }
        assertThat(refusal.get()).startsWith("NO [UNAVAILABLE]");
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isBetween(Duration.ofSeconds(2), Duration.ofMinutes(1));
    }
  }

  @Test
  void aBackendHasItsTimeToAnswer() throws Exception {
    String table = "u10:::::::nopassword\n";
    try (FrontEnd front = front(dovecot.imapPort(), "answer-timeout: 1s,", table)) {
      dovecot.freeze();
      long begun = System.nanoTime();
      try {
        assertThat(front.refusal("u10")).startsWith("NO [UNAVAILABLE]");
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
            .isGreaterThanOrEqualTo(Duration.ofSeconds(1));
      } finally {
        dovecot.thaw();
      }
      front.await(() -> front.accepts("u10"), "it answers again");
    }
  }

  /// @param more of the backend's settings
  private FrontEnd front(int port, String more, String table) throws Exception {
    return front(port, more, table(table));
  }

  private Path table(String lines) throws Exception {
    return Files.writeString(Files.createTempFile(directory, "users", ""), lines);
  }

  /// The table is another from now on; Dormouse has seen it.
  private static void change(FrontEnd front, Path users, String lines) throws Exception {
    FileTime before = Files.getLastModifiedTime(users);
    Files.writeString(users, lines + "u11:::::::nopassword\n");
    Files.setLastModifiedTime(users, FileTime.from(before.toInstant().plusSeconds(7)));
    front.await(() -> front.accepts("u11"), "the changed table is used");
  }

  private static FrontEnd front(int port, String more, Path users) throws Exception {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, %s pool: { per-user: 0 }, health: { check: none } }
        throttle: { enabled: false }
        hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s, ask-again-every: 0s }
        directory: [ { file: { path: %s } } ]
        """
            .formatted(port, more, users));
  }

  private static ImapClient client(FrontEnd front, String user) {
    return ImapClient.connect(front.plain()).login(user, DovecotServer.PASSWORD);
  }

  private String login(int mark, String user) {
    return dovecot.awaitLog(mark, line -> line.contains("Login: user=<" + user + ">"), PATIENCE);
  }
}
