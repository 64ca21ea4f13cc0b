package dormouse;

/// Dormouse cannot start, or not go on with other settings: the message says to the operator what has stood in the way first; all that would is told by [NamedFiles#why].
public final class StartFault extends Exception {
  private static final long serialVersionUID = 1;

  StartFault(String message) {
    super(message);
  }

  StartFault(String message, Throwable cause) {
    super(message, cause);
  }
}
