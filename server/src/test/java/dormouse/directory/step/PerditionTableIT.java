package dormouse.directory.step;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.PerditionServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// The same popmap before the same two servers, read by a real perdition and by Dormouse: each user comes to the same server, by the same name.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PerditionTableIT {
  private static final List<String> USERS =
      List.of(
          "ann",
          "anne",
          "bob@example.org",
          "bob@example.com",
          "Zoe",
          "zoe",
          "blacksmith",
          "a.b@two.example.net",
          "dan+tag@example.org",
          "x@y@example.org",
          "nobody");

  private static final List<String> NAMES =
      List.of(
          "ann:",
          "ann",
          "4:",
          "ab-",
          "a1-",
          "x&y",
          "u[v",
          "u",
          "klmm1",
          "k",
          "abcd",
          "abc",
          "pppq",
          "rrs",
          "dot.com",
          "dotxcom",
          "quo.ted",
          "quoxted",
          "esc.aped",
          "escxaped",
          "..n",
          ".n",
          "-t.",
          "zt.",
          "otto",
          "otta",
          "goeson",
          "comment");

  private final LoginBackend first = LoginBackend.start();
  private final LoginBackend second = LoginBackend.start();
  private String popmap;

  @TempDir Path directory = Path.of("");

  @BeforeAll
  void write() {
    popmap =
        """
        # who is where
        ^ann$: 127.0.0.1:%1$d

        ^(.*)@example\\.org$: $1@127.0.0.1:%1$d
        ^(.)\\.(.)@two: $2$1@127.0.0.1:%2$d
        ^(bob|dan): 127.0.0.1:%2$d
        smith: 127.0.0.1:%2$d
        ^[n-z]+e$: 127.0.0.1:%2$d
        """
            .formatted(first.port(), second.port());
  }

  @AfterAll
  void stop() {
    first.close();
    second.close();
  }

  @Test
  void usersComeToTheSameServers() throws IOException {
    compare("");
  }

  @Test
  void theTableMayRenameUsers() throws IOException {
    compare(", renames: true", "--username_from_database");
  }

  @Test
  void keysAreLookedUpInTurn() throws IOException {
    compare(", keys: [ '\\U', '\\u', '\\d' ]", "--query_key", "\\U,\\u,\\d");
  }

  /// Who is not in the table is the first server's.
  @Test
  void keysAreMadeOfTheUsersName() throws IOException {
    String names =
        """
        ^@$: 127.0.0.1:%1$d
        ^ann@$: 127.0.0.1:%1$d
        ^bob/example\\.org: 127.0.0.1:%1$d
        ^@example\\.(org|com)$: 127.0.0.1:%1$d
        """
            .formatted(second.port());
    for (String keys : List.of("\\D", "\\u\\D", "\\D\\d", "\\d", "\\u/\\d")) {
      compareKeys(names, keys);
    }
  }

  /// Each has a port of its own, and so has each connection.
  @Test
  void keysAreMadeOfTheConnectionsEnds() throws IOException {
    String ends =
        """
        ^from/127\\.0\\.0\\.1$: 127.0.0.1:%1$d
        ^to/127\\.0\\.0\\.1$: 127.0.0.1:%1$d
        ^[pP][0-9]{4,5}$: 127.0.0.1:%1$d
        ^127\\.0\\.0\\.1/[0-9]+/127\\.0\\.0\\.1/[0-9]+/ann$: 127.0.0.1:%1$d
        """
            .formatted(second.port());
    for (String keys : List.of("from/\\i", "to/\\I", "p\\p", "P\\P", "\\i/\\p/\\I/\\P/\\U")) {
      compareKeys(ends, keys);
    }
  }

  /// What POSIX and Java write alike and mean differently, and what the reader of the file takes away.
  @Test
  void patternsMeanTheSame() throws IOException {
    String patterns =
        """
        ^[[:alpha:]]+[:]$: word.$0@127.0.0.1:%1$d
        ^[^[:digit:]]+-$ nodigit.$0@127.0.0.1:%2$d # a colon is not needed
        ^[x&&y]+$: and.$0@127.0.0.1:%1$d
        ^[u[v]+$: open.$0@127.0.0.1:%2$d
        ^(k|kl)(m*): longest.$1.$2@127.0.0.1:%1$d
        '^(a|ab)(c|bcd)(d*)$': shared.$1.$2.$3@127.0.0.1:%2$d
        ^p(p+?)(p*)q: greedy.$1.$2@127.0.0.1:%1$d
        ^(r*+)(r?)s: more.$1.$2@127.0.0.1:%2$d
        ^dot\\.com$: any.$0@127.0.0.1:%1$d
        '^quo\\.ted$': dot.$0@127.0.0.1:%2$d
        ^esc\\\\.aped$: dot.$0@127.0.0.1:%1$d
        '^[\\.n]+$': backslash.$0@127.0.0.1:%2$d
        '\\<t[.]': begins.$0@127.0.0.1:%1$d
        '^(.)(.)\\2\\1$': mirror.$0@127.0.0.1:%2$d
        ^goes\\
        on$: joined@127.0.0.1:%2$d
        # a comment goes on \\
        ^comment: comment@127.0.0.1:%2$d
        """
            .formatted(first.port(), second.port());
    compare(patterns, NAMES, ", renames: true", "--username_from_database");
  }

  private void compareKeys(String popmap, String keys) throws IOException {
    String ours = ", keys: [ '" + keys.replace(",", "', '") + "' ]";
    compare(popmap, USERS, ours, "--query_key", keys);
  }

  private void compare(String ours, String... theirs) throws IOException {
    compare(popmap, USERS, ours, theirs);
  }

  private void compare(String popmap, List<String> users, String ours, String... theirs)
      throws IOException {
    Path map = Files.writeString(Files.createTempFile(directory, "popmap", ""), popmap);
    try (PerditionServer perdition = PerditionServer.start(popmap, first.port(), theirs);
        FrontEnd front =
            FrontEnd.of(
                """
                listen: [ { address: "127.0.0.1:0", tls: none } ]
                backends:
                  home: { address: "127.0.0.1:%d", tls: none } # for whom the map does not know
                  any: { address: "*", tls: none }
                directory:
                  - map: { file: %s, form: patterns%s }
                  - backend:
                throttle: { enabled: false }
                hibernate: { enabled: false }
                """
                    .formatted(first.port(), map, ours))) {
      assertThat(served(front.plain(), users))
          .as(ours)
          .isEqualTo(served(Endpoint.plain(perdition.port()), users));
    }
  }

  /// Who serves each user, by which name.
  private List<String> served(Endpoint by, List<String> users) {
    List<String> all = new ArrayList<>();
    for (String user : users) {
      try (ImapClient client = ImapClient.connect(by)) {
        boolean in = client.command("LOGIN " + user + " secret").getLast().contains(" OK");
        String at = "";
        for (LoginBackend.Login login : first.takeLogins()) {
          at += " first as " + login.user();
        }
        for (LoginBackend.Login login : second.takeLogins()) {
          at += " second as " + login.user();
        }
        all.add(user + (in ? ":" + at : " is refused"));
      }
    }
    return all;
  }
}
