package dormouse.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.SampleFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `dormouse check` as an operator types it: the built jar, started by `packaging/dormouse`.
class CheckIT {
  private static final Path LAUNCHER =
      Path.of("../packaging/dormouse").toAbsolutePath().normalize();
  private static final Path BUILT = Path.of("target/dormouse.jar").toAbsolutePath();

  @TempDir Path home = Path.of("");

  private Path file = Path.of("");

  /// @param code the exit code
  private record Ended(int code, String said) {}

  @BeforeEach
  void theFilesAreThere() throws Exception {
    file = home.resolve("dormouse.yaml");
    SampleFiles samples = new SampleFiles(home);
    for (String each :
        List.of("mail.pem", "mail.key", "a.secret", "users", "popmap", "tickets", "mail.ocsp")) {
      samples.write(each);
    }
  }

  @Test
  void tenFaultsAreToldAtOnceAlsoThoseInTheFilesThatItNames() throws Exception {
    theFilesAreBad();
    Files.writeString(
        file,
        """
        listen:
          - { address: "127.0.0.1:0", tsl: starttls }
          - { protocol: imap }
        tls:
          certificates:
            - { certificate: mail.pem, key: mail.key }
        backends:
          mx: { address: "mail.example.org:99999" }
          my: { address: my, login-as: { user: boss, password-file: nowhere } }
        directory:
          - map: { file: popmap, form: patterns }
          - file: { path: users }
          - backend:
        login:
          timeout: 2h
          max-errors: many
        throttle: { free: 0 }
        """);
    String[] wanted = {
      "2 listen[0].tsl: unknown key",
      "3 listen[1].address: must be set",
      "6 tls.certificates[0].certificate: wanted certificates in PEM",
      "8 backends.mx.address: wanted",
      "9 backends.my.login-as.password-file: there is no file",
      "11 directory[0].map.file: " + home.resolve("popmap") + ":2: no regular expression",
      "12 directory[1].file.path: " + home.resolve("users") + ":3: unknown password scheme NEW",
      "15 login.timeout: wanted",
      "16 login.max-errors: wanted",
      "17 throttle.free: wanted"
    };
    Ended checked = dormouse("check", file.toString());
    assertThat(checked.code()).as(checked.said()).isEqualTo(1);
    tells(checked, wanted);
    assertThat(checked.said()).doesNotContain("hunter2");

    Ended started = dormouse("--config", file.toString(), "--quiet", "--log", "error");
    assertThat(started.code()).as(started.said()).isEqualTo(1);
    tells(started, wanted);
  }

  @Test
  void aStartThatFilesAloneStandInTheWayOfTellsAllOfThem() throws Exception {
    theFilesAreBad();
    Files.writeString(
        file,
        """
        listen: [ { address: "127.0.0.1:0" } ]
        admin: { address: none }
        backends: { my: { address: my, ca: users } }
        tls: { certificates: [ { certificate: mail.pem, key: popmap } ] }
        directory:
          - map: { lines: [ "ann: mx1", "(: mx2" ], file: popmap, form: patterns }
          - file: { path: users }
        """);
    Ended started = dormouse("--config", file.toString(), "--quiet", "--log", "error");
    assertThat(started.code()).as(started.said()).isEqualTo(1);
    tells(
        started,
        "3 backends.my.ca: wanted certificates in PEM",
        "4 tls.certificates[0].certificate: wanted certificates in PEM",
        "4 tls.certificates[0].key: wanted a private key in PEM",
        "6 directory[0].map.lines[1]: no regular expression",
        "6 directory[0].map.file: " + home.resolve("popmap") + ":2: no regular expression",
        "7 directory[1].file.path: " + home.resolve("users") + ":3: unknown password scheme NEW");
    assertThat(dormouse("check", file.toString()).said()).isEqualTo(started.said());
  }

  /// Also where every address is taken, and nobody answers: none is listened at, none is connected to, and nothing is written.
  @Test
  void aGoodFileIsCalledSoAndNothingComesOfIt() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      taken.setSoTimeout(1);
      String there = "127.0.0.1:" + taken.getLocalPort();
      String all =
          """
          listen: [ { address: "%1$s" } ]
          admin: { address: none }
          runtime: { state-dir: state, name-servers: [ "%1$s" ] }
          backends:
            mx1: { address: "%1$s", ca: mail.pem, client-certificate: mail.pem, client-key: mail.key }
          directory:
            - map: { file: popmap }
            - file: { path: users }
            - http: { url: "https://%1$s/auth", ca: mail.pem }
            - ldap: { urls: [ "ldaps://%1$s" ], base: "o=x", ca: mail.pem, bind-dn: "cn=x", password-file: a.secret }
            - sql: { url: "jdbc:postgresql://%1$s/mail", user: x, password-file: a.secret, query: "SELECT host FROM users WHERE name = :user" }
            - oauth2: { jwks: "https://%1$s/keys", issuer: "https://%1$s", audience: [ x ], ca: mail.pem }
            - backend:
          feeds:
            - redis: { address: "%1$s", password-file: a.secret }
          """
              .formatted(there);
      String tls =
          "tls: { ticket-keys: tickets, certificates: [ { certificate: mail.pem, key: mail.key, ocsp: mail.ocsp } ] }\n";
      for (String text : List.of(all + tls, all)) {
        Files.writeString(file, text);
        List<String> before = names();
        assertThat(dormouse("check", file.toString())).isEqualTo(new Ended(0, file + ": good\n"));
        assertThat(names()).isEqualTo(before);
        assertThatThrownBy(taken::accept).isInstanceOf(SocketTimeoutException.class);
      }
    }
  }

  private void theFilesAreBad() throws IOException {
    Files.writeString(home.resolve("mail.pem"), "-----BEGIN NOTHING-----\n");
    Files.writeString(home.resolve("users"), "# users\nann:{PLAIN}x\nbob:{NEW}hunter2\n");
    Files.writeString(home.resolve("popmap"), "ann: mx1\n(: mx1\n");
  }

  /// These faults and no others, each by its line of the settings and how it goes on.
  private void tells(Ended ended, String... wanted) {
    List<String> lines =
        ended
            .said()
            .lines()
            .map(line -> line.replace(file + ":", "").replaceFirst(":\\d+: ", " "))
            .toList();
    assertThat(lines).as(ended.said()).hasSameSizeAs(wanted);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(lines.get(i)).startsWith(wanted[i]);
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.walk(home)) {
      return all.map(Path::toString).sorted().toList();
    }
  }

  private Ended dormouse(String... arguments) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(LAUNCHER.toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().put("DORMOUSE_JAR", BUILT.toString());
    builder
        .environment()
        .put("JAVA", Path.of(System.getProperty("java.home"), "bin/java").toString());
    Process process = builder.directory(home.toFile()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return new Ended(process.exitValue(), said);
  }
}
