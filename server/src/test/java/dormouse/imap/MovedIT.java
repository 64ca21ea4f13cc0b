package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics.State;
import dormouse.testkit.DovecotOptions;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.EventRelay;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A user who is moved while one of its sessions is at the old backend, before two Dovecots that a feed tells of.
class MovedIT {
  private static final String MESSAGE = "From: a@example.org\r\nSubject: hi\r\n\r\nHello\r\n";

  @TempDir Path directory = Path.of("");
  private final EventRelay relay = EventRelay.start(1);
  private DovecotServer first;
  private DovecotServer second;

  @BeforeEach
  void start() throws IOException {
    Files.writeString(directory.resolve("master.secret"), DovecotServer.MASTER_PASSWORD + "\n");
    DovecotOptions telling = DovecotOptions.DEFAULT.withEventsTo(relay.port());
    first = DovecotServer.start(telling);
    second = DovecotServer.start(telling);
    fill(first, "box", 1);
    fill(first, "old", 0);
    fill(second, "box", 2);
  }

  @AfterEach
  void stop() {
    first.close();
    second.close();
    relay.close();
  }

  private static void fill(DovecotServer server, String mailbox, int messages) {
    try (ImapClient direct = server.client("u1")) {
      direct.ok("CREATE " + mailbox);
      for (int i = 0; i < messages; i++) {
        direct.append(mailbox, "", MESSAGE);
      }
    }
  }

  @Test
  void whatTheOldBackendSaysIsToldToNobodyElse() throws IOException {
    Path users = Files.writeString(directory.resolve("users"), line("u1", "backend=mx1"));
    String backends =
        mail("mx1", "127.0.0.1:" + first.imapPort())
            + mail("mx2", "127.0.0.1:" + second.imapPort());
    try (FrontEnd front = FrontEnd.of(settings(users, backends));
        ImapClient stays = login(front, "u1");
        ImapClient sleeps = login(front, "u1")) {
      stays.ok("SELECT INBOX");
      front.await(() -> front.sessions(State.HIBERNATED) == 1, "one sleeps");
      change(front, users, "backend=mx2");
      hearSomething(front, "u9", "mx2");
      sleeps.ok("LIST \"\" box");
      front.await(() -> front.sessions(State.HIBERNATED) == 1, "it sleeps again");
      assertThat(front.metric("dormouse_asked_again_total{result=\"moved\"}")).isEqualTo(1);

      assertThat(stays.ok("STATUS box (MESSAGES)")).contains("* STATUS box (MESSAGES 1)");
      assertThat(stays.ok("LIST \"\" old")).anyMatch(line -> line.startsWith("* LIST"));
      assertThat(sleeps.ok("STATUS box (MESSAGES)")).contains("* STATUS box (MESSAGES 2)");
      assertThat(sleeps.ok("LIST \"\" old")).noneMatch(line -> line.startsWith("* LIST"));
      assertThat(stays.ok("STATUS box (MESSAGES)")).contains("* STATUS box (MESSAGES 1)");
      sleeps.logout();
      stays.logout();
    }
  }

  // one entry stands for both

  @Test
  void whatTheOldHostHasSaidIsForgotten() throws IOException {
    Path users = Files.writeString(directory.resolve("hosts"), line("u1", at(first)));
    try (FrontEnd front = FrontEnd.of(settings(users, mail("any", "*")));
        ImapClient client = login(front, "u1")) {
      hearSomething(front, "u1", "any");
      assertThat(client.ok("STATUS box (MESSAGES)")).contains("* STATUS box (MESSAGES 1)");
      front.await(() -> front.sessions(State.HIBERNATED) == 1, "it sleeps");
      change(front, users, at(second));
      client.ok("LIST \"\" box");
      assertThat(front.metric("dormouse_asked_again_total{result=\"moved\"}")).isEqualTo(1);
      assertThat(client.ok("STATUS box (MESSAGES)")).contains("* STATUS box (MESSAGES 2)");
      client.logout();
    }
  }

