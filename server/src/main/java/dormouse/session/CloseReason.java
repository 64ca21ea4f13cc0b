package dormouse.session;

/// Why a session ended: the same word in the log, in `dormouse_closes_total{reason}` and in the docs.
public enum CloseReason {
  /// The client said LOGOUT. All is well.
  CLIENT_LOGOUT("client-logout"),
  /// The client closed its connection, or it broke. All is well: phones do it all day.
  CLIENT_GONE("client-gone"),
  /// The client did not log in in time. A few are scanners; many are a slow or dead authentication backend.
  LOGIN_TIMEOUT("login-timeout"),
  /// The client sent nonsense too often. Many from one address: a scanner.
  TOO_MANY_ERRORS("too-many-errors"),
  /// The client's logins were refused too often, or the directory wants no further try. Many from one address: somebody guesses
  /// passwords, unless the directory puts everybody off (`result=put-off`).
  LOGINS_REFUSED("logins-refused"),
  /// More clients were waiting with their login than `limits.before-login`, this one longest. Many: somebody opens connections
  /// and says nothing.
  CROWDED_OUT("crowded-out"),
  /// The TLS handshake failed. A few are scanners and old clients; all of them is a wrong or expired certificate.
  TLS_FAILED("tls-failed"),
  /// The client broke the protocol where we cannot go on, as with an endless line. Look at what client it is.
  PROTOCOL_ERROR("protocol-error"),
  /// The client did not read what we sent for too long. Its network is bad; many at once: ours is.
  SLOW_CLIENT("slow-client"),
  /// The client was silent outside IDLE for longer than the protocol grants it. All is well.
  IDLE_TIMEOUT("idle-timeout"),
  /// The backend of an attached session closed, said BYE or broke. Look at the backend's log at that time.
  BACKEND_GONE("backend-gone"),
  /// No backend could be had, at login or in time for a waking client. Look whether the backend is up and reachable.
  BACKEND_UNAVAILABLE("backend-unavailable"),
  /// The backend refused the login of a waking session: the account was locked or its password changed meanwhile.
  LOGIN_REFUSED_AT_WAKE("login-refused-at-wake"),
  /// The directory, asked again, lets the user of a sleeping session in no more.
  DIRECTORY_REFUSED_AT_WAKE("directory-refused-at-wake"),
  /// The selected mailbox was deleted, renamed or made anew while the session slept, or is large and has lost its mod-sequences. The client
  /// starts over by itself; many without anybody's doing: the backend lost its UIDVALIDITY.
  MAILBOX_CHANGED("mailbox-changed"),
  /// What the backend tells of the mailbox cannot follow from what the client knows. The client starts over by itself; worth
  /// a look at the backend's indexes, and a report to us.
  VIEW_INCONSISTENT("view-inconsistent"),
  /// An administrator has sent the user away.
  KICKED("kicked"),
  /// Dormouse is stopping.
  SHUTDOWN("shutdown"),
  /// Our fault. The log has the exception beside it; please report it.
  INTERNAL_ERROR("internal-error");

  private final String label;

  CloseReason(String label) {
    this.label = label;
  }

  /// The word in logs, metrics and docs.
  public String label() {
    return label;
  }
}
