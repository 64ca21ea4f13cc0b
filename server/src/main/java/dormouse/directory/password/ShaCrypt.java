package dormouse.directory.password;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// crypt(3) with SHA-512 (`$6$`) or SHA-256 (`$5$`), by Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512". Immutable;
/// any thread.
///
/// The password, its salt and a first digest of both are stirred: each round digests the round before it together with two
/// sequences, one as long as the password and one as long as the salt, in an order that the round's number says.
@SuppressWarnings("ArrayRecordComponent") // compared as text alone
record ShaCrypt(boolean sha512, int rounds, byte[] salt, String hash) implements StoredPassword {
  private static final int USUAL_ROUNDS = 5000;
  private static final int FEWEST_ROUNDS = 1000;
  private static final int MOST_ROUNDS = 10_000_000;
  private static final String ALPHABET =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  private static final Pattern FORM =
      Pattern.compile(
          "\\$(?<kind>[56])\\$(?:rounds=(?<rounds>\\d{1,9})\\$)?(?<salt>[^$]{0,16})[^$]*\\$(?<hash>[./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})");

  static @Nullable ShaCrypt parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return null;
    }
    boolean sha512 = form.group("kind").equals("6");
    String rounds = form.group("rounds");
    int asked = rounds == null ? USUAL_ROUNDS : Integer.parseInt(rounds);
    if (form.group("hash").length() != (sha512 ? 86 : 43) || asked > MOST_ROUNDS) {
      return null;
    }
    return new ShaCrypt(
        sha512,
        Math.max(FEWEST_ROUNDS, asked),
        form.group("salt").getBytes(StandardCharsets.UTF_8),
        form.group("hash"));
  }

  @Override
  public boolean matches(byte[] password) {
    byte[] computed = encode(crypt(password)).getBytes(StandardCharsets.US_ASCII);
    return StoredPassword.same(hash.getBytes(StandardCharsets.US_ASCII), computed);
  }

  private byte[] crypt(byte[] password) {
    MessageDigest digest = Primitives.digest(sha512 ? "SHA-512" : "SHA-256");
    byte[] first = first(digest, password);
    byte[] ofPassword = repeated(digest, password, password.length, password.length);
    byte[] ofSalt = repeated(digest, salt, 16 + (first[0] & 0xff), salt.length);
    byte[] last = first;
    for (int round = 0; round < rounds; round++) {
      boolean odd = (round & 1) != 0;
      digest.update(odd ? ofPassword : last);
      if (round % 3 != 0) {
        digest.update(ofSalt);
      }
      if (round % 7 != 0) {
        digest.update(ofPassword);
      }
      digest.update(odd ? last : ofPassword);
      last = digest.digest();
    }
    Arrays.fill(ofPassword, (byte) 0);
    return last;
  }

  private byte[] first(MessageDigest digest, byte[] password) {
    digest.update(password);
    digest.update(salt);
    digest.update(password);
    byte[] other = digest.digest();
    digest.update(password);
    digest.update(salt);
    digest.update(stretched(other, password.length));
    for (int bits = password.length; bits > 0; bits >>= 1) {
      digest.update((bits & 1) != 0 ? other : password);
    }
    return digest.digest();
  }

  /// A digest of `bytes`, so many `times`, stretched to a length.
  private static byte[] repeated(MessageDigest digest, byte[] bytes, int times, int length) {
    for (int i = 0; i < times; i++) {
      digest.update(bytes);
    }
    return stretched(digest.digest(), length);
  }

  private static byte[] stretched(byte[] block, int length) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(length + block.length);
    while (out.size() < length) {
      out.writeBytes(block);
    }
    return Arrays.copyOf(out.toByteArray(), length);
  }

  /// Takes three bytes at a time from three thirds of the digest, whose turn goes round.
  private String encode(byte[] digest) {
    StringBuilder text = new StringBuilder();
    int third = digest.length / 3;
    int a = 0;
    int b = third;
    int c = 2 * third;
    for (int i = 0; i < third; i++) {
      append(text, digest[a], digest[b], digest[c], 4);
      int nextA = (sha512 ? b : c) + 1;
      int nextB = (sha512 ? c : a) + 1;
      c = (sha512 ? a : b) + 1;
      a = nextA;
      b = nextB;
    }
    if (sha512) {
      append(text, (byte) 0, (byte) 0, digest[63], 2);
    } else {
      append(text, (byte) 0, digest[31], digest[30], 3);
    }
    return text.toString();
  }

  private static void append(StringBuilder text, byte high, byte middle, byte low, int letters) {
    int bits = (high & 0xff) << 16 | (middle & 0xff) << 8 | (low & 0xff);
    for (int i = 0; i < letters; i++, bits >>= 6) {
      text.append(ALPHABET.charAt(bits & 0x3f));
    }
  }

  @Override
  public String toString() {
    return "ShaCrypt[hidden]";
  }
}
