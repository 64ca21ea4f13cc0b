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

  private void compareKeys(String popmap, String keys) throws IOException {
    String ours = ", keys: [ '" + keys.replace(",", "', '") + "' ]";
    compareBy(popmap, ours, "--query_key", keys);
  }

  private void compare(String ours, String... theirs) throws IOException {
    compareBy(popmap, ours, theirs);
  }

  private void compareBy(String popmap, String ours, String... theirs) throws IOException {
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
      assertThat(served(front.plain()))
          .as(ours)
          .isEqualTo(served(Endpoint.plain(perdition.port())));
    }
  }

  /// Who serves each user, by which name.
  private List<String> served(Endpoint by) {
    List<String> all = new ArrayList<>();
    for (String user : USERS) {
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
