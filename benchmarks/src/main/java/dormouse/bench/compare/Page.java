package dormouse.bench.compare;

import dormouse.bench.load.Faults;
import dormouse.bench.stack.Scratch;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Figures;
import dormouse.bench.work.Figures.Spread;
import dormouse.bench.work.Figures.Standing;
import dormouse.bench.work.Measure;
import dormouse.bench.work.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/// What a run has to say, in Markdown: the top of `docs/benchmarks.md`, down to the mark; what stands below stays.
///
/// @param seconds how long the run took
record Page(
    Options options,
    Machine machine,
    Figures figures,
    long seconds,
    Map<StackKind, Faults> faults) {
  private static final String MARK = "<!-- above: written by ./bench -->\n";
  private static final String FILE = "benchmarks.md";
  private static final String NOISE = "below the noise";

  /// Writes the page, its plots and `benchmarks.json` into this folder.
  void write(Path folder) throws IOException {
    Path plots = Files.createDirectories(folder.resolve("benchmarks"));
    List<String> drawn = Plots.write(figures, plots);
    Files.writeString(plots.resolve("benchmarks.json"), Json.of(this));
    Path page = folder.resolve(FILE);
    String below = "";
    if (Files.exists(page)) {
      String old = Files.readString(page);
      int mark = old.indexOf(MARK);
      below = mark < 0 ? old : old.substring(mark + MARK.length());
    }
    Files.writeString(page, text(drawn) + MARK + below);
  }

  private String text(List<String> plots) {
    StringBuilder text = new StringBuilder();
    text.append("# What it costs, beside its peers\n\n");
    text.append(
        """
        Written by `%s` (%s form, %d rounds, %d minutes) at `%s`; `./bench` repeats it, `./bench NAME` one part.

        Machine: %s, %d GiB, %s; its load was %s when the run began. %s.%s

        Each stack has a Dovecot of its own behind it (Maildir%s, `mail_fsync = never`; hibernating: `imap_hibernate_timeout = 1s`; behind Dormouse with its events), one certificate (P-256), \
        TLS 1.3 with X25519 (perdition: P-256, which it is asked for behind that) and one cipher for all, the one that the client likes most, a worker a core; nginx's front includes its auth daemon, others have none; Dormouse is started by `packaging/dormouse` after `dormouse train`, with the JVM's own heap%s; it hibernates after 1 s of silence and keeps no connection for longer than that, or never hibernates (attached), or lends it to who shows the password that the backend has taken within that second (lending), or asks the backend about a password once in a day (trusting). All stacks of a workload run beside each other and take \
        turns, round by round, but one after the other where one process cannot be the clients of all (**storm** and **mixed** of the full form); client, front and back share the machine. Each cell is the median of all rounds and, behind it in brackets, the least and the most, where it is not of all rounds together; \
        memory is Pss, which divides what processes have in common among them, as Dovecot's programs among all stacks, and the JVM's library between Dormouse and the load client; **×** is the ratio to the best peer, and the last column is Dormouse's to that of Dovecot with nothing before it. A 99th percentile is that of all rounds together, where they are 200 times or more, and beside it the least and the most of each round's own (of less than a hundred times their longest); what never ended well, or not in time, is in none, but told here. What was \
        just started is so but once a run. Every line that a client heard was compared with what it had to be, and every byte of a message. Wrong answers: %s; late: %s.

        How much of everything (`Size`, which says what each is): %s.
        """
            .formatted(
                options.line(),
                options.size().name(),
                options.size().rounds(),
                Math.ceilDiv(seconds, 60),
                machine.commit(),
                machine.processor(),
                machine.memory(),
                machine.system(),
                machine.load(),
                String.join(", ", machine.versions()),
                machine.note().isEmpty() ? "" : " " + machine.note() + ".",
                Scratch.inMemory() ? " in a file system in memory" : "",
                options.javaOptions().isEmpty() ? "" : " and `" + options.javaOptions() + "`",
                told(Faults::count),
                told(Faults::lateCount),
                options.size().told().entrySet().stream()
                    .map(each -> each.getKey() + " " + each.getValue())
                    .collect(Collectors.joining(", "))));
    text.append('\n').append(standings(options.workloads(), figures));
    for (Workload each : options.workloads()) {
      text.append('\n').append(section(each, figures, plot(plots, each)));
    }
    return text.append('\n').toString();
  }

  /// How many of these there were, whose.
  String told(ToLongFunction<Faults> what) {
    String all =
        faults.entrySet().stream()
            .filter(each -> what.applyAsLong(each.getValue()) > 0)
            .map(each -> what.applyAsLong(each.getValue()) + " of " + each.getKey().title())
            .collect(Collectors.joining(", "));
    return all.isEmpty() ? "none" : all;
  }

  private static String plot(List<String> plots, Workload workload) {
    StringBuilder text = new StringBuilder();
    plots.stream()
        .filter(name -> name.startsWith(workload.name()))
        .forEach(name -> text.append("![%s](benchmarks/%s)\n\n".formatted(name, name)));
    return text.toString();
  }

  /// Where a peer is better, and where Dormouse is.
  static String standings(List<Workload> workloads, Figures figures) {
    List<Standing> all = new ArrayList<>();
    for (Workload each : workloads) {
      figures
          .measures(each.name())
          .forEach(measure -> figures.standing(measure).ifPresent(all::add));
    }
    return "## Where a peer is ahead\n\n"
        + standings(all.stream().filter(Standing::behind).toList())
        + "\n## Where Dormouse is ahead\n\n"
        + standings(all.stream().filter(Standing::ahead).toList())
        + "\n"
        + "## Where there is no ratio\n\n"
        + "For a figure is not above 0, in a round at least: less than could be measured.\n\n"
        + standings(all.stream().filter(one -> one.ratio().isEmpty()).toList());
  }

  private static String standings(List<Standing> all) {
    StringBuilder text =
        new StringBuilder(
            "| workload | measure | best peer | its figure | Dormouse | ratio: min / median / max"
                + " |\n"
                + "|---|---|---|---|---|---|\n");
    for (Standing each : all) {
      text.append(
          "| %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  each.measure().workload(),
                  title(each.measure()),
                  each.best().map(StackKind::title).orElse("all of them"),
                  each.peer().map(peer -> figure(peer.median())).orElse(NOISE),
                  figure(each.own().median()),
                  each.ratio().map(Page::ratio).orElse("")));
    }
    return text.toString();
  }

  private static String ratio(Spread spread) {
    if (spread.min() == spread.max()) { // of all rounds together
      return "**" + number(spread.median()) + "**";
    }
    return "%s / **%s** / %s"
        .formatted(number(spread.min()), number(spread.median()), number(spread.max()));
  }

  /// One workload's tables, its measures down and the stacks across.
  static String section(Workload workload, Figures figures, String plots) {
    List<Measure> measures = figures.measures(workload.name());
    List<StackKind> stacks =
        workload.stacks().stream()
            .filter(stack -> measures.stream().anyMatch(one -> figures.of(one).containsKey(stack)))
            .toList();
    StringBuilder text = new StringBuilder();
    text.append("## %s\n\n%s\n\n%s| |".formatted(workload.name(), workload.question(), plots));
    stacks.forEach(stack -> text.append(' ').append(stack.title()).append(" |"));
    boolean besideDovecot = stacks.containsAll(List.of(StackKind.DOVECOT, StackKind.DORMOUSE));
    text.append(besideDovecot ? " Dormouse's to Dovecot's |" : "");
    text.append("\n|---|")
        .append("---|".repeat(stacks.size()))
        .append(besideDovecot ? "---|\n" : "\n");
    for (Measure measure : measures) {
      text.append("| ").append(title(measure)).append(" |");
      Optional<Double> best =
          figures
              .bestPeer(measure)
              .flatMap(peer -> figures.spread(measure, peer))
              .map(Spread::median);
      for (StackKind stack : stacks) {
        int rounds = figures.of(measure).getOrDefault(stack, List.of()).size();
        String cell =
            figures.spread(measure, stack).map(spread -> cell(spread, rounds, best)).orElse("");
        text.append(' ').append(cell).append(" |");
      }
      if (besideDovecot) {
        text.append(' ')
            .append(figures.ratio(measure, StackKind.DOVECOT).map(Page::ratio).orElse(""))
            .append(" |");
      }
      text.append('\n');
    }
    figures.notes(workload.name()).forEach(note -> text.append("\n- ").append(note).append('.'));
    return text.append(figures.notes(workload.name()).isEmpty() ? "" : "\n").toString();
  }

  private static String title(Measure measure) {
    return measure.unit().isEmpty() ? measure.name() : measure.name() + ", " + measure.unit();
  }

  private static String cell(Spread spread, int rounds, Optional<Double> best) {
    String text = "**" + figure(spread.median()) + "**";
    if (best.isPresent() && best.get() > 0 && spread.median() >= 0) {
      text += " ×" + number(spread.median() / best.get());
    }
    if (rounds > 1) {
      text +=
          spread.max() < 0
              ? " (in all rounds)"
              : " (" + figure(spread.min()) + "–" + figure(spread.max()) + ")";
    }
    return text;
  }

  /// What was measured: a difference of two looks may be less than they vary, and then it has no number.
  private static String figure(double number) {
    return number < 0 ? NOISE : number(number);
  }

  /// Three digits.
  static String number(double number) {
    double size = Math.abs(number);
    if (size >= 100 || number == Math.rint(number)) {
      return "%,d".formatted(Math.round(number));
    }
    return (size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f").formatted(number);
  }
}
