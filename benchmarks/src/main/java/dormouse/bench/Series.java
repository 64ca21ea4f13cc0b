package dormouse.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// One figure of every round. Lives on the thread that measures.
final class Series {
  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  void addAll(Series more) {
    values.addAll(more.values);
  }

  /// What each of its rounds is to the same round of another.
  Series dividedBy(Series other) {
    Series ratios = new Series();
    for (int i = 0; i < values.size(); i++) {
      ratios.add(values.get(i) / other.values.get(i));
    }
    return ratios;
  }

  /// Least, median and most.
  String text(String format) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return (format + " – " + format + " – " + format)
        .formatted(sorted.getFirst(), sorted.get(sorted.size() / 2), sorted.getLast());
  }
}
