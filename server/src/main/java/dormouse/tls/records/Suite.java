package dormouse.tls.records;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.spec.AlgorithmParameterSpec;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import org.jspecify.annotations.Nullable;

/// The cipher suites that Dormouse offers: those of TLS 1.3 (RFC 8446 §B.4), and those of TLS 1.2 with the same ciphers and forward secrecy (RFC 5289,
/// RFC 7905). Immutable.
enum Suite {
  AES_128_GCM(0x1301, "TLS_AES_128_GCM_SHA256", "AES", "AES/GCM/NoPadding", 16, "HmacSHA256", 32),
  AES_256_GCM(0x1302, "TLS_AES_256_GCM_SHA384", "AES", "AES/GCM/NoPadding", 32, "HmacSHA384", 48),
  CHACHA20_POLY1305(
      0x1303,
      "TLS_CHACHA20_POLY1305_SHA256",
      "ChaCha20",
      "ChaCha20-Poly1305",
      32,
      "HmacSHA256",
      32),
  ECDHE_ECDSA_AES_128_GCM(0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", AES_128_GCM),
  ECDHE_ECDSA_AES_256_GCM(0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", AES_256_GCM),
  ECDHE_RSA_AES_128_GCM(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", AES_128_GCM),
  ECDHE_RSA_AES_256_GCM(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", AES_256_GCM),
  ECDHE_RSA_CHACHA20_POLY1305(
      0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA20_POLY1305),
  ECDHE_ECDSA_CHACHA20_POLY1305(
      0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA20_POLY1305);

  static final int IV_BYTES = 12;
  static final int TAG_BYTES = 16;
  private static final int SALT_BYTES = 4; // RFC 5288 §3

  final short code;
  final String standardName;
  final String keyAlgorithm;
  final int keyBytes;
  final String macAlgorithm;

  /// Of what [Protection] keeps for a direction: TLS 1.3's traffic secret, or TLS 1.2's key and what is fixed of its nonces.
  final int secretBytes;

  /// Of a nonce, that go with each record in the clear.
  final int explicitNonceBytes;

  /// What sealing adds to a record.
  final int overheadBytes;

  private final boolean ofTls12;
  private final boolean chaCha20;
  private final String hashAlgorithm;
  private final String transformation;

  Suite(
      int code,
      String standardName,
      String keyAlgorithm,
      String transformation,
      int keyBytes,
      String macAlgorithm,
      int secretBytes) {
    this.code = (short) code;
    this.standardName = standardName;
    this.keyAlgorithm = keyAlgorithm;
    this.transformation = transformation;
    this.keyBytes = keyBytes;
    this.macAlgorithm = macAlgorithm;
    this.secretBytes = secretBytes;
    this.explicitNonceBytes = 0;
    this.overheadBytes = Protection.HEADER_BYTES + 1 + TAG_BYTES;
    this.ofTls12 = false;
    this.chaCha20 = keyAlgorithm.equals("ChaCha20");
    this.hashAlgorithm = macAlgorithm.replace("HmacSHA", "SHA-");
  }

  /// One of TLS 1.2 with the cipher and the hash of one of TLS 1.3.
  Suite(int code, String standardName, Suite like) {
    this.code = (short) code;
    this.standardName = standardName;
    this.keyAlgorithm = like.keyAlgorithm;
    this.transformation = like.transformation;
    this.keyBytes = like.keyBytes;
    this.macAlgorithm = like.macAlgorithm;
    this.chaCha20 = like.chaCha20;
    int fixed = chaCha20 ? IV_BYTES : SALT_BYTES;
    this.explicitNonceBytes = IV_BYTES - fixed;
    this.secretBytes = like.keyBytes + fixed;
    this.overheadBytes = Protection.HEADER_BYTES + explicitNonceBytes + TAG_BYTES;
    this.ofTls12 = true;
    this.hashAlgorithm = like.hashAlgorithm;
  }

  /// The suite of this name, as the JDK has it; null if it is none of these.
  static @Nullable Suite named(String standardName) {
    for (Suite suite : values()) {
      if (suite.standardName.equals(standardName)) {
        return suite;
      }
    }
    return null;
  }

  /// The suite of this number, as TLS has it.
  static Suite of(short code) {
    for (Suite suite : values()) {
      if (suite.code == code) {
        return suite;
      }
    }
    throw new IllegalArgumentException("suite " + code);
  }

  /// Whether it is one of TLS 1.2: records tell their types, and keys have no successors.
  boolean ofTls12() {
    return ofTls12;
  }

  AlgorithmParameterSpec nonce(byte[] nonce) {
    return chaCha20 ? new IvParameterSpec(nonce) : new GCMParameterSpec(8 * TAG_BYTES, nonce);
  }

  Cipher newCipher() {
    try {
      return Cipher.getInstance(transformation);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + transformation, e);
    }
  }

  byte[] hash(byte[] of) {
    try {
      return MessageDigest.getInstance(hashAlgorithm).digest(of);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + hashAlgorithm, e);
    }
  }

  Mac newMac() {
    try {
      return Mac.getInstance(macAlgorithm);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + macAlgorithm, e);
    }
  }
}
