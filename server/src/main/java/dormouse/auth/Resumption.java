package dormouse.auth;

import dormouse.config.Network;
import dormouse.route.Route;
import dormouse.route.Wanted;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the directory says of a user who has logged in before ([Logins#askAgain]).
public sealed interface Resumption {
  /// The user may go on.
  ///
  /// @param user by the one name
  /// @param wanted what decides who serves it
  /// @param route who that is now
  /// @param credentials whose login at the backend it is, and whose mail; the receiver's own, to wipe
  /// @param renewed whether they hold what to log in with; else nobody has said anything new of that
  /// @param from the networks from which alone it may come; empty: from everywhere
  /// @param refresh how old this may get; null: as usual
  record Goes(
      String user,
      Wanted wanted,
      Route route,
      Credentials credentials,
      boolean renewed,
      List<Network> from,
      @Nullable Duration refresh)
      implements Resumption {}

  /// Nobody can tell without what the client had shown: all is as it was.
  record Stays() implements Resumption {}

  /// The user is let in no more.
  ///
  /// @param text for the client; may be empty
  record Refused(String text) implements Resumption {}

  /// Nobody can tell now; another try may help.
  record Unknown(LoginResult.Cause cause) implements Resumption {}
}
