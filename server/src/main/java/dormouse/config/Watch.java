package dormouse.config;

/// How changes of sleeping mailboxes are heard of where no feed tells of them.
public enum Watch {
  /// With least connections: by NOTIFY for users with three sleeping mailboxes or more, else by IDLE, as the backend can.
  AUTO,
  /// By NOTIFY, on one connection a user, where the backend can; else as AUTO.
  NOTIFY,
  /// On one connection a mailbox, in IDLE.
  IDLE,
  /// By a look now and then, and no connection between.
  POLL
}
