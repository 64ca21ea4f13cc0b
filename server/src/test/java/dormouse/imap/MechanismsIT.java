package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.TokenProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.shaded.com.ongres.scram.client.ScramClient;
import org.postgresql.shaded.com.ongres.scram.common.util.TlsServerEndpoint;

/// Every mechanism by real clients (GNU SASL, curl), before a Dovecot whose passwords nobody knows: its master user logs all of them
/// in, at first and at wake.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MechanismsIT {
  private static final String SECRET = "only here";

  private final TokenProvider provider = TokenProvider.start();
  private DovecotServer dovecot;
  private FrontEnd dormouse;

  @TempDir static Path directory = Path.of("");

  @BeforeAll
  void start() throws Exception {
    dovecot = DovecotServer.start();
    String scram = dovecot.doveadm("pw", "-s", "SCRAM-SHA-256", "-p", SECRET).strip();
    String bcrypt = dovecot.doveadm("pw", "-s", "BLF-CRYPT", "-p", SECRET).strip();
    String same = dovecot.doveadm("pw", "-s", "SHA512-CRYPT", "-p", DovecotServer.PASSWORD).strip();
    Path users =
        Files.writeString(
            directory.resolve("users"),
            "u1:{PLAIN}"
                + SECRET
                + "\nu2:"
                + scram
                + "\nu3:"
                + bcrypt
                + "\nu4:*\nu8:"
                + same
                + "\nu9:{PLAIN}"
                + DovecotServer.PASSWORD
                + "\n");
    Path master =
        Files.writeString(directory.resolve("master"), DovecotServer.MASTER_PASSWORD + "\n");
    certificates();
    dormouse =
        FrontEnd.of(
            """
            listen:
              - { address: "127.0.0.1:0", tls: implicit }
              - { address: "127.0.0.1:0", tls: starttls }
              - { address: "127.0.0.1:0", tls: none }
            tls: { client-certificates: optional, client-ca: %s }
            backends:
              mx:
                address: "127.0.0.1:%d"
                tls: none
                login-as: { user: %s, password-file: %s, separator: "*" }
            directory:
              - file: { path: %s }
              - oauth2: { issuer: "https://id", audience: [ mail ], jwks: "%s/jwks" }
            login: { mechanisms: [ scram-sha-256-plus, scram-sha-256, plain, login, cram-md5, external, oauthbearer, xoauth2 ] }
            throttle: { enabled: false }
            hibernate: { after: 0s, quiet-after: 0s, keep-password: false }
            """
                .formatted(
                    directory.resolve("ca.pem"),
                    dovecot.imapPort(),
                    DovecotServer.MASTER,
                    master,
                    users,
                    provider.url()));
  }

  @AfterAll
  void stop() {
    dormouse.close();
    dovecot.close();
    provider.close();
  }

  @ParameterizedTest
  @CsvSource({
    "SCRAM-SHA-256, u1, true",
    "SCRAM-SHA-256, u2, true",
    "SCRAM-SHA-256, u3, false",
    "SCRAM-SHA-256, nobody, false",
    "CRAM-MD5, u1, true",
    "CRAM-MD5, u2, false"
  })
  void gsaslLogsIn(String mechanism, String user, boolean itsPasswordServes) throws Exception {
    assertThat(gsasl(mechanism, user, SECRET)).isEqualTo(itsPasswordServes);
    assertThat(gsasl(mechanism, user, "wrong")).isFalse();
  }

  /// The backend is shown the password, too: it must be the one there.
  @ParameterizedTest
  @CsvSource({"PLAIN, u8", "PLAIN, u9", "LOGIN, u8", "LOGIN, u9"})
  void gsaslSaysThePassword(String mechanism, String user) throws Exception {
    assertThat(gsasl(mechanism, user, DovecotServer.PASSWORD)).isTrue();
    assertThat(gsasl(mechanism, user, SECRET)).isFalse();
  }

  /// GNU SASL binds the channel by `tls-exporter`.
  @ParameterizedTest
  @CsvSource({"u1, true", "u2, true", "u3, false", "nobody, false"})
  void gsaslBindsTheChannel(String user, boolean itsPasswordServes) throws Exception {
    assertThat(gsaslOverTls(user, SECRET)).isEqualTo(itsPasswordServes);
    assertThat(gsaslOverTls(user, "wrong")).isFalse();
  }

  private boolean gsaslOverTls(String user, String password) throws Exception {
    return run(
            "gsasl",
            "--imap",
            "--starttls",
            "--x509-ca-file=" + dormouse.certificate(),
            "--connect=localhost:" + dormouse.plain(1).port(),
            "--mechanism=SCRAM-SHA-256-PLUS",
            "--authentication-id=" + user,
            "--password=" + password)
        == 0;
  }

  @Test
  void whereTlsDoesNotEndHereNoChannelIsBound() {
    try (ImapClient client = ImapClient.connect(dormouse.plain())) {
      assertThat(client.greeting()).contains("AUTH=SCRAM-SHA-256 ").doesNotContain("PLUS");
      assertThat(
              client.refused("AUTHENTICATE SCRAM-SHA-256-PLUS " + base64("p=x,,n=u1,r=12345678")))
          .contains("not supported");
    }
  }

  /// The client of PostgreSQL's driver binds it by `tls-server-end-point`, and a session that is resumed as well.
  @Test
  void theChannelIsBoundToTheCertificate() throws Exception {
    for (int i = 0; i < 2; i++) {
      assertThat(boundLogin(SECRET, false)).startsWith("OK ");
      assertThat(boundLogin("wrong", false)).startsWith("NO [AUTHENTICATIONFAILED]");
      assertThat(boundLogin(SECRET, true)).startsWith("NO [AUTHENTICATIONFAILED]");
    }
  }

  /// @param between whether somebody with another certificate stands in between
  private String boundLogin(String password, boolean between) throws Exception {
    try (ImapClient client = ImapClient.connect(dormouse.tls())) {
      SSLSession tls = ((SSLSocket) client.socket()).getSession();
      byte[] binding =
          TlsServerEndpoint.getChannelBindingData((X509Certificate) tls.getPeerCertificates()[0]);
      if (between) {
        binding[0]++;
      }
      ScramClient scram =
          ScramClient.builder()
              .advertisedMechanisms(List.of("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))
              .username("u1")
              .password(password.toCharArray())
              .channelBinding(TlsServerEndpoint.TLS_SERVER_END_POINT, binding)
              .build();
      assertThat(scram.getScramMechanism().getName()).isEqualTo("SCRAM-SHA-256-PLUS");
      String tag =
          client.start(
              "AUTHENTICATE SCRAM-SHA-256-PLUS " + base64(scram.clientFirstMessage().toString()));
      scram.serverFirstMessage(asked(client.readLine()));
      client.send(base64(scram.clientFinalMessage().toString()) + "\r\n");
      String line = client.readLine();
      if (line.startsWith("+ ")) {
        scram.serverFinalMessage(asked(line)); // throws unless it is signed
        client.send("\r\n");
        line = client.readLine();
      }
      assertThat(line).startsWith(tag + " ");
      return line.substring(tag.length() + 1);
    }
  }

  private static String asked(String line) {
    assertThat(line).startsWith("+ ");
    return new String(Base64.getDecoder().decode(line.substring(2)), UTF_8);
  }

  @Test
  void curlShowsTokens() throws Exception {
    String token = token("u5");
    for (String mechanism : List.of("OAUTHBEARER", "XOAUTH2")) {
      assertThat(curl(mechanism, "-u", "u5:", "--oauth2-bearer", token)).isZero();
      assertThat(curl(mechanism, "-u", "u6:", "--oauth2-bearer", token)).isNotZero();
      assertThat(curl(mechanism, "-u", "u5:", "--oauth2-bearer", token + "x")).isNotZero();
    }
  }

  @Test
  void curlShowsACertificate() throws Exception {
    assertThat(curlWithCertificate("u1", "u1")).isZero();
    assertThat(curlWithCertificate("u1", "u2")).as("another's mail").isNotZero();
    assertThat(curlWithCertificate("u4", "u4")).as("who is locked").isNotZero();
    assertThat(curlWithCertificate("nobody", "nobody")).isNotZero();
    try (ImapClient client = ImapClient.connect(dormouse.tls())) {
      assertThat(client.greeting())
          .contains(
              "AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=OAUTHBEARER AUTH=XOAUTH2]");
    }
  }

  @Test
  void whoHasShownATokenSleepsAndWakesByTheMasterUser() throws Exception {
    String message = "n,a=u7,\u0001auth=Bearer " + token("u7") + "\u0001\u0001";
    try (ImapClient client = ImapClient.connect(dormouse.tls())) {
      client.ok("AUTHENTICATE OAUTHBEARER " + base64(message));
      client.append("INBOX", "", "Subject: one\r\n\r\n");
      assertThat(client.ok("SELECT INBOX")).contains("* 1 EXISTS");
      client.startIdle();
      dormouse.await(() -> dormouse.sessions(Metrics.State.HIBERNATED) == 1, "the session sleeps");
      client.done();
      assertThat(client.ok("FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)])").toString())
          .contains("Subject: one");
    }
  }

  @Test
  void aRefusedTokenIsExplainedBeforeTheNo() {
    String message = "n,a=u7,\u0001auth=Bearer nonsense\u0001\u0001";
    try (ImapClient client = ImapClient.connect(dormouse.tls())) {
      String tag = client.start("AUTHENTICATE OAUTHBEARER " + base64(message));
      String line = client.readLine();
      assertThat(line).startsWith("+ ");
      assertThat(new String(Base64.getDecoder().decode(line.substring(2)), UTF_8))
          .isEqualTo("{\"status\":\"invalid_token\",\"schemes\":\"bearer\"}");
      client.send("AQ==\r\n");
      assertThat(client.readLine()).startsWith(tag + " NO [AUTHENTICATIONFAILED]");
      client.ok("NOOP");
    }
  }

  @Test
  void whoGivesUpScramMayTryAgain() {
    try (ImapClient client = ImapClient.connect(dormouse.tls())) {
      String tag = client.start("AUTHENTICATE SCRAM-SHA-256 " + base64("n,,n=u1,r=12345678"));
      assertThat(client.readLine()).startsWith("+ ");
      client.send("*\r\n");
      assertThat(client.readLine()).startsWith(tag + " NO ");
      assertThat(client.refused("AUTHENTICATE NTLM")).contains("not supported");
      client.ok("NOOP");
    }
  }

  private boolean gsasl(String mechanism, String user, String password) throws Exception {
    return run(
            "gsasl",
            "--imap",
            "--no-starttls",
            "--connect=127.0.0.1:" + dormouse.plain().port(),
            "--mechanism=" + mechanism,
            "--authentication-id=" + user,
            "--password=" + password)
        == 0;
  }

  private int curl(String mechanism, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "curl",
                "--silent",
                "--max-time",
                "20",
                "--cacert",
                dormouse.certificate().toString(),
                "--login-options",
                "AUTH=" + mechanism,
                "--request",
                "NOOP"));
    command.addAll(Arrays.asList(options));
    command.add("imaps://localhost:" + dormouse.tls().port() + "/");
    return run(command.toArray(String[]::new));
  }

  private int curlWithCertificate(String certificate, String user) throws Exception {
    return curl(
        "EXTERNAL",
        "-u",
        user + ":",
        "--cert",
        directory.resolve(certificate + ".pem").toString(),
        "--key",
        directory.resolve(certificate + ".key").toString());
  }

  private String token(String user) {
    return provider.token(
        "RS256",
        "{\"iss\":\"https://id\",\"aud\":\"mail\",\"email\":\"%s\",\"exp\":%d}"
            .formatted(user, Instant.now().getEpochSecond() + 600));
  }

  private static void certificates() throws Exception {
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem");
    for (String name : List.of("u1", "u4", "nobody")) {
      openssl(
          "req -new -newkey rsa:2048 -nodes -subj /CN=%1$s -keyout %1$s.key -out %1$s.csr"
              .formatted(name));
      openssl(
          "x509 -req -days 2 -in %1$s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out %1$s.pem"
              .formatted(name));
    }
  }

  private static void openssl(String arguments) throws Exception {
    assertThat(run(("openssl " + arguments).split(" "))).as(arguments).isZero();
  }

  private static int run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    if (!process.waitFor(Duration.ofSeconds(30).toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return -1;
    }
    return process.exitValue();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }
}
