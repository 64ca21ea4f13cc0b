package dormouse.bench.compare;

import dormouse.bench.load.Faults;
import dormouse.bench.load.Latencies;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Measure;
import dormouse.bench.work.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A run for machines to read: every number of every round, and the percentiles of what was timed.
final class Json {
  private static final double[] PERCENTS = {0, 10, 25, 50, 75, 90, 95, 99, 99.9, 100};

  private Json() {}

  static String of(Page page) {
    Machine machine = page.machine();
    List<String> figures = new ArrayList<>();
    for (Workload workload : page.options().workloads()) {
      for (Measure measure : page.figures().measures(workload.name())) {
        page.figures()
            .of(measure)
            .forEach((stack, rounds) ->
                figures.add(
                    figure(measure, stack, rounds, page.figures().together(measure, stack))));
      }
    }
    List<String> curves = new ArrayList<>();
    page.figures()
        .latencies()
        .forEach((name, stacks) ->
            stacks.forEach((stack, times) -> curves.add(curve(name, stack, times))));
    List<String> notes =
        Stream.concat(
                Stream.of(machine.note()).filter(note -> !note.isEmpty()),
                page.options().workloads().stream()
                    .flatMap(workload ->
                        page.figures().notes(workload.name()).stream()
                            .map(note -> workload.name() + ": " + note)))
            .map(Json::text)
            .toList();
    return """
    {
      "command": %s, "form": %s, "rounds": %d, "size": {%s}, "javaOptions": %s, "seconds": %d, "wrong": %s, "late": %s,
      "commit": %s, "processor": %s, "memoryGiB": %d, "system": %s, "load": %s,
      "versions": [%s],
      "notes": [%s],
      "figures": [
        %s
      ],
      "latencies": [
        %s
      ]
    }
    """
        .formatted(
            text(page.options().line()),
            text(page.options().size().name()),
            page.options().size().rounds(),
            page.options().size().told().entrySet().stream()
                .map(each -> text(each.getKey()) + ": " + value(each.getValue()))
                .collect(Collectors.joining(", ")),
            text(page.options().javaOptions()),
            page.seconds(),
            text(page.told(Faults::count)),
            text(page.told(Faults::lateCount)),
            text(machine.commit()),
            text(machine.processor()),
            machine.memory(),
            text(machine.system()),
            machine.load(),
            machine.versions().stream().map(Json::text).collect(Collectors.joining(", ")),
            String.join(", ", notes),
            String.join(",\n    ", figures),
            String.join(",\n    ", curves));
  }

  private static String figure(
      Measure measure, StackKind stack, List<Double> rounds, Optional<Double> together) {
    return """
    {"workload": %s, "measure": %s, "unit": %s, "better": "%s", "stack": "%s", "rounds": [%s]%s}\
    """
        .formatted(
            text(measure.workload()),
            text(measure.name()),
            text(measure.unit()),
            measure.more() ? "more" : "less",
            stack.id(),
            rounds.stream().map("%.6g"::formatted).collect(Collectors.joining(", ")),
            together.map(", \"together\": %.6g"::formatted).orElse(""));
  }

  private static String curve(String name, StackKind stack, Latencies times) {
    List<String> points = new ArrayList<>();
    for (double percent : PERCENTS) {
      points.add("\"%s\": %.4f".formatted(percent, times.millis(percent)));
    }
    return "{\"what\": %s, \"stack\": \"%s\", \"count\": %d, \"millis\": {%s}}"
        .formatted(text(name), stack.id(), times.count(), String.join(", ", points));
  }

  private static String value(Object raw) {
    return raw instanceof Number ? raw.toString() : text(raw.toString());
  }

  private static String text(String raw) {
    return '"' + raw.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
