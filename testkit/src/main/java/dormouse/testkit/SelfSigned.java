package dormouse.testkit;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.security.auth.x500.X500Principal;

/// A certificate for localhost and 127.0.0.1 that signs itself. Made in this process, for keytool takes a second each time.
/// Immutable.
///
/// @param store PKCS #12, alias `server`, password [#PASSWORD]
/// @param certificate PEM; also the CA file for who wants to verify it
/// @param key PEM, PKCS #8, not encrypted
public record SelfSigned(Path store, Path certificate, Path key) {
  /// The password of the PKCS #12 store.
  public static final String PASSWORD = "changeit";

  private static final X500Principal NAME = new X500Principal("CN=localhost");
  private static final Duration VALID = Duration.ofDays(3650);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  // ASN.1 (X.690)
  private static final int INTEGER = 2;
  private static final int BIT_STRING = 3;
  private static final int OCTET_STRING = 4;
  private static final int UTC_TIME = 0x17;
  private static final int SEQUENCE = 0x30;
  private static final int VERSION = 0xa0;
  private static final int EXTENSIONS = 0xa3;
  private static final int DNS_NAME = 0x82;
  private static final int ADDRESS = 0x87;
  private static final byte[] ECDSA_WITH_SHA256 = HexFormat.of().parseHex("06082a8648ce3d040302");
  private static final byte[] SUBJECT_ALTERNATIVE_NAME = HexFormat.of().parseHex("0603551d11");

  /// Makes one in this directory.
  public static SelfSigned in(Path directory) {
    var made =
        new SelfSigned(
            directory.resolve("tls.p12"),
            directory.resolve("tls-cert.pem"),
            directory.resolve("tls-key.pem"));
    try {
      var generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair keys = generator.generateKeyPair();
      byte[] certificate = certificate(keys);
      pem(made.certificate, "CERTIFICATE", certificate);
      pem(made.key, "PRIVATE KEY", keys.getPrivate().getEncoded());
      var store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "server",
          keys.getPrivate(),
          PASSWORD.toCharArray(),
          new Certificate[] {
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(certificate))
          });
      try (var out = Files.newOutputStream(made.store)) {
        store.store(out, PASSWORD.toCharArray());
      }
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// RFC 5280 §4.1
  private static byte[] certificate(KeyPair keys) throws GeneralSecurityException {
    Instant now = Instant.now();
    byte[] algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
    byte[] serial = new BigInteger(64, new SecureRandom()).toByteArray();
    byte[] names =
        der(
            SEQUENCE,
            der(DNS_NAME, "localhost".getBytes(StandardCharsets.US_ASCII)),
            der(ADDRESS, new byte[] {127, 0, 0, 1}));
    byte[] extension = der(SEQUENCE, SUBJECT_ALTERNATIVE_NAME, der(OCTET_STRING, names));
    byte[] signed =
        der(
            SEQUENCE,
            der(VERSION, der(INTEGER, new byte[] {2})),
            der(INTEGER, serial),
            algorithm,
            NAME.getEncoded(),
            der(SEQUENCE, time(now), time(now.plus(VALID))),
            NAME.getEncoded(),
            keys.getPublic().getEncoded(),
            der(EXTENSIONS, der(SEQUENCE, extension)));
    var signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(keys.getPrivate());
    signature.update(signed);
    byte[] noBitUnused = {0};
    return der(SEQUENCE, signed, algorithm, der(BIT_STRING, noBitUnused, signature.sign()));
  }

  private static byte[] time(Instant at) {
    return der(UTC_TIME, TIME.format(at).getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] der(int tag, byte[]... parts) {
    var content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    var whole = new ByteArrayOutputStream();
    whole.write(tag);
    int length = content.size();
    if (length > 0xff) {
      whole.write(0x82);
      whole.write(length >> 8);
    } else if (length > 0x7f) {
      whole.write(0x81);
    }
    whole.write(length);
    whole.writeBytes(content.toByteArray());
    return whole.toByteArray();
  }

  /// Handshakes as the server over a connected socket, which the returned one then owns.
  SSLSocket over(Socket socket) throws IOException {
    try {
      var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(
          KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray()), PASSWORD.toCharArray());
      var context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      var tls = (SSLSocket) context.getSocketFactory().createSocket(socket, null, true);
      tls.setUseClientMode(false);
      tls.startHandshake();
      return tls;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void pem(Path file, String type, byte[] bytes) throws IOException {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    Files.writeString(
        file, "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n");
  }
}
