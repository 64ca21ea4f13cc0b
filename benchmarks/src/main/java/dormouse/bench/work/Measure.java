package dormouse.bench.work;

/// One number that is taken of each stack in each round. Immutable.
///
/// @param workload whose it is
/// @param name what it is
/// @param unit of it
/// @param more whether more is better
public record Measure(String workload, String name, String unit, boolean more) {
  /// One where less is better.
  static Measure less(String workload, String name, String unit) {
    return new Measure(workload, name, unit, false);
  }

  /// One where more is better.
  static Measure more(String workload, String name, String unit) {
    return new Measure(workload, name, unit, true);
  }
}
