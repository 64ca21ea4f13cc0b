package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A client whose network drops its packets, so that nobody tells that it is gone. The whole runs in a process with a network of its own,
/// for whose route is taken away is lost to all. Where the kernel gives none, it is skipped.
class VanishedClientIT {
  private static final List<String> APART = List.of("unshare", "--net");
  private static final String CLIENT = "127.0.0.5";

  /// Longer than TCP_USER_TIMEOUT; without that the kernel would try for a quarter of an hour.
  private static final Duration LIMIT = Duration.ofSeconds(90);

  // T33
  @Test
  void itsNextKeepAliveIsNotAcknowledgedAndItsRecordIsFreed() throws Exception {
    assumeTrue(run(with(APART, "ip", "link", "set", "lo", "up")).isEmpty());
    List<String> java = new ArrayList<>(APART);
    java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(one -> one.startsWith("-X") || one.startsWith("--"))
        .forEach(java::add);
    java.addAll(
        List.of("-cp", System.getProperty("java.class.path"), VanishedClientIT.class.getName()));

    assertThat(run(java)).contains("the record is freed, for the client is gone");
  }

  private static List<String> with(List<String> one, String... more) {
    List<String> all = new ArrayList<>(one);
    all.addAll(List.of(more));
    return all;
  }

  /// What a command says.
  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return e.toString();
    }
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  /// The test itself, in a network of its own.
  public static void main(String[] arguments) throws Exception {
    mustBeSilent("ip", "link", "set", "lo", "up");
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front =
            FrontEnd.before(
                dovecot.imapPort(), hibernate -> hibernate.withKeepAlive(Duration.ofSeconds(1)));
        ImapClient client = ImapClient.connect(front.tls(), CLIENT, "localhost")) {
      client.login("u1", DovecotServer.PASSWORD).ok("SELECT INBOX");
      client.startIdle();
      front.awaitAsleep(1);
      client.expectMatch("\\* OK .*"); // it is there

      mustBeSilent("ip", "route", "add", "blackhole", CLIENT + "/32", "table", "local");
      Wait.until("the record is freed", LIMIT, () -> front.sessions(Metrics.State.HIBERNATED) == 0);
      Wait.until( // counted a moment after
          "it counts as gone",
          LIMIT,
          () -> Stage.metric(front, "dormouse_closes_total{reason=\"client-gone\"}") == 1);
      System.out.println("the record is freed, for the client is gone");
    }
  }

  private static void mustBeSilent(String... command) throws IOException, InterruptedException {
    assertThat(run(List.of(command))).as(List.of(command).toString()).isEmpty();
  }
}
