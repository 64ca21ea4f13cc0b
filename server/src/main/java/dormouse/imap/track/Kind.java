package dormouse.imap.track;

/// What a backend's line begins with.
public enum Kind {
  /// `a1 OK …`: the end of a command.
  TAGGED,
  /// `+ …`: go on.
  CONTINUATION,
  OK,
  NO,
  BAD,
  BYE,
  PREAUTH,
  CAPABILITY,
  ENABLED,
  FLAGS,
  /// `* n EXISTS`
  EXISTS,
  /// `* n RECENT`
  RECENT,
  /// `* n EXPUNGE`
  EXPUNGE,
  /// `* n FETCH (…)`
  FETCH,
  VANISHED,
  SEARCH,
  ESEARCH,
  SORT,
  THREAD,
  LIST,
  LSUB,
  STATUS,
  NAMESPACE,
  ID,
  /// Everything else.
  OTHER;

  /// Whether [ResponseTracker] holds such a line until it is whole, and asks its listener what to do with it.
  public boolean held() {
    return compareTo(FETCH) < 0;
  }

  /// Whether it ends in text for humans, where `{3}` means nothing.
  public boolean isStatus() {
    return compareTo(CAPABILITY) < 0;
  }

  /// Whether a number comes before the word.
  boolean numbered() {
    return switch (this) {
      case EXISTS, RECENT, EXPUNGE, FETCH -> true;
      default -> false;
    };
  }
}
