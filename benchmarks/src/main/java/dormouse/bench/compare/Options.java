package dormouse.bench.compare;

import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Size;
import dormouse.bench.work.Workload;
import dormouse.bench.work.Workloads;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// What was asked for on the command line. Immutable.
///
/// @param size how much of everything
/// @param workloads which
/// @param stacks of which stacks, as far as they are installed
/// @param line the command, for the page
record Options(Size size, List<Workload> workloads, List<StackKind> stacks, String line) {
  static final String USAGE =
      """
      Usage: ./bench [--tiny | --quick | --full] [--stacks nginx,dormouse…] [WORKLOAD…]
      Workloads: %s
      Stacks:    %s\
      """
          .formatted(
              Workloads.ALL.stream().map(Workload::name).collect(Collectors.joining(" ")),
              Arrays.stream(StackKind.values())
                  .map(StackKind::id)
                  .collect(Collectors.joining(" ")));

  /// Those of the quick form: the others are slower, or other settings of the same.
  private static final List<StackKind> NEAREST =
      List.of(
          StackKind.DOVECOT,
          StackKind.DOVECOT_HIBERNATE,
          StackKind.NGINX,
          StackKind.HAPROXY,
          StackKind.HAPROXY_HIBERNATE,
          StackKind.DORMOUSE);

  /// @throws IllegalArgumentException with what is wrong
  static Options of(String... arguments) {
    Size size = Size.USUAL;
    List<Workload> workloads = new ArrayList<>();
    List<StackKind> stacks = List.of();
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--full" -> size = Size.FULL;
        case "--quick" -> size = Size.QUICK;
        case "--tiny" -> size = Size.TINY;
        case "--stacks" -> {
          if (++i == arguments.length) {
            throw new IllegalArgumentException("--stacks needs a list");
          }
          stacks = Arrays.stream(arguments[i].split(",")).map(Options::stack).toList();
        }
        default -> workloads.add(workload(arguments[i]));
      }
    }
    if (stacks.isEmpty()) {
      stacks = size.equals(Size.QUICK) ? NEAREST : List.of(StackKind.values());
    }
    return new Options(
        size,
        workloads.isEmpty() ? Workloads.ALL : workloads,
        stacks,
        ("./bench " + String.join(" ", arguments)).strip());
  }

  private static Workload workload(String name) {
    return Workloads.ALL.stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("No workload " + name));
  }

  private static StackKind stack(String id) {
    return Arrays.stream(StackKind.values())
        .filter(each -> each.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("No stack " + id));
  }

  /// Those of the Dormouse that is measured, beside what it is started with.
  String javaOptions() {
    return System.getenv().getOrDefault("JAVA_OPTS", "").strip();
  }

  /// Whether this run is what the page shows: all workloads on all stacks, large enough for figures, and Dormouse as everybody starts it.
  boolean whole() {
    return javaOptions().isEmpty()
        && workloads.equals(Workloads.ALL)
        && stacks.size() == StackKind.values().length
        && !size.equals(Size.TINY);
  }
}
