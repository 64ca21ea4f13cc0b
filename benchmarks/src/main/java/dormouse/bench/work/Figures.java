package dormouse.bench.work;

import dormouse.bench.load.Latencies;
import dormouse.bench.stack.StackKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All that was measured: for each measure and stack a number a round; and curves. Any thread adds; it is read when a workload has ended.
public final class Figures {
  private final Map<Measure, Map<StackKind, List<Double>>> numbers = new LinkedHashMap<>();
  private final Map<String, Map<StackKind, Latencies>> latencies = new LinkedHashMap<>();
  private final Map<String, List<String>> notes = new LinkedHashMap<>();

  /// Least, middle and most of some rounds.
  public record Spread(double min, double median, double max) {
    static Spread of(List<Double> rounds) {
      double[] sorted = rounds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      return new Spread(sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
    }
  }

  /// How Dormouse stands beside the peer with the best median.
  ///
  /// @param ratio its number over the peer's, each round apart
  public record Standing(Measure measure, StackKind best, Spread peer, Spread own, Spread ratio) {
    /// Whether a peer is better.
    public boolean behind() {
      return measure.more() ? ratio.median < 1 : ratio.median > 1;
    }
  }

  /// Adds the number of one more round.
  synchronized void add(Measure measure, StackKind stack, double number) {
    numbers
        .computeIfAbsent(measure, _ -> new EnumMap<>(StackKind.class))
        .computeIfAbsent(stack, _ -> new ArrayList<>())
        .add(number);
  }

  /// Adds to the curve of a workload.
  synchronized void addAll(String curve, StackKind stack, Latencies more) {
    latencies
        .computeIfAbsent(curve, _ -> new EnumMap<>(StackKind.class))
        .computeIfAbsent(stack, _ -> new Latencies())
        .add(more);
  }

  /// Adds what a reader of this workload's figures must know.
  synchronized void note(String workload, String note) {
    notes.computeIfAbsent(workload, _ -> new ArrayList<>()).add(note);
  }

  public synchronized List<String> notes(String workload) {
    return notes.getOrDefault(workload, List.of());
  }

  public synchronized List<Measure> measures(String workload) {
    return numbers.keySet().stream().filter(each -> each.workload().equals(workload)).toList();
  }

  public Map<StackKind, List<Double>> of(Measure measure) {
    return numbers.getOrDefault(measure, Map.of());
  }

  public Map<String, Map<StackKind, Latencies>> latencies() {
    return latencies;
  }

  public static Spread spread(List<Double> rounds) {
    return Spread.of(rounds);
  }

  /// The best median of all peers; empty if there is none.
  public Optional<StackKind> bestPeer(Measure measure) {
    Comparator<Map.Entry<StackKind, List<Double>>> upwards =
        Comparator.comparingDouble(each -> Spread.of(each.getValue()).median);
    return of(measure).entrySet().stream()
        .filter(each -> !each.getKey().isDormouse())
        .min(measure.more() ? upwards.reversed() : upwards)
        .map(Map.Entry::getKey);
  }

  /// Empty if no Dormouse or no peer was measured, or a number is not above 0, as small differences of memory may be.
  public Optional<Standing> standing(Measure measure) {
    Map<StackKind, List<Double>> all = of(measure);
    List<Double> own = all.getOrDefault(StackKind.DORMOUSE, List.of());
    Optional<StackKind> best = bestPeer(measure);
    if (own.isEmpty() || best.isEmpty() || !measure.judged()) {
      return Optional.empty();
    }
    List<Double> peer = all.getOrDefault(best.get(), List.of());
    double[] ratios = new double[Math.min(own.size(), peer.size())];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = own.get(i) / peer.get(i);
    }
    if (Arrays.stream(ratios).anyMatch(ratio -> !Double.isFinite(ratio) || ratio <= 0)) {
      return Optional.empty();
    }
    return Optional.of(
        new Standing(
            measure,
            best.get(),
            Spread.of(peer),
            Spread.of(own),
            Spread.of(Arrays.stream(ratios).boxed().toList())));
  }
}
