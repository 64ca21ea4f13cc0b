package dormouse.bench.stack;

import java.util.List;

/// What clients connect to, where it is not the backend itself. Any thread.
interface Front extends AutoCloseable {
  /// IMAP in TLS.
  int tlsPort();

  /// IMAP in the clear.
  int plainPort();

  /// The first process of each of its programs.
  List<Long> pids();

  /// Ends all its processes and starts them again on the same ports: its clients are gone.
  void restart();

  /// Returns when none of its compilers is at work, who take megabytes while they are; after a while all the same.
  default void awaitCompilers() {}

  /// How many bytes of machine code it has compiled by now.
  default long codeBytes() {
    return 0;
  }

  /// What of its memory is room in a heap that it does not need now.
  default long unusedBytes() {
    return 0;
  }

  @Override
  void close();
}
