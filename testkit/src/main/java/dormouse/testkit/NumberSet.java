package dormouse.testkit;

import java.util.SortedSet;
import java.util.TreeSet;

/// Sets of numbers as IMAP writes them, without `*` (RFC 9051 §9, sequence-set).
final class NumberSet {
  private NumberSet() {}

  /// The numbers of `1:3,7`.
  static SortedSet<Long> of(String text) {
    var numbers = new TreeSet<Long>();
    for (String range : text.split(",", -1)) {
      String[] ends = range.split(":", -1);
      long one = Long.parseLong(ends[0]);
      long other = Long.parseLong(ends[ends.length - 1]);
      for (long number = Math.min(one, other); number <= Math.max(one, other); number++) {
        numbers.add(number);
      }
    }
    return numbers;
  }
}
