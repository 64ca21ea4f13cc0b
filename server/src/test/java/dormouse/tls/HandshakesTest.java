package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dormouse.config.CertificateSettings;
import dormouse.config.ClientCertificates;
import dormouse.config.TlsSettings;
import dormouse.session.SteadyClock;
import dormouse.tls.records.Carrier;
import dormouse.tls.records.HandshakeFacts;
import dormouse.tls.records.RecordLayer;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.internal.tcnative.SSL;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a handshake may be like, with BoringSSL as the client, up to the hand-over and a line each way behind it.
class HandshakesTest {
  @TempDir Path dir = Path.of("");

  private final List<Carrier> carriers = new ArrayList<>();
  private final List<SslContext> clients = new ArrayList<>();
  private X509Bundle ca;
  private @Nullable Certificates certificates;

  @BeforeEach
  void aSigner() throws Exception {
    ca =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=ca")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    Files.writeString(dir.resolve("ca.crt"), ca.getCertificatePEM());
  }

  @AfterEach
  void release() {
    clients.forEach(ReferenceCountUtil::release);
    if (certificates != null) {
      certificates.close();
    }
  }

  /// Kinds of handshakes that differ in what a client sends.
  enum Kind {
    TLS_1_3(Carrier.OWN),
    /// ClientHello comes twice.
    RETRIED(Carrier.OWN),
    /// ClientHello is larger than many segments, for it holds a key of 1,184 bytes.
    POST_QUANTUM(Carrier.OWN),
    WITH_A_CERTIFICATE(Carrier.OWN),
    /// The hand-over waits for the name.
    NAMED(Carrier.OWN),
    TLS_1_2(Carrier.OWN);

    final Carrier carrier;

    Kind(Carrier carrier) {
      this.carrier = carrier;
    }
  }

  /// The client's last flight with its first command in two segments, cut at every place (where it is long, at every seventh); those before it
  /// at every sixteenth.
  @ParameterizedTest
  @EnumSource
  void everyFlightMayBeCutAnywhere(Kind kind) throws Exception {
    Certificates here = server(kind);
    SslContext client = client(kind);
    List<Integer> flights;
    try (Handshake whole = new Handshake(here, client, "a.test")) {
      flights = List.copyOf(went(whole, Handshake.WHOLE, kind).flights);
    }
    assertThat(flights).hasSizeGreaterThanOrEqualTo(kind == Kind.RETRIED ? 3 : 2);
    for (int flight = 0; flight < flights.size(); flight++) {
      boolean last = flight == flights.size() - 1;
      int step = !last ? 16 : flights.get(flight) > 200 ? 7 : 1;
      for (int at = 1; at < flights.get(flight); at += step) {
        int cut = flight;
        int place = at;
        try (Handshake one = new Handshake(here, client, "a.test")) {
          went(one, (number, sent) -> number == cut ? inTwo(sent, place) : List.of(sent), kind);
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError("flight " + flight + " cut at " + at, e);
        }
      }
    }
  }

  private static List<byte[]> inTwo(byte[] sent, int at) {
    return at >= sent.length
        ? List.of(sent)
        : List.of(Arrays.copyOf(sent, at), Arrays.copyOfRange(sent, at, sent.length));
  }

  @ParameterizedTest
  @EnumSource
  void everyFlightMayComeByteByByte(Kind kind) throws Exception {
    try (Handshake one = new Handshake(server(kind), client(kind), "a.test")) {
      went(
          one,
          (_, sent) -> {
            List<byte[]> bytes = new ArrayList<>();
            for (byte b : sent) {
              bytes.add(new byte[] {b});
            }
            return bytes;
          },
          kind);
    }
  }

  /// Many commands and more than a record holds, in one segment with the last of the handshake.
  @ParameterizedTest
  @EnumSource
  void muchMayComeWithTheLastFlight(Kind kind) throws Exception {
    String much = "a NOOP\r\n".repeat(10_000);
    try (Handshake one = new Handshake(server(kind), client(kind), "a.test", much)) {
      one.run(Handshake.WHOLE);
      assertThat(one.serverHeard).hasToString(much);
      String answer = "a OK\r\n".repeat(10_000);
      one.say(answer);
      assertThat(one.clientHeard).hasToString(answer);
    }
  }

  @Test
  void aGroupThatTheServerDoesNotHaveIsAskedAgain() throws Exception {
    try (Handshake one = new Handshake(server(Kind.RETRIED), client(Kind.RETRIED), "a.test")) {
      assertThat(went(one, Handshake.WHOLE, Kind.RETRIED).retried).isTrue();
    }
    try (Handshake one = new Handshake(server(Kind.TLS_1_3), client(Kind.TLS_1_3), "a.test")) {
      assertThat(went(one, Handshake.WHOLE, Kind.TLS_1_3).retried).isFalse();
    }
  }

