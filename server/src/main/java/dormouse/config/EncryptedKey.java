package dormouse.config;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Supplier;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.crypto.Digest;
import org.bouncycastle.crypto.PBEParametersGenerator;
import org.bouncycastle.crypto.digests.SHA1Digest;
import org.bouncycastle.crypto.digests.SHA224Digest;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.digests.SHA384Digest;
import org.bouncycastle.crypto.digests.SHA512Digest;
import org.bouncycastle.crypto.generators.OpenSSLPBEParametersGenerator;
import org.bouncycastle.crypto.generators.PKCS5S2ParametersGenerator;
import org.bouncycastle.crypto.generators.SCrypt;
import org.bouncycastle.crypto.params.KeyParameter;
import org.jspecify.annotations.Nullable;

/// A private key under a pass phrase: PKCS#8 by PBES2 (RFC 8018 §6.2) with PBKDF2 or scrypt (RFC 7914 §7), or OpenSSL's older form
/// (`DEK-Info`). Pass phrases are bytes, as in OpenSSL: the JDK's own PBES2 takes ASCII alone, and no scrypt. Immutable.
final class EncryptedKey {
  /// That it is encrypted by something that is not known here. The message goes on behind "the key in FILE".
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1;

    Unreadable(String message) {
      super(message);
    }
  }

  private static final ASN1ObjectIdentifier SCRYPT =
      new ASN1ObjectIdentifier("1.3.6.1.4.1.11591.4.11");

  /// OpenSSL takes half of it.
  private static final int MOST_SCRYPT_BYTES = 64 << 20;

  private static final int MOST_ITERATIONS = 10_000_000;
  private static final int OLD_SALT_BYTES = 8;

  private static final Map<ASN1ObjectIdentifier, Block> BLOCKS =
      Map.of(
          NISTObjectIdentifiers.id_aes128_CBC, Block.AES_128,
          NISTObjectIdentifiers.id_aes192_CBC, Block.AES_192,
          NISTObjectIdentifiers.id_aes256_CBC, Block.AES_256,
          PKCSObjectIdentifiers.des_EDE3_CBC, Block.DES_EDE3);

  private static final Map<ASN1ObjectIdentifier, Supplier<Digest>> DIGESTS =
      Map.of(
          PKCSObjectIdentifiers.id_hmacWithSHA1, SHA1Digest::new,
          PKCSObjectIdentifiers.id_hmacWithSHA224, SHA224Digest::new,
          PKCSObjectIdentifiers.id_hmacWithSHA256, SHA256Digest::new,
          PKCSObjectIdentifiers.id_hmacWithSHA384, SHA384Digest::new,
          PKCSObjectIdentifiers.id_hmacWithSHA512, SHA512Digest::new);

  /// What encrypts.
  private enum Block {
    AES_128("AES-128-CBC", "AES", 16),
    AES_192("AES-192-CBC", "AES", 24),
    AES_256("AES-256-CBC", "AES", 32),
    DES_EDE3("DES-EDE3-CBC", "DESede", 24);

    private final String openSslName;
    private final String algorithm;
    private final int keyBytes;

    Block(String openSslName, String algorithm, int keyBytes) {
      this.openSslName = openSslName;
      this.algorithm = algorithm;
      this.keyBytes = keyBytes;
    }
  }

  /// How a pass phrase becomes a key.
  private interface Derivation {
    byte[] key(byte[] passphrase, int bytes);
  }

  private final Block block;
  private final Derivation derivation;
  private final byte[] iv;
  private final byte[] encrypted;

  private EncryptedKey(Block block, Derivation derivation, byte[] iv, byte[] encrypted) {
    this.block = block;
    this.derivation = derivation;
    this.iv = iv;
    this.encrypted = encrypted;
  }

  /// @param der `EncryptedPrivateKeyInfo` (RFC 5208 §6)
  static EncryptedKey pkcs8(byte[] der) throws Unreadable {
    try {
      EncryptedPrivateKeyInfo info = EncryptedPrivateKeyInfo.getInstance(der);
      ASN1ObjectIdentifier algorithm = info.getEncryptionAlgorithm().getAlgorithm();
      if (!algorithm.equals(PKCSObjectIdentifiers.id_PBES2)) {
        throw unknown(algorithm.getId());
      }
      PBES2Parameters scheme =
          PBES2Parameters.getInstance(info.getEncryptionAlgorithm().getParameters());
      EncryptionScheme encryption = scheme.getEncryptionScheme();
      Block block = BLOCKS.get(encryption.getAlgorithm());
      if (block == null) {
        throw unknown(encryption.getAlgorithm().getId());
      }
      return new EncryptedKey(
          block,
          derivation(scheme.getKeyDerivationFunc()),
          ASN1OctetString.getInstance(encryption.getParameters()).getOctets(),
          info.getEncryptedData());
    } catch (RuntimeException _) { // Bouncy Castle throws all kinds at what is no such thing
      throw new Unreadable("is damaged");
    }
  }

  /// @param info the value of `DEK-Info`, such as `AES-256-CBC,0123…`
  static EncryptedKey traditional(String info, byte[] encrypted) throws Unreadable {
    int comma = info.indexOf(',');
    String name = comma < 0 ? info : info.substring(0, comma);
    for (Block block : Block.values()) {
      if (block.openSslName.equals(name)) {
        byte[] iv = new byte[0];
        try {
          iv = HexFormat.of().parseHex(info.substring(comma + 1));
        } catch (IllegalArgumentException _) {
          // too short, then
        }
        if (iv.length < OLD_SALT_BYTES) {
          throw new Unreadable("is damaged");
        }
        return new EncryptedKey(block, md5(Arrays.copyOf(iv, OLD_SALT_BYTES)), iv, encrypted);
      }
    }
    throw unknown(name.isEmpty() ? "nothing that it names" : name);
  }

  private static Derivation derivation(KeyDerivationFunc function) throws Unreadable {
    if (function.getAlgorithm().equals(PKCSObjectIdentifiers.id_PBKDF2)) {
      return pbkdf2(PBKDF2Params.getInstance(function.getParameters()));
    }
    if (function.getAlgorithm().equals(SCRYPT)) {
      return scrypt(ASN1Sequence.getInstance(function.getParameters()));
    }
    throw unknown(function.getAlgorithm().getId());
  }

  private static Derivation pbkdf2(PBKDF2Params parameters) throws Unreadable {
    int iterations = atMost(MOST_ITERATIONS, parameters.getIterationCount());
    byte[] salt = parameters.getSalt();
    ASN1ObjectIdentifier hmac = parameters.getPrf().getAlgorithm();
    Supplier<Digest> digest = DIGESTS.get(hmac);
    if (digest == null) {
      throw unknown(hmac.getId());
    }
    return (passphrase, bytes) ->
        key(new PKCS5S2ParametersGenerator(digest.get()), passphrase, salt, iterations, bytes);
  }

  private static Derivation scrypt(ASN1Sequence parameters) throws Unreadable {
    byte[] salt = ASN1OctetString.getInstance(parameters.getObjectAt(0)).getOctets();
    int cost = atMost(MOST_SCRYPT_BYTES, integer(parameters, 1));
    int blockSize = atMost(MOST_SCRYPT_BYTES / 128 / cost, integer(parameters, 2));
    int parallel = atMost(MOST_SCRYPT_BYTES / 128 / blockSize, integer(parameters, 3));
    return (passphrase, bytes) ->
        SCrypt.generate(passphrase, salt, cost, blockSize, parallel, bytes);
  }

  private static BigInteger integer(ASN1Sequence of, int at) {
    return ASN1Integer.getInstance(of.getObjectAt(at)).getValue();
  }

  /// What the file says of the work to do, unless it is out of all reason.
  private static int atMost(int most, BigInteger said) throws Unreadable {
    if (said.signum() <= 0 || said.compareTo(BigInteger.valueOf(most)) > 0) {
      throw new Unreadable("is encrypted with more work than Dormouse does for one");
    }
    return said.intValueExact();
  }

  private static Derivation md5(byte[] salt) {
    return (passphrase, bytes) ->
        key(new OpenSSLPBEParametersGenerator(), passphrase, salt, 1, bytes);
  }

  private static byte[] key(
      PBEParametersGenerator generator, byte[] passphrase, byte[] salt, int iterations, int bytes) {
    generator.init(passphrase, salt, iterations);
    return ((KeyParameter) generator.generateDerivedParameters(bytes * 8)).getKey();
  }

  private static Unreadable unknown(String what) {
    return new Unreadable("is encrypted by " + what + ", which is not known here");
  }

  /// The key in clear, null if the pass phrase is another's.
  byte @Nullable [] open(byte[] passphrase) {
    byte[] key = derivation.key(passphrase, block.keyBytes);
    try {
      Cipher cipher = Cipher.getInstance(block.algorithm + "/CBC/PKCS5Padding");
      cipher.init(
          Cipher.DECRYPT_MODE, new SecretKeySpec(key, block.algorithm), new IvParameterSpec(iv));
      byte[] der = cipher.doFinal(encrypted);
      ASN1Sequence.getInstance(der); // of 256 wrong ones, one pads well
      return der;
    } catch (GeneralSecurityException | RuntimeException _) { // Bouncy Castle throws all kinds
      return null;
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }
}
