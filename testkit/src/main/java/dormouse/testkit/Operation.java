package dormouse.testkit;

import dormouse.testkit.ServerTraits.Quirk;

/// What a client of a [Differential] may do in one step, and how often it does.
enum Operation {
  SELECT(3),
  EXAMINE(1),
  SELECT_AGAIN(1),
  LEAVE(1),
  NOOP(3),
  CHECK(1),
  STATUS(4),
  LIST(3),
  MAILBOX(1),
  CAPABILITY(1),
  FETCH_FLAGS(4),
  FETCH_BODY(4),
  FETCH_CHANGES(2),
  STORE(14),
  APPEND(14),
  COPY(4),
  MOVE(4),
  EXPUNGE(8),
  UID_EXPUNGE(4),
  SEARCH(4),
  SAVE(3),
  USE_SAVED(6),
  NOTIFY(2),
  IDLE(22),
  DONE(6),
  DONE_IDLE(6),
  HEAR(6),
  LOGOUT(1),
  DROP(1),
  /// The server goes and comes back, while clients rest or in the middle of what this one does.
  RESTART(2);

  /// How often, in relation to the others.
  final int weight;

  Operation(int weight) {
    this.weight = weight;
  }

  /// Whether it leaves a client in IDLE where it is.
  boolean staysInIdle() {
    return switch (this) {
      case IDLE, DONE, DONE_IDLE, HEAR, RESTART -> true;
      default -> false;
    };
  }

  /// Whether it can be asked for in a run of this plan.
  boolean suits(DifferentialPlan plan) {
    var traits = plan.traits();
    return !(this == RESTART && plan.outage() == null)
        && !(traits.has(Quirk.NO_IDLE) && staysInIdle())
        && !(traits.has(Quirk.NO_MOVE) && this == MOVE)
        && !(traits.has(Quirk.DELETE_FAILS) && this == MAILBOX);
  }
}
