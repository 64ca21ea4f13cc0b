package dormouse.auth;

/// What became of an attempt to log in. Immutable.
public sealed interface LoginResult {

  /// The client is who it says, and has a backend.
  record Accepted() implements LoginResult {}

  /// The client's fault, or the account's: trying the same again will not help.
  ///
  /// @param code a response code of RFC 5530 §3 without brackets: AUTHENTICATIONFAILED, AUTHORIZATIONFAILED, EXPIRED,
  ///     PRIVACYREQUIRED, CONTACTADMIN, LIMIT
  /// @param text for a human to read; never of our insides
  record Rejected(String code, String text) implements LoginResult {}

  /// The directory wants the client to come again later, and does not say that anything it has shown is wrong.
  ///
  /// @param code by which refusals pass: UNAVAILABLE, INUSE, SERVERBUG, LIMIT
  /// @param text for a human to read
  record PutOff(String code, String text) implements LoginResult {}

  /// Nobody could decide: not the client's fault, and trying again later can help.
  record Unavailable(Cause cause) implements LoginResult {}

  /// Why nobody could decide; for the operator, never for the client.
  enum Cause {
    /// No connection to the backend.
    UNREACHABLE,
    /// The backend did not answer in time.
    SLOW,
    /// The backend's certificate is not what we trust.
    UNTRUSTED,
    /// The backend answered, and wants nobody now: BYE, `[UNAVAILABLE]`, too many connections.
    REFUSED,
    /// The backend wants no more of this user now: `[LIMIT]`, `[INUSE]`.
    BUSY,
    /// The user has as many connections as the settings allow. The password was right.
    FULL,
    /// The client has passed through too many proxies: somebody passes it round in a circle.
    LOOP,
    /// So many wait for the backend that no more may, or the wait took too long.
    CROWDED,
    /// The directory cannot tell who the client is.
    DIRECTORY,
    /// The directory names a backend that the settings do not have, or facts that do not go together.
    MISROUTED
  }
}
