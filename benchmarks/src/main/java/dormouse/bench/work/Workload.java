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

  /// Seconds between two keep-alives to idle clients: so many that none comes, where it does not matter.
  default int keepAliveSeconds(Size size) {
    return 120;
  }

  /// How long to look on after each round; 0 for not at all.
  default int watchSeconds(Size size) {
    return 0;
  }

  /// How many clients each stack has for as long as it runs, where that is more than some hundreds. Stacks whose clients one process cannot have all
  /// together come one after the other.
  default int clients(Size size) {
    return 0;
  }

  /// How many rounds it takes.
  default int rounds(Size size) {
    return size.rounds();
  }

  /// Makes the stack ready to be warmed up. All stacks are prepared at the same time; then they are warmed up one after the other, and then they
  /// take turns, round by round.
  Rounds prepare(Bench bench, Stack stack);

  /// One stack's part.
  interface Rounds extends AutoCloseable {
    /// Does what is to be measured until whatever compiles or fills up at first has done so, while the other stacks do nothing.
    default void warmUp() {}

    /// Measures once, while the other stacks do nothing.
    void round();

    /// Begins to look on, after each round, while nobody does anything for [Workload#watchSeconds]; returns what ends it.
    default Runnable watch() {
      return () -> {};
    }

    /// Ends its clients.
    @Override
    void close();
  }
}