  @Test
  void theProtocolIsAgreedToIfItIsImap() throws Exception {
    Certificates here = server(Kind.TLS_1_3);
    for (List<String> offered : List.of(List.of("imap"), List.of("h2", "imap"), List.of("h2"))) {
      SslContext client =
          client(
              builder -> builder.applicationProtocolConfig(alpn(offered.toArray(String[]::new))));
      try (Handshake one = new Handshake(here, client, "a.test")) {
        went(one, Handshake.WHOLE, Kind.TLS_1_3);
        assertThat(one.tls.applicationProtocol())
            .isEqualTo(offered.contains("imap") ? "imap" : null);
      }
    }
  }

  @Test
  void theNameThatIsAskedForHasItsCertificate() throws Exception {
    Certificates here = server(Kind.NAMED);
    SslContext client = client(Kind.NAMED);
    for (String name : List.of("a.test", "b.test", "x.wild.test", "nobody.test")) {
      try (Handshake one = new Handshake(here, client, name)) {
        went(one, Handshake.WHOLE, Kind.NAMED);
        assertThat(facts(one).serverName()).isEqualTo(name);
        X509Certificate shown =
            (X509Certificate) one.tls.engine().getSession().getPeerCertificates()[0];
        assertThat(shown.getSubjectX500Principal().getName())
            .isEqualTo("CN=" + (name.equals("nobody.test") ? "a.test" : name.replace("x.", "*.")));
      }
    }
  }

  /// Names in Docker have a `_`, and a client may send what it likes.
  @ParameterizedTest
  @EnumSource(names = {"TLS_1_3", "TLS_1_2", "NAMED"})
  void whateverNameIsAskedForIsServed(Kind kind) throws Exception {
    Certificates here = server(kind);
    for (String name : List.of("mail_1", "mail_1.test", "-", "MAIL")) {
      try (Handshake one = new Handshake(here, client(kind), name)) {
        assertThat(facts(went(one, Handshake.WHOLE, kind)).serverName()).isEqualTo(name);
      }
    }
    try (Handshake one = new Handshake(here, client(kind), "a.test..")) { // of which it says one
      assertThat(facts(went(one, Handshake.WHOLE, kind)).serverName()).isEqualTo("a.test.");
    }
    for (String name :
        List.of("a\r\nb NOOP", "a b.test", "\"", "b\u00fccher.test", "a".repeat(254))) {
      try (Handshake one = new Handshake(here, client(kind), name)) {
        assertThat(facts(went(one, Handshake.WHOLE, kind)).serverName()).isEmpty();
      }
    }
  }

  @Test
  void aClientsCertificateIsKnownBehindTheHandOver() throws Exception {
    Certificates here = server(Kind.WITH_A_CERTIFICATE);
    try (Handshake one = new Handshake(here, client(Kind.WITH_A_CERTIFICATE), "a.test")) {
      went(one, Handshake.WHOLE, Kind.WITH_A_CERTIFICATE);
      assertThat(facts(one).certificateName()).isEqualTo("Ann");
    }
    try (Handshake one = new Handshake(here, client(Kind.TLS_1_3), "a.test")) {
      went(one, Handshake.WHOLE, Kind.TLS_1_3);
      assertThat(facts(one).certificateName()).isEmpty();
    }
  }

