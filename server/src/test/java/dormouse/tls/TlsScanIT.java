package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What scanners find in a listener: TLS 1.3, and 1.2 with forward secrecy and authenticated encryption; nothing else. Nobody logs in, so
/// there need be no backend.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TlsScanIT {
  private static final int NOBODY = 1;

  @TempDir Path directory = Path.of("");

  private FrontEnd front;

  @BeforeAll
  void start() {
    front = FrontEnd.before(NOBODY);
  }

  @AfterAll
  void stop() {
    front.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void onlySafeVersionsAndSuitesAreFound(boolean startTls) throws Exception {
    String report = scan(startTls);
    assertThat(all(report, "<protocol type=\"(\\w+)\" version=\"([0-9.]+)\" enabled=\"1\""))
        .containsExactlyInAnyOrder("tls 1.2", "tls 1.3");
    assertThat(all(report, "sslversion=\"(\\S+)\" bits=\"\\d+\" cipher=\"(\\S+)\""))
        .containsExactlyInAnyOrder(
            "TLSv1.3 TLS_AES_128_GCM_SHA256",
            "TLSv1.3 TLS_AES_256_GCM_SHA384",
            "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256",
            "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256",
            "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384",
            "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305");
    assertThat(all(report, "<(compression) supported=\"(1)\"")).isEmpty();
    assertThat(all(report, "<(renegotiation) supported=\"(1)\" secure=\"0\"")).isEmpty();
    assertThat(all(report, "<(heartbleed) [^>]*vulnerable=\"(1)\"")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "-tls1, DEFAULT@SECLEVEL=0",
    "-tls1_1, DEFAULT@SECLEVEL=0",
    "-tls1_2, ECDHE-ECDSA-AES128-SHA256",
    "-tls1_2, ECDHE-ECDSA-AES256-SHA",
    "-tls1_2, AES128-GCM-SHA256",
    "-tls1_2, DHE-RSA-AES128-GCM-SHA256"
  })
  void openSslGetsNothingElse(String version, String ciphers) throws Exception {
    String said =
        run(
            "openssl",
            "s_client",
            "-connect",
            "127.0.0.1:" + front.tls().port(),
            version,
            "-cipher",
            ciphers);
    assertThat(said).contains(" alert ").contains("no peer certificate available");
  }

  @ParameterizedTest
  @CsvSource({
    "NORMAL:-VERS-ALL:+VERS-TLS1.3, true",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2, true",
    "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0, false",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC, false",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CCM, false",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA:+DHE-RSA, false"
  })
  void gnuTlsGetsNothingElse(String priority, boolean served) throws Exception {
    String said =
        run(
            "gnutls-cli",
            "--insecure",
            "-p",
            Integer.toString(front.tls().port()),
            "--priority",
            priority,
            "127.0.0.1");
    assertThat(said.contains("Handshake was completed")).as(said).isEqualTo(served);
    assertThat(said.contains("A TLS fatal alert has been received")).as(said).isNotEqualTo(served);
  }

  @Test
  void aTls12ClientMayNotShakeHandsAgain() throws Exception {
    Path said = directory.resolve("said");
    Process process =
        start(
            said, "openssl", "s_client", "-tls1_2", "-connect", "127.0.0.1:" + front.tls().port());
    try (OutputStream says = process.getOutputStream()) {
      says.write("R\n".getBytes(StandardCharsets.US_ASCII));
      says.flush();
      Wait.until(
          "it is refused",
          Duration.ofSeconds(30),
          () -> read(said).toLowerCase(Locale.ROOT).contains("no renegotiation"));
    } finally {
      process.destroy();
    }
    assertThat(read(said)).contains("RENEGOTIATING");
  }

  private String scan(boolean startTls) throws Exception {
    Path report = directory.resolve("report" + startTls);
    List<String> command = new ArrayList<>(List.of("sslscan", "--xml=" + report, "--no-colour"));
    int port = startTls ? front.startTls().port() : front.tls().port();
    if (startTls) {
      command.add("--starttls-imap");
    }
    command.add("127.0.0.1:" + port);
    run(command.toArray(String[]::new));
    return Files.readString(report, StandardCharsets.UTF_8);
  }

  /// What it said, to both its outputs; it hears nothing.
  private String run(String... command) throws Exception {
    Path said = directory.resolve("said");
    Process process = start(said, command);
    process.getOutputStream().close();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).as(Arrays.toString(command)).isTrue();
    return read(said);
  }

  private static Process start(Path said, String... command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(said.toFile())
        .start();
  }

  private static String read(Path said) {
    try {
      return Files.readString(said, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> all(String in, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(in);
    List<String> found = new ArrayList<>();
    while (matcher.find()) {
      found.add(matcher.group(1) + " " + matcher.group(2));
    }
    return found;
  }
}
