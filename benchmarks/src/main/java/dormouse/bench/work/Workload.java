package dormouse.bench.work;

import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import java.util.List;

/// A question to all stacks.
public interface Workload {
  /// As on the command line.
  String name();

  /// What it does and asks, in a sentence or two, for the page.
  String question();

  /// Whom it is put to.
  List<StackKind> stacks();

  /// Whether only one of them may run at a time; else they all do, and take turns round by round.
  default boolean alone() {
    return false;
  }

  /// Seconds between two keep-alives to idle clients.
  default int keepAliveSeconds(Size size) {
    return 120;
  }

  /// Makes the stack ready for the first round.
  Rounds prepare(Bench bench, Stack stack);

  /// One stack's part.
  interface Rounds extends AutoCloseable {
    /// Measures once.
    void round();

    /// Ends its clients.
    @Override
    void close();
  }
}
