package dormouse.bench.compare;

import dormouse.bench.load.Faults;
import dormouse.bench.load.Load;
import dormouse.bench.stack.AtEnd;
import dormouse.bench.stack.Scratch;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Bench;
import dormouse.bench.work.Figures;
import dormouse.bench.work.Workload;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Dormouse beside its peers, in one run.
/// ```text
/// ./bench [--tiny | --quick | --full] [--stacks nginx,dormouse…] [WORKLOAD…]
/// ```
/// A round of each stack in turn, so that a busy machine troubles all alike. Prints a table for each workload; a run of everything, where all of it is installed, writes `docs/benchmarks.md` as well. The exit code is 1 if any client of Dormouse heard a byte that
/// it should not, was cut off or never told, or if it fell out of a workload for such a reason; never because of time alone: what came late, and who fell out for it, is told. What clients of peers heard is told as well.
public final class Compare {
  private static final Path JAR = Path.of("server/target/dormouse.jar");
  private static final Path DOCS = Path.of("docs");
  private static final Path TARGET = Path.of("benchmarks/target");

  private final Options options;
  private final PrintStream out;
  private final Figures figures = new Figures();
  private final Map<StackKind, Faults> faults = new ConcurrentSkipListMap<>();

  Compare(Options options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  public static void main(String... arguments)
      throws IOException, InterruptedException, ExecutionException {
    Locale.setDefault(Locale.ROOT);
    Options options;
    try {
      options = Options.of(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n" + Options.USAGE);
      System.exit(2);
      return;
    }
    List<String> missing =
        options.stacks().stream().filter(each -> !each.installed()).map(StackKind::title).toList();
    boolean whole = options.whole() && missing.isEmpty();
    if (!missing.isEmpty()) {
      System.err.printf("Not installed: %s. %s stays as it is.%n", missing, DOCS);
      if (missing.size() == options.stacks().size()) {
        System.exit(2);
      }
    }
    System.exit(new Compare(options, System.out).run(JAR, whole ? DOCS : TARGET) ? 0 : 1);
  }

  /// Whether all answers were right.
  ///
  /// @param jar Dormouse
  /// @param folder for the page and what belongs to it
  boolean run(Path jar, Path folder) throws IOException, InterruptedException, ExecutionException {
    Machine machine = Machine.now();
    long begin = System.nanoTime();
    try (Scratch scratch = Scratch.create();
        Load load = new Load(2)) {
      Bench bench = new Bench(load, options.size(), figures, faults);
      ExecutorService threads = Executors.newFixedThreadPool(options.size().workloadsAtOnce());
      try (threads) {
        List<Callable<Object>> all = new ArrayList<>();
        for (Workload each : options.workloads()) {
          all.add(Executors.callable(() -> run(each, bench, scratch, jar)));
        }
        for (Future<?> each : threads.invokeAll(all)) {
          each.get();
        }
      }
    }
    if (AtEnd.begun()) {
      return false;
    }
    out.printf("%n%s%n", Page.standings(options.workloads(), figures));
    Page page =
        new Page(options, machine, figures, (System.nanoTime() - begin) / 1_000_000_000, faults);
    page.write(folder);
    faults.forEach((kind, wrong) -> {
      wrong.first().forEach(fault -> out.printf("WRONG, %s: %s%n", kind.title(), fault));
      wrong.firstLate().forEach(late -> out.printf("LATE, %s: %s%n", kind.title(), late));
      out.printf("%s: %d wrong answers, %d late%n", kind.title(), wrong.count(), wrong.lateCount());
    });
    return right();
  }

  private void run(Workload workload, Bench bench, Scratch scratch, Path jar) {
    long since = System.nanoTime();
    new Turns(workload, bench, scratch, jar).run(options.stacks());
    synchronized (out) {
      out.printf("%n%s", Page.section(workload, figures, ""));
      out.printf("(%s took %d s)%n", workload.name(), (System.nanoTime() - since) / 1_000_000_000);
      out.flush();
    }
  }

  /// Nobody is to blame here for what a peer says.
  private boolean right() {
    return faults.entrySet().stream()
        .noneMatch(each -> each.getKey().isDormouse() && each.getValue().count() > 0);
  }
}
