package dormouse.bench.work;

import dormouse.bench.stack.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Whether a front that does the same again and again still needs less of the processors for it than before, as one does whose code is compiled
/// while it runs. What is behind it does not count: most of a login's time is Dovecot's, and hides what changes before it. Lives on the thread
/// of the run.
final class Steadiness {
  /// Slices of what was compiled before it was started.
  static final int FEW = 4;

  /// Slices of a virtual machine: a method that runs once in each thing done is compiled anew after thousands of them, and what is done comes
  /// cheaper so slowly that fewer slices do not show it.
  static final int MANY = 20;

  private static final double NO_LESS = 0.97; // of the slices before
  private static final double COMPILING = 0.05; // of the front's time

  private record Slice(double front, double compilers, long count) {}

  private final int together;
  private final List<Slice> slices = new ArrayList<>();

  /// @param together slices that are looked at together, for one alone tells little: [#FEW] or [#MANY]
  Steadiness(int together) {
    this.together = together;
  }

  /// One more slice.
  ///
  /// @param used in it
  /// @param count how often it was done
  void add(Usage used, long count) {
    slices.add(new Slice(used.front(), used.compilers(), Math.max(1, count)));
  }

  /// Whether the last slices took no less for each of what was done than those before, and next to nothing was compiled meanwhile.
  boolean steady() {
    return slices.size() >= 2 * together && change() >= NO_LESS && compiling() <= COMPILING;
  }

  /// How steady it is, in words, for the page.
  String told() {
    return slices.size() < 2 * together
        ? "too little was seen of it"
        : String.format(
            Locale.ROOT,
            "its front's CPU was %.2f of before, %.0f %% of it compilers'",
            change(),
            100 * compiling());
  }

  /// What the last slices took for each, of what those before took.
  private double change() {
    int last = slices.size() - together;
    double before = each(slices.subList(last - together, last));
    return before > 0 ? each(slices.subList(last, slices.size())) / before : 1;
  }

  private double compiling() {
    List<Slice> last = slices.subList(slices.size() - together, slices.size());
    double front = last.stream().mapToDouble(Slice::front).sum();
    return front > 0 ? last.stream().mapToDouble(Slice::compilers).sum() / front : 0;
  }

  private static double each(List<Slice> some) {
    return some.stream().mapToDouble(Slice::front).sum()
        / some.stream().mapToLong(Slice::count).sum();
  }
}
