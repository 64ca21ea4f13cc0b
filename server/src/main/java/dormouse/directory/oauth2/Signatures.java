package dormouse.directory.oauth2;

import dormouse.config.TokenAlgorithm;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// Signatures of JSON Web Tokens (RFC 7518 §3, RFC 8037) and the keys for them, by the JDK's cryptography. Pure functions.
final class Signatures {
  private static final int LEAST_RSA_BITS = 2048;
  private static final int ED25519_BYTES = 32;

  private Signatures() {}

  /// Whether a signature is of this key; never if the key is not one for the algorithm.
  static boolean verify(TokenAlgorithm algorithm, PublicKey key, byte[] message, byte[] signature) {
    if (!fits(algorithm, key)) {
      return false;
    }
    try {
      Signature verifier = signature(algorithm);
      verifier.initVerify(key);
      verifier.update(message);
      return verifier.verify(signature);
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  private static boolean fits(TokenAlgorithm algorithm, PublicKey key) {
    return switch (algorithm) {
      case RS256, RS384, RS512, PS256, PS384, PS512 -> key instanceof RSAPublicKey;
      case ES256 -> bits(key) == 256;
      case ES384 -> bits(key) == 384;
      case ES512 -> bits(key) == 521;
      case EDDSA -> key.getAlgorithm().equals("EdDSA");
    };
  }

  private static int bits(PublicKey key) {
    return key instanceof ECPublicKey ec ? ec.getParams().getCurve().getField().getFieldSize() : 0;
  }

  private static Signature signature(TokenAlgorithm algorithm) throws GeneralSecurityException {
    return switch (algorithm) {
      case RS256 -> Signature.getInstance("SHA256withRSA");
      case RS384 -> Signature.getInstance("SHA384withRSA");
      case RS512 -> Signature.getInstance("SHA512withRSA");
      case PS256 -> pss("SHA-256", MGF1ParameterSpec.SHA256, 32);
      case PS384 -> pss("SHA-384", MGF1ParameterSpec.SHA384, 48);
      case PS512 -> pss("SHA-512", MGF1ParameterSpec.SHA512, 64);
      case ES256 -> Signature.getInstance("SHA256withECDSAinP1363Format");
      case ES384 -> Signature.getInstance("SHA384withECDSAinP1363Format");
      case ES512 -> Signature.getInstance("SHA512withECDSAinP1363Format");
      case EDDSA -> Signature.getInstance("Ed25519");
    };
  }

  private static Signature pss(String digest, MGF1ParameterSpec mask, int saltBytes)
      throws GeneralSecurityException {
    Signature signature = Signature.getInstance("RSASSA-PSS");
    signature.setParameter(new PSSParameterSpec(digest, "MGF1", mask, saltBytes, 1));
    return signature;
  }

  /// The public key of a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2); null if it is none that can sign tokens.
  static @Nullable PublicKey key(JsonObject jwk) {
    String type = jwk.text("kty");
    String use = jwk.text("use");
    if (type == null || (use != null && !use.equals("sig"))) {
      return null;
    }
    try {
      return switch (type) {
        case "RSA" -> rsa(jwk);
        case "EC" -> ec(jwk);
        case "OKP" -> ed25519(jwk);
        default -> null;
      };
    } catch (GeneralSecurityException | IllegalArgumentException _) {
      return null;
    }
  }

  private static @Nullable PublicKey rsa(JsonObject jwk) throws GeneralSecurityException {
    BigInteger modulus = number(jwk, "n");
    return modulus.bitLength() < LEAST_RSA_BITS
        ? null
        : KeyFactory.getInstance("RSA")
            .generatePublic(new RSAPublicKeySpec(modulus, number(jwk, "e")));
  }

  private static @Nullable PublicKey ec(JsonObject jwk) throws GeneralSecurityException {
    String curve =
        switch (String.valueOf(jwk.text("crv"))) {
          case "P-256" -> "secp256r1";
          case "P-384" -> "secp384r1";
          case "P-521" -> "secp521r1";
          default -> null;
        };
    if (curve == null) {
      return null;
    }
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec(curve));
    ECPoint point = new ECPoint(number(jwk, "x"), number(jwk, "y"));
    return KeyFactory.getInstance("EC")
        .generatePublic(
            new ECPublicKeySpec(point, parameters.getParameterSpec(ECParameterSpec.class)));
  }

  private static @Nullable PublicKey ed25519(JsonObject jwk) throws GeneralSecurityException {
    byte[] encoded = bytes(jwk, "x");
    if (!"Ed25519".equals(jwk.text("crv")) || encoded.length != ED25519_BYTES) {
      return null;
    }
    byte[] y =
        new byte
            [ED25519_BYTES]; // the last byte's highest bit is x's, the rest y, its least byte first
    for (int i = 0; i < ED25519_BYTES; i++) {
      y[i] = encoded[ED25519_BYTES - 1 - i];
    }
    boolean xIsOdd = (y[0] & 0x80) != 0;
    y[0] &= 0x7f;
    return KeyFactory.getInstance("Ed25519")
        .generatePublic(
            new EdECPublicKeySpec(
                NamedParameterSpec.ED25519, new EdECPoint(xIsOdd, new BigInteger(1, y))));
  }

  private static BigInteger number(JsonObject jwk, String member) {
    return new BigInteger(1, bytes(jwk, member));
  }

  private static byte[] bytes(JsonObject jwk, String member) {
    String text = jwk.text(member);
    if (text == null) {
      throw new IllegalArgumentException(member); // caught above
    }
    return Base64.getUrlDecoder().decode(text);
  }
}
