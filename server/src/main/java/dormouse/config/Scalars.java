package dormouse.config;

import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Reads single values by the type of the component they are for. An `int` whose name ends in `Bytes` is a size; what
/// may be `null` is switched off by `none`.
final class Scalars {
  /// The value that `none` means; `null` in the record.
  enum Off {
    NONE
  }

  /// A read value, or what was wanted in its place.
  sealed interface Reading {}

  record Value(Object value) implements Reading {}

  record Wanted(String wanted) implements Reading {}

  private final Path directory;

  /// @param directory what relative paths begin at
  Scalars(Path directory) {
    this.directory = directory;
  }

  /// Whether a value of the type is one word, and not keys and their values.
  static boolean isScalar(Class<?> type) {
    return !type.isRecord() || type == Network.class || type == AuthUrl.class;
  }

  Reading read(RecordComponent component, String text) {
    boolean optional = component.getAnnotatedType().isAnnotationPresent(Nullable.class);
    if (optional && text.equals("none")) {
      return new Value(Off.NONE);
    }
    return read(component.getType(), component.getName(), optional ? ", or none" : "", text);
  }

  /// Reads one value of a list.
  ///
  /// @param name of the list's component
  Reading readItem(Class<?> type, String name, String text) {
    return read(type, name, "", text);
  }

  private Reading read(Class<?> type, String name, String orNone, String text) {
    if (type == Duration.class) {
      return or(Units.duration(text), "a duration such as 250ms, 15s, 10m or 1h");
    }
    if (type == boolean.class) {
      return or(truth(text), "true or false");
    }
    if (type == int.class && name.endsWith("Bytes")) {
      return or(boxed(Units.bytes(text)), "a size such as 512, 16KiB or 4MiB");
    }
    if (type == int.class) {
      return or(number(text), "a whole number");
    }
    if (type == InetSocketAddress.class) {
      return or(
          Units.listenAddress(text), "an address such as 127.0.0.1:993 or \"[::1]:993\"" + orNone);
    }
    if (type == String.class) {
      return or(text.isBlank() ? null : text, "some text" + orNone);
    }
    if (type == Path.class) {
      return or(path(text), "a file" + orNone);
    }
    if (type == InetAddress.class) {
      return or(address(text), "an address by number, such as 10.0.0.1 or \"2001:db8::1\"");
    }
    if (type == Network.class) {
      return or(Network.parse(text), "a network such as 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1");
    }
    if (type == AuthUrl.class) {
      return or(AuthUrl.parse(text), "a URL such as http://127.0.0.1:9000/auth");
    }
    if (type.isEnum()) {
      return or(constant(type, text), "one of " + RecordBinder.choices(type));
    }
    throw new IllegalStateException("no way to write a " + type + " for " + name); // our bug
  }

  private static Reading or(@Nullable Object value, String wanted) {
    return value == null ? new Wanted(wanted) : new Value(value);
  }

  /// The words of YAML 1.1.
  private static @Nullable Boolean truth(String text) {
    return switch (text) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> null;
    };
  }

  private static @Nullable Integer boxed(OptionalInt number) {
    return number.isPresent() ? number.getAsInt() : null;
  }

  private static @Nullable InetAddress address(String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static @Nullable Integer number(String text) {
    return text.matches("-?\\d{1,9}") ? Integer.valueOf(text) : null;
  }

  private @Nullable Path path(String text) {
    try {
      return text.isEmpty() ? null : directory.resolve(text);
    } catch (InvalidPathException _) {
      return null;
    }
  }

  private static @Nullable Object constant(Class<?> type, String text) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> RecordKey.kebab(constant.toString()).equals(text))
        .findFirst()
        .orElse(null);
  }
}
