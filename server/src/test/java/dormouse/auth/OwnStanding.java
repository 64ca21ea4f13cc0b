package dormouse.auth;

import dormouse.directory.Proof;
import java.util.List;

/// What is kept of logins, for tests elsewhere.
public final class OwnStanding {
  private OwnStanding() {}

  /// Of a user who has shown a password, and may come from everywhere.
  ///
  /// @param place where the directory has sent it
  public static Standing of(String user, String place, long askedMillis) {
    return new Standing(
        user, user, "", Proof.Kind.PASSWORD, "http", place, List.of(), null, askedMillis);
  }
}
