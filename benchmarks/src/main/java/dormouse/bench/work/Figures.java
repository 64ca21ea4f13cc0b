package dormouse.bench.work;

import dormouse.bench.load.Latencies;
import dormouse.bench.stack.StackKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All that was measured: for each measure and stack a number a round; and curves. Any thread adds; it is read when a workload has ended.
public final class Figures {
  private static final int FEWEST = 200; // of which a 99th percentile is more than their most

  private final Map<Measure, Map<StackKind, List<Double>>> numbers = new LinkedHashMap<>();
  private final Map<String, Map<StackKind, Latencies>> latencies = new LinkedHashMap<>();
  private final Map<Measure, Map<StackKind, Latencies>> pooled = new LinkedHashMap<>();
  private final Map<Measure, Map<StackKind, List<Double>>> few = new LinkedHashMap<>(); // of them
  private final Map<Measure, Map<StackKind, Double>> together = new LinkedHashMap<>();
  private final Map<String, List<String>> notes = new LinkedHashMap<>();

  /// Least, middle and most of some rounds.
  ///
  /// @param median or what all rounds have together, where that was taken
  public record Spread(double min, double median, double max) {
    static Spread of(List<Double> rounds) {
      double[] sorted = rounds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      int half = sorted.length / 2;
      double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
      return new Spread(sorted[0], median, sorted[sorted.length - 1]);
    }

    /// The same around what all have together.
    Spread around(double together) {
      return new Spread(Math.min(min, together), together, Math.max(max, together));
    }
  }

  /// How Dormouse stands beside the peer with the best median.
  ///
  /// @param best empty where all peers are below the noise
  /// @param peer its numbers
  /// @param ratio its number over the peer's, each round apart; empty where a number is not above 0, as small differences of memory may be
  public record Standing(
      Measure measure,
      Optional<StackKind> best,
      Optional<Spread> peer,
      Spread own,
      Optional<Spread> ratio) {
    /// Whether a peer is better.
    public boolean behind() {
      return ratio.isPresent()
          && (measure.more() ? ratio.get().median < 1 : ratio.get().median > 1);
    }

    /// Whether Dormouse is; neither is where both are the same.
    public boolean ahead() {
      return ratio.isPresent()
          && (measure.more() ? ratio.get().median > 1 : ratio.get().median < 1);
    }
  }

  /// Adds the number of one more round.
  public synchronized void add(Measure measure, StackKind stack, double number) {
    numbers
        .computeIfAbsent(measure, _ -> new EnumMap<>(StackKind.class))
        .computeIfAbsent(stack, _ -> new ArrayList<>())
        .add(number);
  }

  /// Puts the one number of all rounds so far in the place of that of fewer.
  synchronized void put(Measure measure, StackKind stack, double number) {
    numbers
        .computeIfAbsent(measure, _ -> new EnumMap<>(StackKind.class))
        .put(stack, new ArrayList<>(List.of(number)));
  }

  /// Adds the times of one more round to a measure that is one percentile of all rounds' together, between the least and the most of each alone; it has no number while they
  /// are too few.
  public synchronized void pool(Measure measure, StackKind stack, double percent, Latencies more) {
    Latencies all =
        pooled
            .computeIfAbsent(measure, _ -> new EnumMap<>(StackKind.class))
            .computeIfAbsent(stack, _ -> new Latencies());
    all.add(more);
    List<Double> rounds =
        few.computeIfAbsent(measure, _ -> new EnumMap<>(StackKind.class))
            .computeIfAbsent(stack, _ -> new ArrayList<>());
    rounds.add(more.millis(percent));
    if (all.count() >= FEWEST) {
      numbers.computeIfAbsent(measure, _ -> new EnumMap<>(StackKind.class)).put(stack, rounds);
      together
          .computeIfAbsent(measure, _ -> new EnumMap<>(StackKind.class))
          .put(stack, all.millis(percent));
    }
  }

  /// Adds to the curve of a workload.
  synchronized void addAll(String curve, StackKind stack, Latencies more) {
    latencies
        .computeIfAbsent(curve, _ -> new EnumMap<>(StackKind.class))
        .computeIfAbsent(stack, _ -> new Latencies())
        .add(more);
  }

  /// Adds what a reader of this workload's figures must know.
  public synchronized void note(String workload, String note) {
    List<String> all = notes.computeIfAbsent(workload, _ -> new ArrayList<>());
    if (!all.contains(note)) {
      all.add(note);
    }
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

  /// Empty if it was not measured.
  public Optional<Spread> spread(Measure measure, StackKind stack) {
    List<Double> rounds = of(measure).getOrDefault(stack, List.of());
    if (rounds.isEmpty()) {
      return Optional.empty();
    }
    Spread spread = Spread.of(rounds);
    return Optional.of(together(measure, stack).map(spread::around).orElse(spread));
  }

  /// What all rounds have together, where it is not the median of what each has.
  public Optional<Double> together(Measure measure, StackKind stack) {
    return Optional.ofNullable(together.getOrDefault(measure, Map.of()).get(stack));
  }

  /// The best median of all peers, but for those whose median is below the noise: less than nothing is nobody's figure. Empty if there is none.
  public Optional<StackKind> bestPeer(Measure measure) {
    Comparator<StackKind> upwards =
        Comparator.comparingDouble(each -> spread(measure, each).orElseThrow().median);
    return of(measure).keySet().stream()
        .filter(each -> !each.isDormouse() && spread(measure, each).orElseThrow().median >= 0)
        .min(measure.more() ? upwards.reversed() : upwards);
  }

  /// Empty if no Dormouse or no peer was measured.
  public Optional<Standing> standing(Measure measure) {
    Optional<Spread> own = spread(measure, StackKind.DORMOUSE);
    boolean alone = of(measure).keySet().stream().allMatch(StackKind::isDormouse);
    if (own.isEmpty() || alone || !measure.judged()) {
      return Optional.empty();
    }
    Optional<StackKind> best = bestPeer(measure);
    return Optional.of(
        new Standing(
            measure,
            best,
            best.flatMap(peer -> spread(measure, peer)),
            own.get(),
            best.flatMap(peer -> ratio(measure, peer))));
  }

  /// Dormouse's number over this peer's, each round apart; empty if there is none, or a number is not above 0.
  public Optional<Spread> ratio(Measure measure, StackKind to) {
    List<Double> own = of(measure).getOrDefault(StackKind.DORMOUSE, List.of());
    List<Double> peer = of(measure).getOrDefault(to, List.of());
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(own.size(), peer.size()); i++) {
      if (own.get(i) <= 0 || peer.get(i) <= 0) {
        return Optional.empty();
      }
      ratios.add(own.get(i) / peer.get(i));
    }
    if (ratios.isEmpty()) {
      return Optional.empty();
    }
    Spread spread = Spread.of(ratios);
    return Optional.of(
        together(measure, StackKind.DORMOUSE)
            .flatMap(mine -> together(measure, to).map(theirs -> spread.around(mine / theirs)))
            .orElse(spread));
  }
}
