package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Connections to a Dovecot come from several addresses in turn.
class SourceAddressIT {
  @Test
  void connectionsComeFromEachAddressInTurn() {
    try (DovecotServer dovecot = DovecotServer.start()) {
      assertThat(sourcesOf(dovecot, "127.0.0.21, 127.0.0.22, 127.0.0.23", 6))
          .isEqualTo(Map.of("127.0.0.21", 2L, "127.0.0.22", 2L, "127.0.0.23", 2L));
    }
  }

  // 192.0.2.0/24 is for documentation: no machine has it
  @Test
  void anAddressThatIsNotOursIsPassedOver() {
    try (DovecotServer dovecot = DovecotServer.start()) {
      assertThat(sourcesOf(dovecot, "192.0.2.1, 127.0.0.22", 4)).containsOnlyKeys("127.0.0.22");
    }
  }

  private static Map<String, Long> sourcesOf(DovecotServer dovecot, String addresses, int logins) {
    int from = dovecot.logSize();
    try (FrontEnd front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: none } ]
            backends:
              mx: { address: "127.0.0.1:%d", tls: none, source-addresses: [ %s ], health: { check: none } }
            """
                .formatted(dovecot.imapPort(), addresses))) {
      for (int i = 0; i < logins; i++) {
        try (ImapClient client = ImapClient.connect(front.plain())) {
          client.login("u" + i, DovecotServer.PASSWORD).logout();
        }
        String user = "user=<u" + i + ">";
        dovecot.awaitLog(
            from, line -> line.contains("Login: ") && line.contains(user), Duration.ofSeconds(10));
      }
    }
    return dovecot.log(from).stream()
        .filter(line -> line.contains("Login: user=<u"))
        .map(line -> line.replaceAll(".*rip=([0-9.]+).*", "$1"))
        .collect(Collectors.groupingBy(ip -> ip, Collectors.counting()));
  }
}
