package dormouse.testkit;

/// A server that can go and come back, and whoever stands before it. Any thread.
public interface Outage {
  /// Waits a moment for all clients to sleep that can: whether they all do.
  boolean allAsleep();

  /// The server goes, and is back when this returns.
  ///
  /// @param killed whether it goes without a word
  void happen(boolean killed);
}
