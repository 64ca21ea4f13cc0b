package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dormouse.config.CertificateSettings;
import dormouse.config.ClientCertificates;
import dormouse.config.TlsSettings;
import dormouse.session.SteadyClock;
import dormouse.tls.records.RecordLayer;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// How long OCSP responses that are stapled are good.
class StaplesTest {
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
  private X509Bundle ca;
  private X509Bundle own;

  @BeforeEach
  void aCertificateAndTheLog() throws Exception {
    ca =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=ca")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    own =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=own")
            .notAfter(Instant.now().plus(Duration.ofDays(365)))
            .buildIssuedBy(ca);
    appender.start();
    LOGGER.addAppender(appender);
  }

  @AfterEach
  void noMoreOfTheLog() {
    LOGGER.detachAppender(appender);
  }

  @Test
  void whenAStapleRunsOutIsKnownAndSaidBeforeAndThenOnceEach() throws Exception {
    Path staple = write(response(Duration.ofDays(10)));
    BlockingQueue<Certificates.Expiries> told = new LinkedBlockingQueue<>();
    try (Certificates certificates =
        Certificates.load(settings(staple), dir, clock, new RecordLayer(_ -> {}), told::add)) {
      Instant until = begin.plus(Duration.ofDays(10));
      assertThat(next(told).staples()).isEqualTo(Map.of(staple, until));
      now = begin.plus(Duration.ofDays(9));
      certificates.watch(Duration.ofMillis(1));
      assertThat(said).isEmpty();

      now = begin.plus(Duration.ofDays(9)).plusSeconds(1);
      assertThat(next(said)).isEqualTo("WARN ocsp-expires ocsp=%s at=%s".formatted(staple, until));
      now = until.plusSeconds(1);
      assertThat(next(said))
          .isEqualTo("WARN ocsp-expired ocsp=%s since=%s".formatted(staple, until));

      write(response(Duration.ofDays(20)));
      assertThat(next(told).staples()).isEqualTo(Map.of(staple, begin.plus(Duration.ofDays(20))));
      assertThat(said).isEmpty();
    }
  }

  @Test
  void whatSaysNoTimeOrIsCutHasNone() throws Exception {
    assertThat(OcspFile.term(response(null))).isNull();
    byte[] whole = response(Duration.ofDays(1));
    assertThat(OcspFile.term(whole)).isEqualTo(new Term(begin, begin.plus(Duration.ofDays(1))));
    for (int length = 0; length < whole.length; length++) {
      assertThat(OcspFile.term(Arrays.copyOf(whole, length))).isNull();
    }
  }

  private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    return Objects.requireNonNull(queue.poll(20, TimeUnit.SECONDS), "in time");
  }

  private byte[] response(@Nullable Duration good) throws Exception {
    JcaX509CertificateHolder signer = new JcaX509CertificateHolder(ca.getCertificate());
    CertificateID id =
        new CertificateID(
            new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1),
            signer,
            own.getCertificate().getSerialNumber());
    BasicOCSPRespBuilder builder = new BasicOCSPRespBuilder(new RespID(signer.getSubject()));
    builder.addResponse(
        id,
        CertificateStatus.GOOD,
        Date.from(begin),
        good == null ? null : Date.from(begin.plus(good)));
    return new OCSPRespBuilder()
        .build(
            OCSPRespBuilder.SUCCESSFUL,
            builder.build(
                new JcaContentSignerBuilder("SHA256withECDSA").build(ca.getKeyPair().getPrivate()),
                null,
                Date.from(begin)))
        .getEncoded();
  }

  private TlsSettings settings(Path staple) throws Exception {
    return new TlsSettings(
        null,
        ClientCertificates.NONE,
        null,
        null,
        null,
        List.of(
            new CertificateSettings(
                Files.writeString(dir.resolve("own.crt"), own.getCertificatePEM()),
                Files.writeString(dir.resolve("own.key"), own.getPrivateKeyPEM()),
                null,
                staple)));
  }

  private Path write(byte[] response) throws Exception {
    Path whole = Files.write(dir.resolve("next.ocsp"), response); // somebody looks at it meanwhile
    return Files.move(whole, dir.resolve("own.ocsp"), StandardCopyOption.ATOMIC_MOVE);
  }
}
