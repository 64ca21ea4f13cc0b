package dormouse.bench.stack;

import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;

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

  /// The same once what they took is given back.
  ///
  /// @param most how long it waits for that
  /// @return whether it is
  default boolean awaitCompilersGone(Duration most) {
    return true;
  }

  /// How many bytes of machine code it has compiled by now.
  default long codeBytes() {
    return 0;
  }

  /// Collects what it does not need; from then on tells how much of its memory is room in a heap for that, in the moment in which it is asked.
  default LongSupplier unusedBytes() {
    return () -> 0;
  }

  @Override
  void close();
}
