package dormouse.config;

import java.nio.file.Path;

/// A certificate that clients see.
///
/// @param certificate PEM, the server's own certificate first, then those that signed it
/// @param key PEM, PKCS#8, without a passphrase
public record CertificateSettings(@Required Path certificate, @Required Path key) {}