  /// Each ticket holds all that the client has shown: more than BoringSSL's buffer for what is no mail.
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3})
  void theTicketsOfALongChainGoOut(int signers) throws Exception {
    Certificates here = server(Kind.WITH_A_CERTIFICATE);
    X509Bundle signer = ca;
    for (int i = 0; i < signers; i++) {
      signer =
          new CertificateBuilder()
              .rsa2048()
              .subject("CN=signer " + i)
              .setIsCertificateAuthority(true)
              .buildIssuedBy(signer);
    }
    X509Bundle ann = new CertificateBuilder().rsa2048().subject("CN=Ann").buildIssuedBy(signer);
    for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
      SslContext client =
          client(builder ->
              builder
                  .protocols(protocol)
                  .keyManager(ann.getKeyPair().getPrivate(), ann.getCertificatePath()));
      try (Handshake one = new Handshake(here, client, "a.test")) {
        went(one, Handshake.WHOLE, Kind.WITH_A_CERTIFICATE);
        assertThat(facts(one).certificateName()).isEqualTo("Ann");
      }
      try (Certificates engines =
              load(Kind.WITH_A_CERTIFICATE, RecordLayer.telling(false, (_, _) -> {}));
          Handshake one = new Handshake(engines, client, "a.test")) {
        one.run(Handshake.WHOLE);
        assertThat(one.say("a OK\r\n").clientHeard).hasToString("a OK\r\n");
      }
    }
  }

  /// More than ten certificates are not looked at (`docs/nginx.md`: `ssl_verify_depth`).
  @ParameterizedTest
  @CsvSource({"9, true", "10, false"})
  void aChainMayBeSoLong(int between, boolean taken) throws Exception {
    Certificates here = server(Kind.WITH_A_CERTIFICATE);
    List<X509Certificate> signers = new ArrayList<>();
    X509Bundle signer = ca;
    for (int i = 0; i < between; i++) {
      signer =
          new CertificateBuilder()
              .ecp256()
              .subject("CN=signer " + i)
              .setIsCertificateAuthority(true)
              .buildIssuedBy(signer);
      signers.addFirst(signer.getCertificate());
    }
    X509Bundle ann = new CertificateBuilder().ecp256().subject("CN=Ann").buildIssuedBy(signer);
    signers.addFirst(ann.getCertificate());
    SslContext client =
        client(builder ->
            builder.keyManager(
                ann.getKeyPair().getPrivate(), signers.toArray(X509Certificate[]::new)));
    try (Handshake one = new Handshake(here, client, "a.test")) {
      Throwable refused = catchThrowable(() -> one.run(Handshake.WHOLE));
      if (taken) {
        assertThat(refused).isNull();
      } else {
        assertThat(refused).hasRootCauseInstanceOf(CertPathBuilderException.class);
      }
      assertThat(one.serverHeard).hasToString(taken ? "a NOOP\r\n" : "");
    }
  }

  private Handshake went(Handshake one, Handshake.Cut cut, Kind kind) throws Exception {
    carriers.clear();
    one.run(cut);
    assertThat(one.serverHeard).hasToString("a NOOP\r\n");
    assertThat(one.say("a OK\r\n").clientHeard).hasToString("a OK\r\n");
    assertThat(carriers).containsExactly(kind.carrier);
    if (kind == Kind.POST_QUANTUM) {
      long ssl = ((ReferenceCountedOpenSslEngine) one.tls.engine()).sslPointer();
      assertThat(SSL.getGroupName(ssl)).isEqualTo("X25519MLKEM768");
    }
    return one;
  }

  private static HandshakeFacts facts(Handshake of) {
    return Objects.requireNonNull(of.facts);
  }

  private Certificates server(Kind kind) throws Exception {
    if (certificates != null) {
      certificates.close();
    }
    Certificates made = load(kind, Handshake.layer(carriers));
    certificates = made;
    return made;
  }

  private Certificates load(Kind kind, RecordLayer layer) throws Exception {
    List<CertificateSettings> files = new ArrayList<>(List.of(certificate("a.test")));
    if (kind == Kind.NAMED) {
      files.add(certificate("b.test"));
      files.add(certificate("*.wild.test"));
    }
    ClientCertificates wanted =
        kind == Kind.WITH_A_CERTIFICATE ? ClientCertificates.OPTIONAL : ClientCertificates.NONE;
    return Certificates.load(
        new TlsSettings(null, wanted, dir.resolve("ca.crt"), null, null, files),
        dir,
        SteadyClock.start(),
        layer);
  }

  private CertificateSettings certificate(String name) throws Exception {
    CertificateBuilder builder = new CertificateBuilder().ecp256().subject("CN=" + name);
    if (name.startsWith("*")) { // which it would refuse as a name
      GeneralNames names = new GeneralNames(new GeneralName(GeneralName.dNSName, name));
      builder.addExtensionOctetString(
          Extension.subjectAlternativeName.getId(), false, names.getEncoded());
    } else {
      builder.addSanDnsName(name);
    }
    X509Bundle made = builder.buildIssuedBy(ca);
    Path file = Files.writeString(dir.resolve(name + ".crt"), made.getCertificatePEM());
    Path key = Files.writeString(dir.resolve(name + ".key"), made.getPrivateKeyPEM());
    return new CertificateSettings(file, key);
  }

  private SslContext client(Kind kind) throws Exception {
    return switch (kind) {
      case TLS_1_3, NAMED -> client(builder -> builder.protocols("TLSv1.3"));
      case RETRIED -> client(builder -> groups(builder, "P-521", "P-256"));
      case POST_QUANTUM -> client(builder -> groups(builder, "X25519MLKEM768"));
      case TLS_1_2 -> client(builder -> builder.protocols("TLSv1.2"));
      case WITH_A_CERTIFICATE -> {
        X509Bundle ann = new CertificateBuilder().ecp256().subject("CN=Ann").buildIssuedBy(ca);
        yield client(
            builder -> builder.keyManager(ann.getKeyPair().getPrivate(), ann.getCertificatePath()));
      }
    };
  }

  private static SslContextBuilder groups(SslContextBuilder builder, String... groups) {
    return builder.option(OpenSslContextOption.GROUPS, groups);
  }

  private static ApplicationProtocolConfig alpn(String... offered) {
    return new ApplicationProtocolConfig(
        ApplicationProtocolConfig.Protocol.ALPN,
        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
        offered);
  }

  private SslContext client(UnaryOperator<SslContextBuilder> change) throws Exception {
    SslContext made =
        change
            .apply(
                SslContextBuilder.forClient()
                    .sslProvider(SslProvider.OPENSSL_REFCNT)
                    .trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .endpointIdentificationAlgorithm(null))
            .build();
    clients.add(made);
    return made;
  }
}
