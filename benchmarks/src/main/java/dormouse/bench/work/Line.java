package dormouse.bench.work;

import java.util.List;
import java.util.Optional;

/// The straight line that is nearest to some points, by least squares: what a thing costs each time, apart from what it costs anyway. Immutable.
///
/// @param begin its height at 0
/// @param slope how much it rises for each
record Line(double begin, double slope) {
  /// @param x of how many
  /// @param y what they cost together
  record Point(double x, double y) {}

  /// Empty if the points are fewer than two, or one above the other.
  static Optional<Line> through(List<Point> points) {
    double x = points.stream().mapToDouble(Point::x).average().orElse(0);
    double y = points.stream().mapToDouble(Point::y).average().orElse(0);
    double both = 0;
    double square = 0;
    for (Point each : points) {
      both += (each.x - x) * (each.y - y);
      square += (each.x - x) * (each.x - x);
    }
    if (square == 0) {
      return Optional.empty();
    }
    double slope = both / square;
    return Optional.of(new Line(y - slope * x, slope));
  }
}
