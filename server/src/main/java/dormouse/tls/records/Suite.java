package dormouse.tls.records;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.spec.AlgorithmParameterSpec;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import org.jspecify.annotations.Nullable;

/// The cipher suites of TLS 1.3 that Dormouse offers (RFC 8446 §B.4). Immutable.
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
      32);

  static final int IV_BYTES = 12;
  static final int TAG_BYTES = 16;

  final short code;
  final String standardName;
  final String keyAlgorithm;
  final int keyBytes;
  final String macAlgorithm;
  final int secretBytes;
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
  }

  /// The suite of this name, as in RFC 8446 §B.4; null if it is none of TLS 1.3's.
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

  AlgorithmParameterSpec nonce(byte[] nonce) {
    return this == CHACHA20_POLY1305
        ? new IvParameterSpec(nonce)
        : new GCMParameterSpec(8 * TAG_BYTES, nonce);
  }

  Cipher newCipher() {
    try {
      return Cipher.getInstance(transformation);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + transformation, e);
    }
  }

  byte[] hash(byte[] of) {
    String algorithm = secretBytes == 48 ? "SHA-384" : "SHA-256";
    try {
      return MessageDigest.getInstance(algorithm).digest(of);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks " + algorithm, e);
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
