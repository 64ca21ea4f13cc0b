package dormouse.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A certificate that clients see.
///
/// @param certificate PEM, the server's own certificate first, then those that signed it
/// @param key PEM, PKCS#8, without a passphrase
/// @param ocsp DER, an OCSP response for the certificate, to be stapled to handshakes (RFC 6066 §8)
public record CertificateSettings(
    @Required Path certificate, @Required Path key, @Nullable Path ocsp) {
  /// Without an OCSP response.
  public CertificateSettings(Path certificate, Path key) {
    this(certificate, key, null);
  }
}
