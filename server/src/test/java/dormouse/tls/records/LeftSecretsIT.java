package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.FreePort;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Nothing of a client's TLS is left in the heap or the log of a Dormouse in a process of its own once the client has gone: the whole heap is
/// looked through, what no longer is in use as well. OpenSSL is the client, and writes down what it knows.
@EnabledOnOs(OS.LINUX)
final class LeftSecretsIT {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir Path directory = Path.of("");

  private final int port = FreePort.next();
  private final int admin = FreePort.next();
  private final HttpClient http = HttpClient.newHttpClient();
  private DovecotServer dovecot;
  private Process dormouse;
  private int clients;

  /// A client of whose TLS all is known.
  private final class Client implements AutoCloseable {
    final Program openSsl;
    private final String name;
    private final Suite suite;
    private final Path keyLog;

    Client(String name, Suite suite, String... more) throws Exception {
      this.name = name + " " + suite;
      this.suite = suite;
      this.keyLog = directory.resolve("keys" + ++clients);
      List<String> command =
          new ArrayList<>(
              List.of("openssl", "s_client", "-connect", "127.0.0.1:" + port, "-keylogfile"));
      command.add(keyLog.toString());
      command.addAll(List.of(more));
      openSsl = new Program(command.toArray(String[]::new));
      openSsl.expect("* OK");
    }

    static String[] speaking(Suite suite) {
      return suite.ofTls12()
          ? new String[] {"-quiet", "-tls1_2", "-cipher", Program.openSslName(suite)}
          : new String[] {"-quiet", "-tls1_3", "-ciphersuites", suite.standardName};
    }

    void command(String line, String answer) throws Exception {
      openSsl.say(line + "\r");
      openSsl.expect(answer);
    }

    List<SessionSecrets.Hidden> secrets() throws IOException {
      String hash = suite.macAlgorithm.substring("Hmac".length());
      return new SessionSecrets(name, Files.readAllLines(keyLog), suite.keyBytes, hash).all();
    }

    @Override
    public void close() {
      openSsl.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    dovecot = DovecotServer.start();
    Path settings = directory.resolve("dormouse.yaml");
    Files.writeString(
        settings,
        """
        listen: [ { address: "127.0.0.1:%d" } ]
        backends: { mx: { address: "127.0.0.1:%d", tls: none } }
        hibernate: { after: 0s, quiet-after: 0s, keep-alive: 0s }
        admin: { address: "127.0.0.1:%d" }
        runtime: { state-dir: ., loops: 2 }
        """
            .formatted(port, dovecot.imapPort(), admin));
    dormouse =
        new ProcessBuilder(
                program("java"),
                "-Xms1700m", // with so much nothing is collected: whatever has ever been there is
                // in
                // the dump, and nothing of it is there twice because it was moved
                "-Xmx1700m",
                "-Xmn1500m",
                "-XX:+UseSerialGC",
                "-Xlog:gc:file=" + collections(),
                "-XX:MetaspaceSize=256m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dlogback.configurationFile=" + Path.of("src/main/resources/logback.xml").toUri(),
                "-cp",
                System.getProperty("java.class.path"),
                "dormouse.Main",
                "--config",
                settings.toString(),
                "--quiet",
                "--log",
                "debug")
            .redirectErrorStream(true)
            .redirectOutput(log().toFile())
            .start();
    Wait.until("it serves", SOON, this::accepts);
  }

  @AfterEach
  void stop() throws Exception {
    dormouse.destroy();
    assertThat(dormouse.waitFor(30, TimeUnit.SECONDS)).isTrue();
    dovecot.close();
  }

