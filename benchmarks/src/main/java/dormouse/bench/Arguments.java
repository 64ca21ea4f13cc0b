package dormouse.bench;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a benchmark was told: `--name value`, again and again. Whoever has asked for all that it knows asks for the [#end].
final class Arguments {
  private final Map<String, String> values = new HashMap<>();

  /// @throws IllegalArgumentException if a value is missing, as all methods do with what is wrong
  Arguments(String... arguments) {
    for (int i = 0; i < arguments.length; i += 2) {
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(arguments[i] + " needs a value");
      }
      values.put(arguments[i], arguments[i + 1]);
    }
  }

  String text(String name, String otherwise) {
    String value = values.remove(name);
    return value == null ? otherwise : value;
  }

  int number(String name, int otherwise) {
    return (int) decimal(name, otherwise);
  }

  double decimal(String name, double otherwise) {
    String value = values.remove(name);
    try {
      return value == null ? otherwise : Double.parseDouble(value);
    } catch (NumberFormatException _) {
      throw new IllegalArgumentException(name + " takes a number");
    }
  }

  /// Some of these, separated by commas; all of them if nothing is said.
  List<String> some(String name, List<String> of) {
    String value = values.remove(name);
    List<String> some = value == null ? of : List.of(value.split(","));
    if (!of.containsAll(some)) {
      throw new IllegalArgumentException(name + " takes " + String.join(",", of));
    }
    return some;
  }

  /// One of these; the first if nothing is said.
  String one(String name, List<String> of) {
    String value = text(name, of.getFirst());
    if (!of.contains(value)) {
      throw new IllegalArgumentException(name + " takes " + String.join(" or ", of));
    }
    return value;
  }

  /// Dormouse.
  Path jar() {
    return Path.of(text("--jar", "server/target/dormouse.jar"));
  }

  /// There is nothing else.
  void end() {
    if (!values.isEmpty()) {
      throw new IllegalArgumentException("unknown: " + String.join(" ", values.keySet()));
    }
  }
}
