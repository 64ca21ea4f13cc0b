package dormouse.testkit;

/// What a server said that it must not say.
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1;

  Violation(String message) {
    super(message);
  }
}
