package dormouse.directory.password;

/// A password in clear, which alone can serve every mechanism. Immutable; any thread.
@SuppressWarnings("ArrayRecordComponent") // a secret is never compared as a record
public record ClearPassword(byte[] bytes) implements StoredPassword {
  @Override
  public boolean matches(byte[] password) {
    return StoredPassword.same(bytes, password);
  }

  @Override
  public String toString() {
    return "ClearPassword[hidden]";
  }
}
