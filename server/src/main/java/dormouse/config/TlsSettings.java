package dormouse.config;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// TLS towards clients.
///
/// @param reloadEvery between two looks at the files, which are read again when they have changed; none: only at a reload;
///     100ms to 24h
/// @param clientCertificates whether clients are asked for a certificate of their own
/// @param clientCa PEM, certificates that may sign the clients'; needed when they are asked, unless for any
/// @param clientCrl PEM, lists of clients' certificates that are revoked, of each who may sign them; none: nobody asks whether one is
/// @param ticketKeys a [TicketKeyFile]; none: Dormouse makes keys itself
/// @param certificates if there is none and a listener needs one, a self-signed certificate is made in the state
///     directory at the first start
public record TlsSettings(
    @Nullable Duration reloadEvery,
    ClientCertificates clientCertificates,
    @Nullable Path clientCa,
    @Nullable Path clientCrl,
    @Nullable Path ticketKeys,
    List<CertificateSettings> certificates) {
  public static final TlsSettings DEFAULT = new TlsSettings(List.of());

  public TlsSettings {
    new Checks()
        .that(
            clientCa != null
                || clientCertificates == ClientCertificates.NONE
                || clientCertificates == ClientCertificates.ANY,
            "client-ca",
            "a file of those who may sign clients' certificates")
        .that(
            clientCrl == null || clientCa != null,
            "client-crl",
            "a client-ca, whose certificates these are")
        .that(
            reloadEvery == null
                || (reloadEvery.compareTo(ofMillis(100)) >= 0
                    && reloadEvery.compareTo(ofHours(24)) <= 0),
            "reload-every",
            "a duration from 100ms to 24h, or none")
        .done();
    certificates = List.copyOf(certificates);
  }

  /// These certificates, all else by default.
  public TlsSettings(List<CertificateSettings> certificates) {
    this(ofSeconds(10), ClientCertificates.NONE, null, null, null, certificates);
  }
}
