package dormouse.tls.records;

import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.security.spec.PSSParameterSpec;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What ties a login to the TLS connection that it is made on, so that nobody in between can pass it on: `tls-exporter` (RFC 9266) with
/// TLS 1.3, `tls-server-end-point` (RFC 5929 §4) always. Keeps no secret of the connection. Immutable.
public final class ChannelBindings {
  /// Of a channel that cannot be bound.
  public static final ChannelBindings NONE = new ChannelBindings(null, null, new byte[0]);

  private static final String EXPORTER_LABEL = "EXPORTER-Channel-Binding";
  private static final int EXPORTER_BYTES = 32;

  private final @Nullable X509Certificate ours;
  private final byte @Nullable [] exporter;

  /// @param ours the certificate that the client was shown
  /// @param suite null if it is none of ours
  /// @param exporterSecret RFC 8446 §7.5; empty if it is not known; needed no longer
  ChannelBindings(@Nullable X509Certificate ours, @Nullable Suite suite, byte[] exporterSecret) {
    this.ours = ours;
    this.exporter = suite == null ? null : exporter(suite, exporterSecret);
  }

  /// Whether there is no way to bind it.
  public boolean isEmpty() {
    return ours == null && exporter == null;
  }

  /// What a client that binds the channel in this way shows; null if it cannot be bound so.
  ///
  /// @param type as registered: `tls-exporter`
  public byte @Nullable [] of(String type) {
    return switch (type) {
      case "tls-exporter" -> exporter == null ? null : exporter.clone();
      case "tls-server-end-point" -> serverEndPoint();
      default -> null;
    };
  }

  private static byte @Nullable [] exporter(Suite suite, byte[] exporterSecret) {
    if (exporterSecret.length != suite.secretBytes) {
      return null;
    }
    Primitives primitives = Primitives.of(suite);
    byte[] empty = primitives.hashOfNothing;
    byte[] secret = primitives.expand(exporterSecret, EXPORTER_LABEL, empty, suite.secretBytes);
    byte[] exporter = primitives.expand(secret, "exporter", empty, EXPORTER_BYTES);
    Arrays.fill(secret, (byte) 0);
    return exporter;
  }

  private byte @Nullable [] serverEndPoint() {
    X509Certificate certificate = ours;
    String hash = certificate == null ? null : hashOf(certificate);
    if (certificate == null || hash == null) {
      return null;
    }
    try {
      return MessageDigest.getInstance(hash).digest(certificate.getEncoded());
    } catch (GeneralSecurityException _) {
      return null; // a hash that this JDK does not know
    }
  }

  /// The hash of the certificate's signature, but never a weaker one than SHA-256; null if it has none of its own (Ed25519).
  private static @Nullable String hashOf(X509Certificate certificate) {
    String algorithm = certificate.getSigAlgName();
    if (algorithm.equals("RSASSA-PSS")) {
      return pssHash(certificate.getSigAlgName(), certificate.getSigAlgParams());
    }
    int with = algorithm.indexOf("with");
    return with < 0
        ? null
        : switch (algorithm.substring(0, with)) {
          case "MD5", "SHA1", "SHA256" -> "SHA-256";
          case "SHA224" -> "SHA-224";
          case "SHA384" -> "SHA-384";
          case "SHA512" -> "SHA-512";
          default -> null;
        };
  }

  private static @Nullable String pssHash(String algorithm, byte @Nullable [] encoded) {
    try {
      AlgorithmParameters parameters = AlgorithmParameters.getInstance(algorithm);
      parameters.init(encoded);
      String hash = parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm();
      return hash.equals("SHA-1") ? "SHA-256" : hash;
    } catch (GeneralSecurityException | java.io.IOException _) {
      return null;
    }
  }
}
