package dormouse.bench.work;

/// One number that is taken of each stack in each round. Immutable.
///
/// @param workload whose it is
/// @param name what it is
/// @param unit of it
/// @param more whether more is better
/// @param judged whether a stack is better for it, or it only tells what others are made of, or how they were taken
public record Measure(String workload, String name, String unit, boolean more, boolean judged) {
  /// One where less is better.
  static Measure less(String workload, String name, String unit) {
    return new Measure(workload, name, unit, false, true);
  }

  /// One that only explains others.
  static Measure aside(String workload, String name, String unit) {
    return new Measure(workload, name, unit, false, false);
  }

  /// One where more is better.
  static Measure more(String workload, String name, String unit) {
    return new Measure(workload, name, unit, true, true);
  }
}
