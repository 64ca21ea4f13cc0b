package dormouse;

import org.jspecify.annotations.Nullable;

/// Dormouse cannot start, or not go on with other settings: the message says to the operator what has stood in the way first; all that would is told by [NamedFiles#why].
public final class StartFault extends Exception {
  private static final long serialVersionUID = 1;

  /// @param cause what has failed; null if nothing has
  StartFault(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
