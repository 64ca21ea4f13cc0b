package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.directory.NginxCase.Side;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import dormouse.testkit.SelfSigned;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What [NginxTableIT] does, where clients are asked for certificates (nginx: `ssl_verify_client optional`): a daemon is told the same of
/// them, byte for byte.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NginxClientCertificateIT {
  private static final String TLS13 = "TLS_AES_128_GCM_SHA256";
  private static final String TLS12 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
  private static final String OTHERS =
      "/C=DE/ST=Bayern/L=M\u00fcnchen/street=Weg 1/postalCode=80331/O=A, B + C \"D\" <E>; F\\\\\\\\G/title=Dr./GN=Ann/SN=Lee/initials=AL"
          + "/serialNumber=007/dnQualifier=q/description=x=y/UID=ann/DC=example/DC=org/1.2.3.4=secret/emailAddress=ann@example.org"
          + "/organizationIdentifier=VATDE-1/jurisdictionC=DE/pseudonym=p/CN=ann";

  private final LoginBackend backend = LoginBackend.start();
  private final AuthDaemon daemon = AuthDaemon.start(_ -> Answer.accept(backend.port()));
  private NginxMailServer nginx;
  private NginxMailServer telling;
  private NginxMailServer strict;
  private NginxMailServer lenient;
  private NginxMailServer lenientKnowing;
  private FrontEnd dormouse;
  private FrontEnd dormouseTelling;
  private FrontEnd dormouseStrict;
  private FrontEnd dormouseLenient;
  private FrontEnd dormouseLenientKnowing;

  @TempDir static Path directory = Path.of("");

  @BeforeAll
  void start() throws Exception {
    openssl(
        "req",
        "-x509",
        "-subj",
        "/O=Staff, all of it/CN=ca",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem");
    String known = "ssl_client_certificate " + directory.resolve("ca.pem") + ";";
    nginx = nginx("off", "optional", known);
    telling = nginx("on", "optional", known);
    strict = nginx("on", "on", known);
    lenient = nginx("on", "optional_no_ca", "");
    lenientKnowing = nginx("on", "optional_no_ca", known);
    String ca = ", client-ca: " + directory.resolve("ca.pem");
    dormouse = dormouse(false, "optional" + ca);
    dormouseTelling = dormouse(true, "optional" + ca);
    dormouseStrict = dormouse(true, "required" + ca);
    dormouseLenient = dormouse(true, "any");
    dormouseLenientKnowing = dormouse(true, "any" + ca);
  }

  private NginxMailServer nginx(String tells, String verifies, String known) {
    return NginxMailServer.start(
        1,
        "auth_http http://127.0.0.1:" + daemon.port() + "/auth;",
        "auth_http_pass_client_cert " + tells + ";",
        "imap_auth plain login external;",
        "ssl_verify_client " + verifies + ";",
        known);
  }

  private FrontEnd dormouse(boolean tells, String asks) {
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: implicit } ]
        tls: { client-certificates: %s }
        backends:
          any: { address: "*", tls: none }
        directory:
          - http: { url: "http://127.0.0.1:%d/auth", pass-client-certificate: %s }
            break-after: 0
        login: { mechanisms: [ plain, login%s ] }
        throttle: { enabled: false }
        hibernate: { enabled: false }
        """
            .formatted(asks, daemon.port(), tells, asks.contains("client-ca") ? ", external" : ""));
  }

  @AfterAll
  void stop() {
    dormouse.close();
    dormouseTelling.close();
    dormouseStrict.close();
    dormouseLenient.close();
    dormouseLenientKnowing.close();
    strict.close();
    lenient.close();
    lenientKnowing.close();
    nginx.close();
    telling.close();
    daemon.close();
    backend.close();
  }

  @TestFactory
  List<DynamicTest> theTable() throws Exception {
    List<NginxCase> table = new ArrayList<>();
    table.add(row("none", "a LOGIN ann secret").over("TLSv1.3", TLS13));
    table.add(row("none in TLS 1.2", "a LOGIN ann secret").over("TLSv1.2", TLS12));
    Path ann = certificate("0x1", "/CN=ann");
    table.add(row("one", "a LOGIN ann secret").showing(ann, "TLSv1.3", TLS13));
    table.add(row("one in TLS 1.2", "a LOGIN ann secret").showing(ann, "TLSv1.2", TLS12));
    table.add(
        row("each try", "a LOGIN ann \"\" x", "b LOGIN ann secret").showing(ann, "TLSv1.3", TLS13));
    String external = "a AUTHENTICATE EXTERNAL ";
    table.add(external("her own", external + base64("ann")).showing(ann, "TLSv1.3", TLS13));
    table.add(external("another", external + base64("b%b é")).showing(ann, "TLSv1.3", TLS13));
    table.add(
        new NginxCase("no", List.of(external + base64("bob")), _ -> Answer.of("Auth-Status: No"))
            .showing(ann, "TLSv1.3", TLS13));
    List<Path> odd =
        List.of(
            certificate("0", "/CN=zero"),
            certificate("0xABCDE", "/CN=odd digits"),
            certificate("0x80112233445566778899AABBCCDDEEFF00112233", "/CN=a long one"),
            certificate("-0x1234", "/CN=a negative one"),
            certificate("2", OTHERS),
            certificate("3", "/CN= spaces "),
            certificate("3", "/CN= "),
            certificate("4", "/CN=#number"),
            certificate("4", "/CN=#"),
            certificate("5", "/O=one+OU=two+CN=three/CN=four"),
            certificate("6", "/CN=J\u00f6rg \u2603 \ud83d\ude00"),
            certificate("7", "/CN=J\u00f6rg", "-config", strings("MASK:0x4")), // T61String
            certificate("8", "/CN=J\u00f6rg \u2603", "-config", strings("MASK:0x800")), // BMPString
            certificate(
                "9", "/CN=\u2603\ud83d\ude00", "-config", strings("MASK:0x100")), // Universal
            certificate("10", "/CN=tab\tand\u007f"),
            certificate("11", "/CN=~!$%&'()*-.:=?@[]^_`{|}"));
    for (Path store : odd) {
      table.add(row(store.toString(), "a LOGIN ann secret").showing(store, "TLSv1.3", TLS13));
    }
    return table.stream()
        .map(row -> DynamicTest.dynamicTest(row.name(), () -> check(row)))
        .toList();
  }

  /// nginx: `ssl_verify_client optional_no_ca`.
  @TestFactory
  List<DynamicTest> theTableWhereAnyMayBeShown() throws Exception {
    openssl(
        "req", "-x509", "-subj", "/CN=others", "-keyout", "other-ca.key", "-out", "other-ca.pem");
    openssl("req", "-new", "-subj", "/CN=between", "-keyout", "mid.key", "-out", "mid.csr");
    Path extensions = directory.resolve("mid.cnf");
    Files.writeString(extensions, "basicConstraints = CA:TRUE\n");
    run(
        List.of(
            "openssl x509 -req -days 2 -in mid.csr -CA other-ca.pem -CAkey other-ca.key -extfile mid.cnf -out mid.pem"
                .split(" ")));
    Files.writeString(
        directory.resolve("whole.pem"),
        Files.readString(directory.resolve("mid.pem"))
            + Files.readString(directory.resolve("other-ca.pem")));
    Path signed = certificate("7", "/CN=ann");
    List<Path> stores =
        List.of(
            selfSigned(),
            signedBy("other-ca", ""),
            signedBy("other-ca", " -certfile other-ca.pem"),
            signedBy("mid", " -certfile mid.pem"),
            signedBy("mid", " -certfile whole.pem"));
    List<DynamicTest> tests = new ArrayList<>();
    for (Path store : stores) {
      for (String version : List.of("TLSv1.3", "TLSv1.2")) {
        NginxCase row =
            row(version + " " + store.getFileName(), "a LOGIN ann secret", "b NOOP")
                .showing(store, version, version.equals("TLSv1.3") ? TLS13 : TLS12);
        tests.add(DynamicTest.dynamicTest(row.name(), () -> checkLenient(row)));
      }
    }
    NginxCase none = row("none", "a LOGIN ann secret").over("TLSv1.3", TLS13);
    tests.add(DynamicTest.dynamicTest("none", () -> checkLenient(none)));
    NginxCase known = row("known", "a LOGIN ann secret").showing(signed, "TLSv1.3", TLS13);
    tests.add(
        DynamicTest.dynamicTest(
            "known",
            () ->
                known.check(
                    side(lenientKnowing, lenientKnowing.tlsPort()), side(dormouseLenientKnowing))));
    NginxCase external =
        external("external", "a AUTHENTICATE EXTERNAL " + base64("ann"))
            .showing(signed, "TLSv1.3", TLS13);
    tests.add(
        DynamicTest.dynamicTest(
            "external",
            () ->
                external.check(
                    side(lenientKnowing, lenientKnowing.tlsPort()), side(dormouseLenientKnowing))));
    return tests;
  }

  /// Neither serves whoever shows it, be a certificate wanted or not, and be its signer known or not: nginx says so in clear words, Dormouse in TLS.
  @TestFactory
  List<DynamicTest> theTableOfWhatIsOutOfDate() throws Exception {
    String name = "c" + made++;
    openssl("req", "-new", "-subj", "/CN=ann", "-keyout", name + ".key", "-out", name + ".csr");
    run(
        List.of(
            "openssl x509 -req -days -1 -in %1$s.csr -CA ca.pem -CAkey ca.key -set_serial 8 -out %1$s.pem"
                .formatted(name)
                .split(" ")));
    Path expired = store(name, "");
    List<DynamicTest> tests = new ArrayList<>();
    for (String version : List.of("TLSv1.3", "TLSv1.2")) {
      NginxCase row =
          row(version, "a LOGIN ann secret")
              .showing(expired, version, version.equals("TLSv1.3") ? TLS13 : TLS12);
      tests.add(shutOut("optional", row, telling, dormouseTelling));
      tests.add(shutOut("on", row, strict, dormouseStrict));
      tests.add(shutOut("optional_no_ca", row, lenient, dormouseLenient));
      tests.add(shutOut("optional_no_ca, known", row, lenientKnowing, dormouseLenientKnowing));
    }
    return tests;
  }

  private DynamicTest shutOut(
      String verifies, NginxCase row, NginxMailServer beside, FrontEnd front) {
    return DynamicTest.dynamicTest(
        verifies + " " + row.name(),
        () -> row.checkShutOut(side(beside, beside.tlsPort()), side(front)));
  }

  private void checkLenient(NginxCase row) {
    row.check(side(lenient, lenient.tlsPort()), side(dormouseLenient));
  }

  private Path selfSigned() throws Exception {
    String name = "c" + made++;
    openssl("req", "-x509", "-subj", "/CN=alone", "-keyout", name + ".key", "-out", name + ".pem");
    return store(name, "");
  }

  private Path signedBy(String ca, String more) throws Exception {
    String name = "c" + made++;
    openssl("req", "-new", "-subj", "/CN=ann", "-keyout", name + ".key", "-out", name + ".csr");
    run(
        List.of(
            "openssl x509 -req -days 2 -in %1$s.csr -CA %2$s.pem -CAkey %2$s.key -set_serial 77 -out %1$s.pem"
                .formatted(name, ca)
                .split(" ")));
    return store(name, more);
  }

  private static Path store(String name, String more) throws Exception {
    run(
        List.of(
            "openssl pkcs12 -export -in %1$s.pem -inkey %1$s.key -out %1$s.p12 -passout pass:%2$s%3$s"
                .formatted(name, SelfSigned.PASSWORD, more)
                .split(" ")));
    return directory.resolve(name + ".p12");
  }

  private void check(NginxCase row) {
    row.check(side(nginx, nginx.tlsPort()), side(dormouse));
    row.check(side(telling, telling.tlsPort()), side(dormouseTelling));
  }

  private Side side(NginxMailServer of, int tlsPort) {
    return new Side(of.port(), of.proxyPort(), tlsPort, daemon, backend);
  }

  private Side side(FrontEnd of) {
    return new Side(0, 0, of.tls().port(), daemon, backend);
  }

  private NginxCase row(String name, String... says) {
    return new NginxCase(name, List.of(says), _ -> Answer.accept(backend.port()));
  }

  private NginxCase external(String name, String says) {
    return new NginxCase(
        name,
        List.of(says),
        _ ->
            Answer.of(
                "Auth-Status: OK",
                "Auth-Server: 127.0.0.1",
                "Auth-Port: " + backend.port(),
                "Auth-Pass: master"));
  }

  private int made;

  /// A key and a certificate for it.
  private Path certificate(String serial, String subject, String... options) throws Exception {
    String name = "c" + made++;
    List<String> request = new ArrayList<>(List.of("req", "-new", "-utf8", "-subj", subject));
    request.addAll(List.of("-keyout", name + ".key", "-out", name + ".csr"));
    request.addAll(Arrays.asList(options));
    openssl(request.toArray(String[]::new));
    run(
        List.of(
            "openssl x509 -req -days 2 -in %1$s.csr -CA ca.pem -CAkey ca.key -set_serial %2$s -out %1$s.pem"
                .formatted(name, serial)
                .split(" ")));
    return store(name, "");
  }

  private static String strings(String mask) throws IOException {
    Path file = directory.resolve(mask.replace(':', '-') + ".cnf");
    Files.writeString(
        file, "[req]\nstring_mask = " + mask + "\ndistinguished_name = none\n[none]\n");
    return file.toString();
  }

  private static void openssl(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(Arrays.asList(arguments));
    command.addAll(List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"));
    run(command);
  }

  private static void run(List<String> command) throws Exception {
    Path log = directory.resolve("log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    process.getOutputStream().close();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(command + "\n" + Files.readString(log)).isZero();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
