package dormouse.config;

import java.util.List;

/// TLS towards clients.
///
/// @param certificates if there is none and a listener needs one, a self-signed certificate is made in the state
///     directory at the first start
public record TlsSettings(List<CertificateSettings> certificates) {
  public static final TlsSettings DEFAULT = new TlsSettings(List.of());

  public TlsSettings {
    certificates = List.copyOf(certificates);
  }
}
