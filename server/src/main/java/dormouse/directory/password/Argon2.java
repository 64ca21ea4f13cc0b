package dormouse.directory.password;

import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.jspecify.annotations.Nullable;

/// Argon2id and Argon2i (RFC 9106) in their usual form: `$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH`. Immutable; any thread.
@SuppressWarnings("ArrayRecordComponent") // a secret is never compared as a record
record Argon2(Argon2Parameters parameters, byte[] hash) implements StoredPassword {
  private static final int MOST_KIB = 1 << 20;
  private static final int MOST_PASSES = 100;
  private static final int MOST_LANES = 64;
  private static final Pattern FORM =
      Pattern.compile(
          "\\$argon2(?<type>id|i)(?:\\$v=(?<version>16|19))?\\$m=(?<kib>\\d{1,7}),t=(?<passes>\\d{1,3}),p=(?<lanes>\\d{1,2})"
              + "\\$(?<salt>[A-Za-z0-9+/]{8,128})\\$(?<hash>[A-Za-z0-9+/]{16,172})");

  static @Nullable Argon2 parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return null;
    }
    int kib = Integer.parseInt(form.group("kib"));
    int passes = Integer.parseInt(form.group("passes"));
    int lanes = Integer.parseInt(form.group("lanes"));
    if (kib > MOST_KIB || passes < 1 || passes > MOST_PASSES || lanes < 1 || lanes > MOST_LANES) {
      return null;
    }
    try {
      int type =
          form.group("type").equals("id") ? Argon2Parameters.ARGON2_id : Argon2Parameters.ARGON2_i;
      int version =
          "19".equals(form.group("version"))
              ? Argon2Parameters.ARGON2_VERSION_13
              : Argon2Parameters.ARGON2_VERSION_10;
      return new Argon2(
          new Argon2Parameters.Builder(type)
              .withVersion(version)
              .withMemoryAsKB(kib)
              .withIterations(passes)
              .withParallelism(lanes)
              .withSalt(Base64.getDecoder().decode(form.group("salt")))
              .build(),
          Base64.getDecoder().decode(form.group("hash")));
    } catch (IllegalArgumentException | IllegalStateException _) {
      return null;
    }
  }

  @Override
  public boolean matches(byte[] password) {
    Argon2BytesGenerator generator = new Argon2BytesGenerator();
    generator.init(parameters);
    byte[] computed = new byte[hash.length];
    generator.generateBytes(password, computed);
    return StoredPassword.same(hash, computed);
  }

  @Override
  public String toString() {
    return "Argon2[hidden]";
  }
}
