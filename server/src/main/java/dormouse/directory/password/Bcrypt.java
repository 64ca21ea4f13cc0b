package dormouse.directory.password;

import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.jspecify.annotations.Nullable;

/// bcrypt: `$2y$10$…`, also `$2a$` and `$2b$`. As everywhere, only the first 72 bytes of a password count. Immutable; any
/// thread.
record Bcrypt(String text) implements StoredPassword {
  private static final Pattern FORM =
      Pattern.compile("\\$2[aby]\\$(0[4-9]|1\\d|20)\\$[./A-Za-z0-9]{53}");

  static @Nullable Bcrypt parse(String text) {
    return FORM.matcher(text).matches() ? new Bcrypt(text) : null;
  }

  @Override
  public boolean matches(byte[] password) {
    return OpenBSDBCrypt.checkPassword(text, password);
  }

  @Override
  public String toString() {
    return "Bcrypt[hidden]";
  }
}
