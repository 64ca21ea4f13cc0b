package dormouse.feed;

/// How far a feed, or all feeds of a backend, can be relied upon.
public enum FeedState {
  /// Nothing was ever heard: nobody knows whether anything would be.
  UNHEARD,
  /// What changes is told.
  UP,
  /// What changes may not be told.
  DOWN
}
