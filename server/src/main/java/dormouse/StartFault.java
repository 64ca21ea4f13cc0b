package dormouse;

/// Dormouse cannot start: the message says to the operator what is wrong, all faults at once, a line each.
public final class StartFault extends Exception {
  private static final long serialVersionUID = 1;

  StartFault(String message, Throwable cause) {
    super(message, cause);
  }
}
