package dormouse.tls;

import dormouse.config.KeyFile;
import dormouse.config.PemCertificates;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads certificates and private keys as operators have them: PEM (RFC 7468), keys as a [KeyFile]. Pure functions but for the files.
final class PemFiles {
  private static final List<String> KEY_ALGORITHMS = List.of("RSA", "EC", "Ed25519");

  /// A file that is not what it should be. The message is what the operator reads behind the setting's name.
  static class BadFile extends Exception {
    private static final long serialVersionUID = 1;

    BadFile(String message) {
      super(message);
    }
  }

  /// A file that is there, but cannot be read just now, as without a descriptor: nobody knows whether it is what it should be.
  static final class Unreadable extends BadFile {
    private static final long serialVersionUID = 1;

    private Unreadable(String message) {
      super(message);
    }
  }

  private PemFiles() {}

  /// The certificates of a file, at least one, in its order.
  static List<X509Certificate> certificates(Path file) throws BadFile {
    String text = new String(read(file), StandardCharsets.ISO_8859_1);
    try {
      List<X509Certificate> all = PemCertificates.in(text);
      if (!all.isEmpty()) {
        return all;
      }
    } catch (CertificateException e) {
      throw new BadFile(
          "wanted certificates in PEM, but " + file + " is damaged: " + e.getMessage());
    }
    throw new BadFile("wanted certificates in PEM, but there are none in " + file);
  }

  /// The lists of revoked certificates of a file, at least one.
  static List<X509CRL> revoked(Path file) throws BadFile {
    byte[] bytes = read(file);
    try {
      List<X509CRL> lists =
          CertificateFactory.getInstance("X.509")
              .generateCRLs(new ByteArrayInputStream(bytes))
              .stream()
              .map(X509CRL.class::cast)
              .toList();
      if (!lists.isEmpty()) {
        return lists;
      }
    } catch (CRLException | CertificateException e) {
      throw new BadFile(
          "wanted lists of revoked certificates in PEM, but "
              + file
              + " is damaged: "
              + e.getMessage());
    }
    throw new BadFile("wanted lists of revoked certificates in PEM, but there are none in " + file);
  }

  /// The first private key of a file, which fits the certificate.
  ///
  /// @param passphrases a file of pass phrases, one of which opens the key; null: it is in clear
  static PrivateKey key(Path file, @Nullable Path passphrases, X509Certificate certificate)
      throws BadFile {
    try {
      return key(KeyFile.read(file, passphrases), file, certificate);
    } catch (KeyFile.Unread e) {
      throw new Unreadable(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new BadFile(String.valueOf(e.getMessage()));
    }
  }

  /// The same of one that was read.
  static PrivateKey key(KeyFile.Clear read, Path file, X509Certificate certificate) throws BadFile {
    PublicKey publicKey = certificate.getPublicKey();
    try {
      byte[] der = read.der();
      PrivateKey key = decode(read.pkcs8() ? der : asPkcs8(der, publicKey), publicKey);
      if (names(der, publicKey) || fits(key, publicKey)) {
        return key;
      }
    } catch (GeneralSecurityException e) {
      throw new BadFile("wanted a private key in PEM, but the one in " + file + " is damaged");
    }
    throw new BadFile("the key in " + file + " does not fit the certificate");
  }

  /// All of a file.
  static byte[] read(Path file) throws BadFile {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new BadFile("there is no file " + file);
    } catch (AccessDeniedException e) {
      throw new Unreadable("Dormouse may not read " + file);
    } catch (IOException e) {
      throw new Unreadable("cannot read " + file + ": " + e.getMessage());
    }
  }

  private static PrivateKey decode(byte[] pkcs8, PublicKey like) throws GeneralSecurityException {
    GeneralSecurityException first = null;
    for (String algorithm : KEY_ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      } catch (GeneralSecurityException e) {
        first = algorithm.equals(like.getAlgorithm()) || first == null ? e : first;
      }
    }
    throw first == null ? new GeneralSecurityException("no algorithm") : first;
  }

  /// Whether a key on a curve says itself whose it is, as most do (RFC 5915 §3): its public point stands in it as in the certificate. Then no signature is
  /// needed to find out, which takes a JVM that has just begun a second of the processor.
  private static boolean names(byte[] der, PublicKey publicKey) {
    byte[] info = publicKey.getEncoded(); // SEQUENCE { SEQUENCE algorithm, BIT STRING }
    int start = contentStart(info, 0);
    int end = contentStart(info, start) + contentLength(info, start);
    if (!publicKey.getAlgorithm().equals("EC") || der.length < info.length - end) {
      return false;
    }
    byte[] point = Arrays.copyOfRange(info, end, info.length);
    for (int i = 0; i <= der.length - point.length; i++) {
      if (Arrays.equals(der, i, i + point.length, point, 0, point.length)) {
        return true;
      }
    }
    return false;
  }

  private static boolean fits(PrivateKey key, PublicKey publicKey) throws GeneralSecurityException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> "Ed25519";
        };
    byte[] probe = {1, 2, 3};
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(probe);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(probe);
      return signature.verify(signed);
    } catch (java.security.InvalidKeyException | java.security.SignatureException e) {
      return false; // of another algorithm or curve
    }
  }

  /// A key in its algorithm's own form (RFC 8017 A.1.2, RFC 5915 §3) becomes PKCS#8 (RFC 5208 §5): version, algorithm, key. The
  /// algorithm with its curve is the one of the certificate's public key, if the key fits it at all.
  private static byte[] asPkcs8(byte[] der, PublicKey publicKey) {
    byte[] info = publicKey.getEncoded(); // SEQUENCE { SEQUENCE algorithm, BIT STRING }
    int start = contentStart(info, 0);
    int end = contentStart(info, start) + contentLength(info, start);
    var content = new ByteArrayOutputStream();
    content.writeBytes(new byte[] {2, 1, 0});
    content.write(info, start, end - start);
    content.writeBytes(element(4, der));
    return element(0x30, content.toByteArray());
  }

  private static byte[] element(int tag, byte[] content) {
    var element = new ByteArrayOutputStream();
    element.write(tag);
    if (content.length < 128) {
      element.write(content.length);
    } else {
      element.writeBytes(
          new byte[] {
            (byte) 0x82, (byte) (content.length >> 8), (byte) content.length
          }); // a key is shorter than 64 KiB
    }
    element.writeBytes(content);
    return element.toByteArray();
  }

  private static int contentStart(byte[] der, int at) {
    int length = der[at + 1] & 0xff;
    return at + 2 + (length < 128 ? 0 : length & 0x7f);
  }

  private static int contentLength(byte[] der, int at) {
    int length = der[at + 1] & 0xff;
    if (length < 128) {
      return length;
    }
    int sum = 0;
    for (int i = 0; i < (length & 0x7f); i++) {
      sum = (sum << 8) | (der[at + 2 + i] & 0xff);
    }
    return sum;
  }
}
