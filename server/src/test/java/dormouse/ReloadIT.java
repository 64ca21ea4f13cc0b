package dormouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.Endpoint;
import dormouse.testkit.FreePort;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A Dormouse of its own process that reads its settings again: by `dormouse reload`, and by SIGHUP.
final class ReloadIT {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir Path directory = Path.of("");

  private final int admin = FreePort.next();
  private final int first = FreePort.next();
  private final int second = FreePort.next();

  @Test
  void newSettingsHoldAndNobodyIsDisconnected() throws Exception {
    try (DovecotServer dovecot = DovecotServer.start()) {
      Path file = directory.resolve("dormouse.yaml");
      write(file, first, dovecot.imapPort(), "");
      Process process = dormouse("--config", file.toString(), "--quiet");
      try {
        Wait.until("it serves", SOON, () -> accepts(first));
        ImapClient client = client(first).login("u1", DovecotServer.PASSWORD);
        client.ok("SELECT INBOX");

        write(file, second, dovecot.imapPort(), "");
        assertThat(reload(file)).isEqualTo("0 reloaded\n");
        client.ok("NOOP");
        client(second).login("u1", DovecotServer.PASSWORD).logout();
        assertThat(accepts(first)).isFalse();

        Files.writeString(
            file, "listen: [ { address: none } ]\nbackends: { mx: { tls: maybe } }\n");
        assertThat(reload(file)).startsWith("1 ");
        hangUp(process);
        log("reload-refused why=", 3);
        client(second).login("u1", DovecotServer.PASSWORD).logout();

        write(file, second, dovecot.imapPort(), "limits: { per-listener: 1 }\n");
        hangUp(process);
        log("INFO  reload ", 2);
        ImapClient only = client(second);
        assertThatThrownBy(() -> client(second));
        only.login("u1", DovecotServer.PASSWORD);
        client.ok("NOOP");
        client.logout();
      } finally {
        process.destroy();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  void whoDoesNotRunCannotReload() throws Exception {
    Path file = directory.resolve("dormouse.yaml");
    write(file, first, 1, "");
    assertThat(reload(file)).startsWith("1 dormouse: no Dormouse answers at 127.0.0.1:" + admin);
  }

  private void write(Path file, int port, int backend, String more) throws IOException {
    Files.writeString(
        file,
        """
        listen: [ { address: "127.0.0.1:%d", tls: none } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: . }
        """
                .formatted(port, backend, admin)
            + more);
  }

  /// The exit code of `dormouse reload`, and what it said.
  private String reload(Path file) throws Exception {
    Process process = dormouse("reload", file.toString());
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue() + " " + said;
  }

  /// Dormouse in a process of its own; a server logs to a file, others to their output.
  private Process dormouse(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dlogback.configurationFile=" + Path.of("src/main/resources/logback.xml").toUri(),
                "-cp",
                System.getProperty("java.class.path"),
                "dormouse.Main"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    if (arguments[0].equals("--config")) {
      builder.redirectOutput(directory.resolve("log").toFile());
    }
    return builder.start();
  }

  private static void hangUp(Process process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-HUP", Long.toString(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  /// Waits until so many lines have been logged that contain this.
  private void log(String wanted, long count) {
    Wait.until(
        count + " of " + wanted,
        SOON,
        () -> {
          try (var lines = Files.lines(directory.resolve("log"))) {
            return lines.filter(line -> line.contains(wanted)).count() >= count;
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static ImapClient client(int port) {
    return ImapClient.connect(Endpoint.plain(port));
  }

  private static boolean accepts(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
