package dormouse.auth;

import dormouse.route.Route;
import dormouse.route.Wanted;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What was decided on an attempt to log in, before any backend was asked.
public sealed interface LoginDecision {

  /// The client may go on to a backend, which has the last word.
  ///
  /// @param user the user's one name; limits, logs and the event loop go by it
  /// @param wanted what decides who serves the user
  /// @param route who that is now
  /// @param credentials what to log in with there; the receiver's own, to wipe
  /// @param forwarded what the backend is told of the user, by name
  /// @param byMaster whether the backend's master user logs the user in, because nobody knows a password: then the credentials hold
  ///     none
  /// @param proven whether there is nothing left for the backend to decide: the client does not know what it is asked with
  /// @param standing by which the directory can be asked again; null if it could say nothing then
  record Admitted(
      String user,
      Wanted wanted,
      Route route,
      Credentials credentials,
      Map<String, String> forwarded,
      boolean byMaster,
      boolean proven,
      @Nullable Standing standing)
      implements LoginDecision {
    /// The same at another backend, with the same credentials.
    public Admitted at(Wanted elsewhere, Route there) {
      return new Admitted(
          user, elsewhere, there, credentials, forwarded, byMaster, proven, standing);
    }
  }

  /// The client is not let in.
  ///
  /// @param last whether the connection is closed with that
  record Refused(LoginResult result, boolean last) implements LoginDecision {}
}