  // two of one name, and both are told

  @Test
  void whoComesWhereAnotherHasLoggedInHearsOfAReloadToo() throws IOException {
    Path users = Files.writeString(directory.resolve("beside"), line("u1", "backend=mx1"));
    int port = FreePort.next();
    String backends =
        mail("mx1", "127.0.0.1:" + first.imapPort())
            + mail("mx2", "127.0.0.1:" + second.imapPort());
    try (FrontEnd front =
            FrontEnd.of(settings(port, users, backends + group("mx2: , mx1: { weight: 0 }")));
        ImapClient sleeps = login(front, "u1")) {
      front.await(() -> front.sessions(State.HIBERNATED) == 1, "it sleeps");
      change(front, users, "backend=both");
      try (ImapClient other = login(front, "u1")) {
        sleeps.ok("SELECT INBOX");
        assertThat(front.metric("dormouse_asked_again_total{result=\"moved\"}")).isEqualTo(1);
        sleeps.startIdle();
        front.await(() -> front.sessions(State.HIBERNATED) == 2, "both sleep");
        front.reload(settings(port, users, backends + group("mx1: , mx2: { weight: 0 }")));
        front.await(() -> second.connections().isEmpty(), "the watch has left");
        other.logout();
      }
    }
  }

  private static String group(String members) {
    return "groups: { both: { mail: shared, backends: { " + members + " } } }\n";
  }

  private static String at(DovecotServer server) {
    return "host=127.0.0.1 port=" + server.imapPort();
  }

  /// The directory sends u1 there from now on; Dormouse has seen it.
  private static void change(FrontEnd front, Path users, String where) throws IOException {
    FileTime before = Files.getLastModifiedTime(users);
    Files.writeString(users, line("u1", where) + line("u9", where));
    Files.setLastModifiedTime(users, FileTime.from(before.toInstant().plusSeconds(7)));
    front.await(() -> accepts(front, "u9"), "the changed file is used");
  }

  /// A feed is up once an event has come for somebody who is logged in.
  private void hearSomething(FrontEnd front, String user, String backend) {
    relay.to(front.eventPort());
    try (ImapClient client = login(front, user)) {
      client.ok("CREATE heard");
      String up = "dormouse_feed_up{backend=\"" + backend + "\",feed=\"dovecot-events\"}";
      front.await(() -> front.metric(up) == 1, "the feed is up");
    }
  }

  private String mail(String name, String address) {
    return "  %s: { address: \"%s\", tls: none, trusted: true, login-as: { user: %s, password-file: %s } }\n"
        .formatted(name, address, DovecotServer.MASTER, directory.resolve("master.secret"));
  }

  private static String settings(Path users, String backends) {
    return settings(0, users, backends);
  }

  private static String settings(int port, Path users, String backends) {
    return """
    listen: [ { address: "127.0.0.1:%d", tls: none } ]
    backends:
    %sdirectory:
      - file: { path: %s }
    feeds: [ dovecot-events: { listen: "127.0.0.1:0" } ]
    throttle: { enabled: false }
    hibernate: { after: 0s, quiet-after: 1h, keep-alive: 0s, keep-password: false, ask-again-every: 0s }
    """
        .formatted(port, backends, users);
  }

  private static String line(String user, String where) {
    return user + ":{PLAIN}secret::::::" + where + " pass=" + DovecotServer.PASSWORD + "\n";
  }

  private static ImapClient login(FrontEnd front, String user) {
    return ImapClient.connect(front.plain()).login(user, "secret");
  }

  private static boolean accepts(FrontEnd front, String user) {
    try (ImapClient client = ImapClient.connect(front.plain())) {
      boolean accepted = client.command("LOGIN " + user + " secret").getLast().contains(" OK ");
      if (accepted) {
        client.logout();
      }
      return accepted;
    }
  }
}
