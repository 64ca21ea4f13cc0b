package dormouse.auth;

import dormouse.directory.Proof;
import dormouse.directory.password.ScramVerifier;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Our side of SCRAM-SHA-256 behind the client's first message (RFC 5802 §3, §5.1). One object a login; no I/O. Messages are one
/// char a byte.
final class ScramServer {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String HMAC = "HmacSHA256";
  private static final Pattern FINAL = // `*+`: no stack for each extension
      Pattern.compile(
          "(?<unproven>c=(?<binding>[A-Za-z0-9+/=]+),r=(?<nonce>[!-+\\x2d-~]+)(?:,[A-Za-z&&[^p]]=[^,]*)*+),p=(?<proof>[A-Za-z0-9+/=]+)");

  private final Proof.Scram first;
  private final ScramVerifier verifier;
  private final String nonce;
  private final String serverFirst;

  ScramServer(Proof.Scram first, ScramVerifier verifier) {
    this(first, verifier, newNonce());
  }

  /// @param ourNonce what nobody has said before
  ScramServer(Proof.Scram first, ScramVerifier verifier, String ourNonce) {
    this.first = first;
    this.verifier = verifier;
    this.nonce = first.nonce() + ourNonce;
    this.serverFirst =
        "r=" + nonce + ",s=" + base64(verifier.salt()) + ",i=" + verifier.iterations();
  }

  private static String newNonce() {
    byte[] random = new byte[18];
    RANDOM.nextBytes(random);
    return base64(random);
  }

  /// What the client is asked.
  byte[] challenge() {
    return bytes(serverFirst);
  }

  /// What proves to the client that we know its verifier; `null` if the client does not know its password.
  ///
  /// @param answer of the client to the challenge
  byte @Nullable [] signature(byte[] answer) {
    Matcher last = FINAL.matcher(new String(answer, StandardCharsets.ISO_8859_1));
    if (!last.matches() || !last.group("nonce").equals(nonce)) {
      return null;
    }
    byte[] binding = decode(last.group("binding"));
    byte[] proof = decode(last.group("proof"));
    if (binding == null
        || proof == null
        || !MessageDigest.isEqual(binding, bytes(first.binding()))) {
      return null;
    }
    byte[] message = bytes(first.bare() + "," + serverFirst + "," + last.group("unproven"));
    byte[] clientKey = hmac(verifier.storedKey(), message);
    if (proof.length != clientKey.length) {
      return null;
    }
    for (int i = 0; i < proof.length; i++) {
      clientKey[i] ^= proof[i];
    }
    return MessageDigest.isEqual(sha256(clientKey), verifier.storedKey())
        ? bytes("v=" + base64(hmac(verifier.serverKey(), message)))
        : null;
  }

  private static byte @Nullable [] decode(String text) {
    try {
      return Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] hmac(byte[] key, byte[] message) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      return mac.doFinal(message);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(HMAC, e); // every JDK has it
    }
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256", e); // every JDK has it
    }
  }
}
