package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.NamedFiles;
import dormouse.SampleFiles;
import dormouse.cli.Cli;
import dormouse.cli.Request;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/// `docs/settings.md` against the records, and `packaging/dormouse.yaml` against the reader.
final class SettingsDocsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern SECTION = Pattern.compile("##+ ([a-z0-9.-]+)");
  private static final Pattern ROW =
      Pattern.compile("\\| `([a-z-]+)` \\| (?:`([^`]+)`|must be set) \\| (.*) \\|");

  private static final Pattern EXAMPLE = Pattern.compile("(?s)```yaml\n(.*?)```");
  private static final Pattern FILE =
      Pattern.compile(
          "[a-z0-9.-]+\\.(?:pem|key|ocsp|secret)\\b|\\b(?:users\\.yaml|popmap|tickets)\\b");
  private static final Set<String> NAMED = Set.of("backends", "groups", "groups.backends");

  @TempDir Path directory = Path.of("");

  @Test
  void everyKeyIsThereWithItsDefaultAndASentenceAndNoOther() throws IOException {
    Map<String, String> documented = new LinkedHashMap<>();
    String section = "";
    for (String line : Files.readAllLines(ROOT.resolve("docs/settings.md"))) {
      Matcher heading = SECTION.matcher(line);
      Matcher row = ROW.matcher(line);
      if (heading.matches()) {
        section = heading.group(1) + ".";
      } else if (row.matches()) {
        String standard = row.group(2) == null ? "must be set" : row.group(2);
        documented.put(section + row.group(1), standard);
        assertThat(row.group(3)).as(line).hasSizeGreaterThan(20).matches("(?s)[A-Z0-9`].*\\.");
      }
    }
    assertThat(documented).containsExactlyEntriesOf(keys(Settings.class, ""));
  }

  @Test
  void theExampleIsGood() throws Exception {
    Path example = ROOT.resolve("packaging/dormouse.yaml");
    assertThat(SettingsFile.read(example))
        .isInstanceOfSatisfying(
            SettingsRead.Good.class, good -> assertThat(good.warnings()).isEmpty());
    String uncommented = Files.readString(example).replaceAll("(?m)^( *)#(?! )", "$1");
    Path file = Files.writeString(directory.resolve("dormouse.yaml"), uncommented);
    theFilesAreThere(uncommented);
    assertThat(SettingsFile.check(file, NamedFiles::faults))
        .as(uncommented)
        .isInstanceOfSatisfying(
            SettingsRead.Good.class,
            good -> {
              assertThat(good.settings().tls().certificates()).hasSize(1);
              assertThat(good.settings().backends().get("mx1"))
                  .extracting("trusted")
                  .isEqualTo(true);
            });
  }

  @Test
  void everyExampleInTheTextIsGood() throws Exception {
    int number = 0;
    for (String example : examples()) {
      String whole =
          example
              + (("\n" + example).contains("\nlisten:")
                  ? ""
                  : "listen: [ { address: \"0.0.0.0:993\" } ]\n")
              + (("\n" + example).contains("\nbackends:")
                  ? ""
                  : "backends: { mx: { address: mx } }\n");
      theFilesAreThere(example);
      Path file = Files.writeString(directory.resolve("dormouse" + ++number + ".yaml"), whole);
      StringWriter said = new StringWriter();
      PrintWriter out = new PrintWriter(said);
      assertThat(new Cli(out, out, Map.of(), NamedFiles::faults).read("check", file.toString()))
          .as("%s%n%s", whole, said)
          .isEqualTo(new Request.Exit(0));
    }
  }

  private void theFilesAreThere(String example) throws Exception {
    SampleFiles samples = new SampleFiles(directory);
    Matcher named = FILE.matcher(example);
    while (named.find()) {
      samples.write(named.group());
    }
  }

  @Test
  void everyKeyStandsInAnExample() throws IOException {
    Set<String> shown = new TreeSet<>();
    for (String example : examples()) {
      addKeys(new Yaml().load(example), "", shown);
    }
    assertThat(shown).containsAll(keys(Settings.class, "").keySet());
  }

  /// But for those that it has by default.
  @Test
  void everyWordThatAKeyMayHaveStandsInAnExample() throws IOException {
    Map<String, Set<String>> shown = new TreeMap<>();
    for (String example : examples()) {
      addWords(new Yaml().load(example), "", shown);
    }
    words(Settings.class, "")
        .forEach((key, wanted) ->
            assertThat(shown.getOrDefault(key, Set.of())).as(key).containsAll(wanted));
  }

  /// The words of each key that has a closed set of them.
  private static Map<String, Set<String>> words(Class<?> record, String path) {
    Map<String, Set<String>> words = new TreeMap<>();
    for (RecordKey key : RecordKey.of(record)) {
      RecordComponent component = key.component();
      String keyPath = path + key.name();
      Class<?> below = key.kind() == null ? recordBelow(component) : key.kind();
      Class<?> word = wordOf(component);
      if (below != null) {
        words.putAll(words(below, keyPath + "."));
      } else if (word != null) {
        Set<String> all = new TreeSet<>();
        Object defaults = RecordKey.defaults(record);
        String usual = defaults == null ? "" : RecordKey.value(component, defaults) + "";
        for (Object constant : word.getEnumConstants()) {
          String name = RecordKey.kebab(((Enum<?>) constant).name());
          if (!List.of(usual.split("[\\[\\], ]+")).contains(constant.toString())) {
            all.add(name);
          }
        }
        words.put(keyPath, all);
      }
    }
    return words;
  }

  private static @Nullable Class<?> wordOf(RecordComponent component) {
    if (component.getType().isEnum()) {
      return component.getType();
    }
    if (component.getGenericType() instanceof ParameterizedType type
        && type.getActualTypeArguments()[0] instanceof Class<?> of
        && of.isEnum()) {
      return of;
    }
    return null;
  }

  private static void addWords(@Nullable Object value, String path, Map<String, Set<String>> to) {
    if (value instanceof List<?> list) {
      list.forEach(one -> addWords(one, path, to));
    } else if (value instanceof Map<?, ?> map) {
      map.forEach((key, below) -> {
        String name = (path.isEmpty() ? "" : path + ".") + key;
        addWords(below, NAMED.contains(path) ? path + "#" : name.replace("#", ""), to);
      });
    } else if (value != null) {
      to.computeIfAbsent(path, _ -> new TreeSet<>()).add(value.toString());
    }
  }

  private static List<String> examples() throws IOException {
    String text = Files.readString(ROOT.resolve("docs/settings.md"));
    List<String> examples =
        EXAMPLE.matcher(text).results().map(example -> example.group(1)).toList();
    assertThat(examples).isNotEmpty();
    return examples;
  }

  /// @param path the keys above, without the places of lists and the names of backends and groups
  private static void addKeys(@Nullable Object value, String path, Set<String> to) {
    if (value instanceof List<?> list) {
      list.forEach(one -> addKeys(one, path, to));
    } else if (value instanceof Map<?, ?> map) {
      map.forEach((key, below) -> {
        String name = (path.isEmpty() ? "" : path + ".") + key;
        String next = NAMED.contains(path) ? path + "#" : name.replace("#", "");
        to.add(next);
        addKeys(below, next, to);
      });
    }
  }

  private static Map<String, String> keys(Class<?> record, String path) {
    Map<String, String> keys = new LinkedHashMap<>();
    // kinds come last: each has a section of its own below that of its record
    List<RecordKey> inOrder =
        RecordKey.of(record).stream()
            .sorted(Comparator.comparing(key -> key.kind() != null))
            .toList();
    for (RecordKey key : inOrder) {
      RecordComponent component = key.component();
      String keyPath = path + key.name();
      Class<?> below = key.kind() == null ? recordBelow(component) : key.kind();
      if (below != null) {
        keys.putAll(keys(below, keyPath + "."));
      } else {
        keys.put(keyPath, key.required() ? "must be set" : shown(component, record));
      }
    }
    return keys;
  }

  private static @Nullable Class<?> recordBelow(RecordComponent component) {
    if (component.getType() == List.class || component.getType() == Map.class) {
      var arguments = ((ParameterizedType) component.getGenericType()).getActualTypeArguments();
      Class<?> below = (Class<?>) arguments[arguments.length - 1];
      return Scalars.isScalar(below) ? null : below;
    }
    return Scalars.isScalar(component.getType()) ? null : component.getType();
  }

  private static String shown(RecordComponent component, Class<?> record) {
    Object defaults = RecordKey.defaults(record);
    return switch (defaults == null ? null : RecordKey.value(component, defaults)) {
      case null -> "none";
      case Duration duration -> Units.show(duration);
      case InetSocketAddress address -> Units.show(address);
      case Enum<?> constant -> RecordKey.kebab(constant.name());
      case Integer bytes when component.getName().endsWith("Bytes") -> Units.showBytes(bytes);
      case Object value -> value.toString();
    };
  }
}
