package dormouse.tls;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.util.List;

/// What holds for TLS on both sides (RFC 9325, RFC 8996): version 1.3, or 1.2 with forward secrecy and authenticated
/// encryption. By BoringSSL where its native library loads, else by the JDK.
final class TlsRules {
  private static final List<String> CIPHERS =
      List.of(
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

  /// Netty puts key and certificates into a store in memory and takes them out again. One of PKCS #12 would be encrypted on the way, by ten thousand rounds of
  /// PBKDF2 each way, which nobody needs and which was a third of a start.
  private static final String KEY_STORE = "JKS";

  private TlsRules() {}

  static SslContextBuilder applyTo(SslContextBuilder builder) {
    if (OpenSsl.isAvailable()) {
      // what it may put off, as signing, is done on the loop all the same
      builder.sslProvider(SslProvider.OPENSSL_REFCNT).option(OpenSslContextOption.USE_TASKS, false);
    } else {
      builder.sslProvider(SslProvider.JDK);
    }
    return builder
        .protocols("TLSv1.3", "TLSv1.2")
        .keyStoreType(KEY_STORE)
        .ciphers(CIPHERS, SupportedCipherSuiteFilter.INSTANCE);
  }
}