  @Test
  void nothingIsLeftOfWhoHasGone() throws Exception {
    List<SessionSecrets.Hidden> gone = new ArrayList<>();
    for (Suite suite : Suite.values()) {
      if (suite.ofTls12() && suite != Suite.ECDHE_ECDSA_AES_256_GCM) {
        continue; // they differ in their ciphers only, which are those of TLS 1.3
      }
      for (boolean politely : List.of(false, true)) {
        gone.addAll(parked(suite, politely));
        gone.addAll(awake(suite, politely));
      }
      if (!suite.ofTls12()) {
        gone.addAll(updating(suite));
      }
    }
    try (Client here = new Client("here", Suite.AES_128_GCM, Client.speaking(Suite.AES_128_GCM))) {
      Wait.until("all others have gone", SOON, () -> metric("dormouse_sessions") <= 1);
      ByteBuffer heap = heap("-all");
      assertThat(collections()).content().as("nothing was collected").doesNotContain("Pause");
      assertThat(SessionSecrets.foundIn(heap, here.secrets()))
          .as("it can be seen who is there")
          .anyMatch(name -> name.contains("SERVER_TRAFFIC_SECRET_0"));
      assertThat(SessionSecrets.foundIn(heap, gone))
          // the JDK's parameters of a cipher hold a copy of the nonce, in bytes or words, until
          // they are collected
          .filteredOn(name -> !name.matches(".* iv \\d.*"))
          .isEmpty();
      assertThat(SessionSecrets.foundIn(heap(""), gone)).as("what is in use").isEmpty();
      gone.addAll(here.secrets());
    }
    assertThat(SessionSecrets.foundIn(ByteBuffer.wrap(Files.readAllBytes(log())), gone)).isEmpty();
  }

  private List<SessionSecrets.Hidden> parked(Suite suite, boolean politely) throws Exception {
    try (Client client = new Client("parked", suite, Client.speaking(suite))) {
      client.command("a LOGIN u1 " + DovecotServer.PASSWORD, "a OK");
      client.command("b SELECT INBOX", "b OK");
      client.command("c IDLE", "+ ");
      awaitParked(1);
      client.command("DONE", "c OK");
      client.command("d IDLE", "+ ");
      awaitParked(1);
      if (politely) {
        client.command("DONE", "d OK");
        client.command("e LOGOUT", "e OK");
      }
      client.openSsl.kill();
      awaitParked(0);
      return client.secrets();
    }
  }

  private List<SessionSecrets.Hidden> awake(Suite suite, boolean politely) throws Exception {
    try (Client client = new Client("awake", suite, Client.speaking(suite))) {
      client.command("a CAPABILITY", "a OK");
      client.command("b NOOP", "b OK");
      if (politely) {
        client.command("c LOGIN u2 " + DovecotServer.PASSWORD, "c OK");
        client.command("d LOGOUT", "d OK");
      }
      return client.secrets();
    }
  }

  /// With its commands OpenSSL makes new keys; they work without `-quiet` only.
  private List<SessionSecrets.Hidden> updating(Suite suite) throws Exception {
    try (Client client =
        new Client("updating", suite, "-tls1_3", "-ciphersuites", suite.standardName)) {
      for (int i = 0; i < 2; i++) {
        client.openSsl.say("K");
        client.openSsl.expect("KEYUPDATE");
        client.command(i + " NOOP", i + " OK");
      }
      return client.secrets();
    }
  }

  /// @param option `-all`: with what is in use no longer; empty: only what is
  private ByteBuffer heap(String option) throws Exception {
    Path dump = directory.resolve("heap" + option);
    String command = "GC.heap_dump " + option + " " + dump;
    Process jcmd =
        new ProcessBuilder(program("jcmd"), Long.toString(dormouse.pid()), command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("jcmd").toFile())
            .start();
    assertThat(jcmd.waitFor(60, TimeUnit.SECONDS)).isTrue();
    try (FileChannel file = FileChannel.open(dump)) { // larger than the heap of the tests may be
      return file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
    }
  }

  private void awaitParked(int count) {
    Wait.until(count + " parked", SOON, () -> metric("dormouse_parked_sessions") == count);
  }

  private double metric(String name) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + "/metrics")).build();
      return http.send(request, HttpResponse.BodyHandlers.ofLines())
          .body()
          .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean accepts() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException _) {
      return false;
    }
  }

  private Path log() {
    return directory.resolve("log");
  }

  private Path collections() {
    return directory.resolve("gc");
  }

  private static String program(String name) {
    return Path.of(System.getProperty("java.home"), "bin", name).toString();
  }
}
