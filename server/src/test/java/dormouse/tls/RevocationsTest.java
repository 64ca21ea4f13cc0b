package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.sun.net.httpserver.HttpServer;
import dormouse.config.CertificateSettings;
import dormouse.config.ClientCertificates;
import dormouse.config.TlsSettings;
import dormouse.session.SteadyClock;
import dormouse.tls.records.RecordLayer;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.ExtendedKeyUsage;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.CertificateException;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.X509TrustManager;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// Lists of clients' certificates that are revoked.
class RevocationsTest {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(Certificates.class);

  @TempDir Path dir;

  private final Instant begin = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private volatile Instant now = begin;
  private final SteadyClock clock = new SteadyClock(() -> now, System::nanoTime);
  private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          said.add(event.getLevel() + " " + event.getFormattedMessage());
        }
      };
  private X509Bundle signer;

  @BeforeEach
  void aSignerAndTheLog() throws Exception {
    signer = signer("ca");
    appender.start();
    LOGGER.addAppender(appender);
  }

  @AfterEach
  void noMoreOfTheLog() {
    LOGGER.detachAppender(appender);
  }

  @Test
  void whenAListRunsOutIsKnownAndSaidBeforeAndThenOnceEach() throws Exception {
    TlsSettings settings = settings(list(signer, Duration.ofDays(10)));
    BlockingQueue<Certificates.Expiries> told = new LinkedBlockingQueue<>();
    try (Certificates certificates =
        Certificates.load(settings, dir, clock, new RecordLayer(_ -> {}), told::add)) {
      Instant until = begin.plus(Duration.ofDays(10));
      assertThat(next(told).revocations()).isEqualTo(Map.of("CN=ca", until));
      now = begin.plus(Duration.ofDays(9));
      certificates.watch(Duration.ofMillis(1));
      assertThat(said).isEmpty();

      now = begin.plus(Duration.ofDays(9)).plusSeconds(1);
      assertThat(next(said))
          .isEqualTo(
              "WARN client-crl-expires crl=%s issuer=CN=ca at=%s"
                  .formatted(settings.clientCrl(), until));
      now = until.plusSeconds(1);
      assertThat(next(said))
          .isEqualTo(
              "WARN client-crl-expired crl=%s issuer=CN=ca since=%s"
                  .formatted(settings.clientCrl(), until));

      write(list(signer, Duration.ofDays(20)));
      assertThat(next(told).revocations())
          .isEqualTo(Map.of("CN=ca", begin.plus(Duration.ofDays(20))));
      assertThat(said).isEmpty();
    }
  }

  /// It keeps out by itself whom it was to tell of, and nobody else.
  @Test
  void aListThatIsOutOfDateIsNamedAndNoReasonNotToStart() throws Exception {
    X509Bundle other = signer("other");
    TlsSettings settings =
        settings(
            list(signer, Duration.ofDays(1)),
            list(other, Duration.ofDays(3)),
            list(other, Duration.ofDays(2)));
    now = begin.plus(Duration.ofHours(60));
    try (Certificates certificates =
        Certificates.load(settings, dir, clock, new RecordLayer(_ -> {}))) {
      assertThat(next(said)).startsWith("WARN client-crl-expired ").contains("issuer=CN=ca");
      certificates.use(settings);
      assertThat(next(said)).startsWith("WARN client-crl-expired ").contains("issuer=CN=ca");
    }
    assertThat(said).isEmpty();
  }

  /// Where a certificate says that its list is to be had.
  @Test
  void noListIsFetched() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    byte[] good = list(signer, Duration.ofDays(1)).getEncoded();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          asked.incrementAndGet();
          exchange.sendResponseHeaders(200, good.length);
          exchange.getResponseBody().write(good);
          exchange.close();
        });
    server.start();
    try {
      X509Bundle client =
          new CertificateBuilder()
              .ecp256()
              .subject("CN=ann")
              .addExtendedKeyUsage(ExtendedKeyUsage.PKIX_KP_CLIENT_AUTH)
              .addCrlDistributionPoint(
                  URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/ca.crl"))
              .buildIssuedBy(signer);
      assertThatCode(() -> show(client, list(signer, Duration.ofDays(1))))
          .doesNotThrowAnyException();
      assertThatThrownBy(() -> show(client, list(signer("other"), Duration.ofDays(1))))
          .isInstanceOf(CertificateException.class);
      assertThatThrownBy(() -> show(client, list(signer, Duration.ofDays(-1))))
          .isInstanceOf(CertificateException.class);
      assertThat(asked).hasValue(0);
    } finally {
      server.stop(0);
    }
  }

  private void show(X509Bundle client, X509CRL list) throws Exception {
    ClientTrust trust =
        new ClientTrust(
            ClientCertificates.REQUIRED, List.of(signer.getCertificate()), List.of(list));
    X509TrustManager manager =
        (X509TrustManager) trust.unlessRevoked(List.of(list)).getTrustManagers()[0];
    manager.checkClientTrusted(new X509Certificate[] {client.getCertificate()}, "EC");
  }

  private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    return Objects.requireNonNull(queue.poll(20, TimeUnit.SECONDS), "in time");
  }

  private static X509Bundle signer(String name) throws Exception {
    return new CertificateBuilder()
        .ecp256()
        .subject("CN=" + name)
        .notAfter(Instant.now().plus(Duration.ofDays(365)))
        .setIsCertificateAuthority(true)
        .setKeyUsage(true, KeyUsage.digitalSignature, KeyUsage.keyCertSign, KeyUsage.cRLSign)
        .buildSelfSigned();
  }

  /// One that nobody is in.
  private X509CRL list(X509Bundle signer, Duration good) throws Exception {
    Instant since = good.isNegative() ? begin.plus(good.multipliedBy(2)) : begin;
    JcaX509v2CRLBuilder made = new JcaX509v2CRLBuilder(signer.getCertificate(), Date.from(since));
    made.setNextUpdate(Date.from(begin.plus(good)));
    return new JcaX509CRLConverter()
        .getCRL(
            made.build(
                new JcaContentSignerBuilder("SHA256withECDSA")
                    .build(signer.getKeyPair().getPrivate())));
  }

  private TlsSettings settings(X509CRL... lists) throws Exception {
    X509Bundle own = signer("own");
    return new TlsSettings(
        null,
        ClientCertificates.REQUIRED,
        Files.writeString(dir.resolve("ca.crt"), signer.getCertificatePEM()),
        write(lists),
        null,
        List.of(
            new CertificateSettings(
                Files.writeString(dir.resolve("own.crt"), own.getCertificatePEM()),
                Files.writeString(dir.resolve("own.key"), own.getPrivateKeyPEM()))));
  }

  private Path write(X509CRL... lists) throws Exception {
    StringBuilder pem = new StringBuilder();
    for (X509CRL list : lists) {
      pem.append("-----BEGIN X509 CRL-----\n")
          .append(Base64.getMimeEncoder().encodeToString(list.getEncoded()))
          .append("\n-----END X509 CRL-----\n");
    }
    Path whole = Files.writeString(dir.resolve("next.pem"), pem); // somebody looks at it meanwhile
    return Files.move(whole, dir.resolve("revoked.pem"), StandardCopyOption.ATOMIC_MOVE);
  }
}
