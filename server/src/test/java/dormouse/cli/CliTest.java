package dormouse.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.NamedFiles;
import dormouse.config.AdminSettings;
import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.CertificateSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Protocol;
import dormouse.config.Settings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CliTest {
  private static final Map<String, String> HOME = Map.of("HOME", "/home/ann");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir Path directory = Path.of("");

  @AfterEach
  void forgetTheLevel() {
    System.clearProperty("dormouse.log");
  }

  @Test
  void tenDifferentFaultsAreToldAtOnceEachWithItsLine() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("dormouse.yaml"),
            """
            listen:
              - { address: "0.0.0.0:993", tsl: starttls }
              - { protocol: imap }
              - { address: "0.0.0.0:995", proxy-protocol-from: [ 10.0.0.1/8 ] }
            backends:
              mx: { address: "mail.example.org:99999" }
              "m x": { address: mail.example.org, tls: maybe }
            login:
              timeout: 2h
              max-line-bytes: 9KB
              max-errors: many
            throttle: { free: 0 }
            hibernate: [ 15s ]
            hibernate: { after: 15s }
            """);
    assertThat(read("check", file.toString())).isEqualTo(new Request.Exit(1));
    assertThat(err.toString().lines().map(line -> line.replaceFirst("^.*dormouse.yaml:", "")))
        .map(line -> line.replaceFirst(":\\d+: ", " ").replaceFirst(": .*", ""))
        .containsExactly(
            "2 listen[0].tsl",
            "3 listen[1].address",
            "4 listen[2].proxy-protocol-from[0]",
            "6 backends.mx.address",
            "7 backends.m x",
            "7 backends.m x.tls",
            "9 login.timeout",
            "10 login.max-line-bytes",
            "11 login.max-errors",
            "12 throttle.free",
            "13 hibernate",
            "14 hibernate");
  }

  @Test
  void reloadAsksTheAddressOfTheFile() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("dormouse.yaml"),
            """
            listen: [ { address: "0.0.0.0:993" } ]
            backends: { mx: { address: mail.example.org } }
            admin: { address: "127.0.0.1:8081" }
            """);
    assertThat(read("reload", file.toString())).isEqualTo(new Request.Reload(loopback(8081)));
    assertThat(read("reload")).isEqualTo(new Request.Reload(loopback(8080)));
  }

  @Test
  void withoutArgumentsItIsTheDemo() {
    assertThat(read())
        .isEqualTo(
            new Request.ServeDemo(Path.of("/home/ann/.local/state/dormouse/demo"), null, false));
    assertThat(read("--hibernate-after", "0s", "--quiet"))
        .isEqualTo(
            new Request.ServeDemo(
                Path.of("/home/ann/.local/state/dormouse/demo"), Duration.ZERO, true));
  }

  @Test
  void aBackendIsEnough() {
    Settings settings = served("--backend", "mail.example.org");
    assertThat(settings.listen())
        .containsExactly(
            new ListenSettings(Protocol.IMAP, loopback(1993), ListenTls.IMPLICIT),
            new ListenSettings(Protocol.IMAP, loopback(1143), ListenTls.STARTTLS));
    assertThat(settings.backends().values())
        .singleElement()
        .usingRecursiveComparison()
        .ignoringFields("host")
        .isEqualTo(BackendSettings.DEFAULT);
    assertThat(settings.tls().certificates()).isEmpty();
    assertThat(settings.hibernate().after()).isEqualTo(Duration.ofSeconds(15));
    assertThat(settings.admin()).isEqualTo(AdminSettings.DEFAULT);
    assertThat(settings.runtime().stateDir()).isEqualTo(Path.of("/home/ann/.local/state/dormouse"));
    assertThat(err.toString()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "mail, , STARTTLS, 143",
    "mail:143, , STARTTLS, 143",
    "mail:1143, , STARTTLS, 1143",
    "mail:993, , TLS, 993",
    "mail, tls, TLS, 993",
    "mail:1993, TLS, TLS, 1993",
    "mail, none, NONE, 143",
    "mail:993, starttls, STARTTLS, 993"
  })
  void tlsTowardsTheBackendFollowsFromThePortUnlessSaid(
      String host, String tls, BackendTls wanted, int port) {
    Settings settings =
        tls == null ? served("--backend", host) : served("--backend", host, "--backend-tls", tls);
    BackendSettings backend = settings.backends().values().iterator().next();
    assertThat(backend.tls()).isEqualTo(wanted);
    assertThat(backend.port()).isEqualTo(port);
  }

  @Test
  void everyOptionIsHeard() throws IOException {
    Path certificate = Files.createFile(directory.resolve("c.pem"));
    Path key = Files.createFile(directory.resolve("k.pem"));
    Settings settings =
        served(
            "--backend=[::1]:1144",
            "--backend-trusted",
            "--backend-insecure",
            "--imap=0.0.0.0:143",
            "--certificate=" + certificate,
            "--key=" + key,
            "--hibernate-after=2m",
            "--admin=127.0.0.1:9090",
            "--log=debug");
    BackendSettings backend = settings.backends().values().iterator().next();
    assertThat(backend.host()).isEqualTo("::1");
    assertThat(backend.trusted()).isTrue();
    assertThat(backend.verify()).isFalse();
    assertThat(settings.listen())
        .extracting(ListenSettings::tls)
        .containsExactly(ListenTls.STARTTLS);
    assertThat(settings.tls().certificates())
        .containsExactly(new CertificateSettings(certificate, key));
    assertThat(settings.hibernate().after()).isEqualTo(Duration.ofMinutes(2));
    assertThat(settings.admin().address()).isEqualTo(loopback(9090));
    assertThat(System.getProperty("dormouse.log")).isEqualTo("debug");
    assertThat(served("--backend=m", "--imaps=[::1]:0").listen())
        .extracting(ListenSettings::tls)
        .containsExactly(ListenTls.IMPLICIT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --imaps 127.0.0.1:1           | --imaps needs --backend HOST
          --backend-tls none            | --backend-tls needs --backend HOST
          --admin 127.0.0.1:1           | --admin needs --backend HOST
          --key k                       | --key needs --backend HOST
          --backend m --certificate c   | --certificate and --key need each other
          --backend m --config f        | --backend and --config exclude each other
          --config f --hibernate-after 1s | --hibernate-after and --config exclude each other
          --config f --imap 127.0.0.1:1 | --imap and --config exclude each other
          --backend m --backend-tls none --backend-insecure | --backend-insecure means nothing
          --quiet check f               | `check` takes no options
          --backend ::1                 | wanted a host
          --backend [fe80::1%eth0]      | wanted a host
          --backend m --imap 143        | wanted an address of this machine
          --backend m --backend-tls ssl | wanted none, starttls or tls, not `ssl`
          --hibernate-after soon        | wanted a duration
          --hibernate-after 25h         | wanted a duration from 0s to 24h
          --log loud                    | wanted error, warn, info or debug
          --bakend m                    | Unknown option
          demo                          | Unmatched argument
          check                         | FILE
          """)
  void aBadCommandLineIsToldAndEndsWith2(String line, String told) {
    assertThat(read(line.trim().split(" "))).isEqualTo(new Request.Exit(2));
    assertThat(err.toString())
        .startsWith("dormouse: ")
        .contains(told)
        .contains("Try: dormouse --help");
  }

  @Test
  void aCertificateThatIsNotThereIsToldAndEndsWith2() {
    assertThat(read("--backend=m", "--certificate=nowhere", "--key=nowhere"))
        .isEqualTo(new Request.Exit(2));
    assertThat(err.toString()).contains("there is no file nowhere");
  }

  @Test
  void helpAndVersionEndWith0() {
    assertThat(read("--help")).isEqualTo(new Request.Exit(0));
    assertThat(out.toString())
        .contains("--backend=HOST[:PORT]", "--hibernate-after", "dormouse check FILE");
    assertThat(read("--version")).isEqualTo(new Request.Exit(0));
    assertThat(out.toString()).contains("dormouse (not packaged)");
    assertThat(read("check", "--help")).isEqualTo(new Request.Exit(0));
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void checkTellsAllFaultsOrThatThereIsNone() throws IOException {
    Path file = directory.resolve("dormouse.yaml");
    Files.writeString(
        file, "listen: [ { address: \"0.0.0.0:993\" } ]\nbackends: { m: { address: m } }\n");
    assertThat(read("check", file.toString())).isEqualTo(new Request.Exit(0));
    assertThat(out.toString()).isEqualTo(file + ": good\n");
    Files.writeString(file, "listen: 5\nbakends: {}\n");
    assertThat(read("check", file.toString())).isEqualTo(new Request.Exit(1));
    assertThat(err.toString())
        .contains(file + ":1:9: listen: wanted a list", file + ":2:1: bakends: unknown key");
  }

  @Test
  void aFileIsServedIfItIsGood() throws IOException {
    Path file = directory.resolve("dormouse.yaml");
    Files.writeString(
        file, "listen: [ { address: \"0.0.0.0:993\" } ]\nbackends: { m: { address: m } }\n");
    assertThat(served("--config", file.toString()).backends()).containsOnlyKeys("m");
    assertThat(read("--config", directory.resolve("none.yaml").toString()))
        .isEqualTo(new Request.Exit(1));
    assertThat(err.toString()).contains("none.yaml: there is no such file");
  }

  @Test
  void theStateIsKeptWhereSystemdOrTheUserWantIt() {
    assertThat(stateDir(Map.of("STATE_DIRECTORY", "/var/lib/dormouse", "HOME", "/root")))
        .isEqualTo(Path.of("/var/lib/dormouse"));
    assertThat(stateDir(Map.of("XDG_STATE_HOME", "/state", "HOME", "/root")))
        .isEqualTo(Path.of("/state/dormouse"));
  }

  private Path stateDir(Map<String, String> environment) {
    return ((Request.Serve) cli(environment).read("--backend=m")).settings().runtime().stateDir();
  }

  private Settings served(String... arguments) {
    Request request = read(arguments);
    assertThat(request).as(err.toString()).isInstanceOf(Request.Serve.class);
    return ((Request.Serve) request).settings();
  }

  private Request read(String... arguments) {
    return cli(HOME).read(arguments);
  }

  private Cli cli(Map<String, String> environment) {
    return new Cli(new PrintWriter(out), new PrintWriter(err), environment, NamedFiles::faults);
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
  }
}
