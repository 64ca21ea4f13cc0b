package dormouse.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A certificate that clients see.
///
/// @param certificate PEM, the server's own certificate first, then those that signed it
/// @param key PEM, PKCS#8
/// @param passphraseFile pass phrases, one a line, one of which opens the key; none: it is in clear
/// @param ocsp DER, an OCSP response for the certificate, to be stapled to handshakes (RFC 6066 §8)
public record CertificateSettings(
    @Required Path certificate,
    @Required Path key,
    @Nullable Path passphraseFile,
    @Nullable Path ocsp) {
  /// With a key in clear, and without an OCSP response.
  public CertificateSettings(Path certificate, Path key) {
    this(certificate, key, null, null);
  }
}
