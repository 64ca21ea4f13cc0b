package dormouse.config;

import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/// The settings as a YAML file, described in `docs/settings.md`. Relative paths in it begin at its directory.
public final class SettingsFile {
  private static final int MAX_BYTES = 1024 * 1024;
  private static final Comparator<Fault> BY_PLACE =
      Comparator.comparingInt(Fault::line).thenComparingInt(Fault::column);

  private SettingsFile() {}

  /// Tells what is wrong with what settings name, beyond what [SettingsChecks] sees: faults without a line.
  ///
  /// The settings may have defaults in place of what is faulty.
  public interface Named {
    List<Fault> faults(Settings settings);
  }

  /// Reads a file, and looks at the files that it names: whether they are there, and what is in those that nobody above this package reads. Blocks.
  ///
  /// @return the settings, or what is wrong with them
  public static SettingsRead read(Path file) {
    return open(file, (_, _) -> List.of());
  }

  /// As [#read], for who opens what the settings name: only where nothing is opened, because there is a fault already, is it asked what else is
  /// wrong with that.
  ///
  /// @return the settings, or all that is wrong with them at once
  public static SettingsRead read(Path file, Named named) {
    return open(file, (settings, known) -> known.isEmpty() ? List.of() : named.faults(settings));
  }

  /// As [#read], and all that the settings name is in order. Blocks.
  ///
  /// @return the settings, or all that is wrong with them at once
  public static SettingsRead check(Path file, Named named) {
    return open(file, (settings, _) -> named.faults(settings));
  }

  /// What else is wrong with settings.
  private interface Further {
    List<Fault> faults(Settings settings, List<Fault> known);
  }

  private static SettingsRead open(Path file, Further further) {
    String text;
    try {
      if (Files.size(file) > MAX_BYTES) {
        return bad(
            1, 1, "larger than " + Units.showBytes(MAX_BYTES) + ", which no settings file is");
      }
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
              .toString();
    } catch (CharacterCodingException _) {
      return bad(1, 1, "wanted text in UTF-8");
    } catch (NoSuchFileException _) {
      return bad(0, 0, "there is no such file");
    } catch (IOException e) {
      return bad(0, 0, "cannot be read: " + e.getMessage());
    }
    Path directory = file.toAbsolutePath().getParent();
    return parse(text, directory == null ? Path.of("") : directory, further);
  }

  /// As [#read], of text that is in hand.
  ///
  /// @param directory what relative paths begin at
  static SettingsRead parse(String text, Path directory) {
    return parse(text, directory, (_, _) -> List.of());
  }

  private static SettingsRead parse(String text, Path directory, Further further) {
    Node root;
    try {
      root = compose(text);
    } catch (MarkedYAMLException e) {
      Mark place = e.getProblemMark();
      String why = e.getProblem() == null ? "not YAML" : e.getProblem();
      return place == null ? bad(1, 1, why) : bad(place.getLine() + 1, place.getColumn() + 1, why);
    } catch (YAMLException e) {
      return bad(1, 1, String.valueOf(e.getMessage()).lines().findFirst().orElse("not YAML"));
    }
    if (root == null) {
      return bad(1, 1, "empty: wanted at least `listen` and `backends`");
    }
    RecordBinder binder = new RecordBinder(new Scalars(directory));
    if (!(binder.bind(Settings.class, root, "") instanceof Settings settings)) {
      return new SettingsRead.Bad(binder.faults().stream().sorted(BY_PLACE).toList());
    }
    SettingsChecks checks = SettingsChecks.of(settings, binder.faults());
    List<Fault> faults = new ArrayList<>(binder.faults());
    faults.addAll(placed(checks.faults(), binder.places()));
    List<Fault> more = new ArrayList<>(further.faults(settings, faults));
    more.removeIf(fault -> isTold(fault, faults));
    faults.addAll(placed(more, binder.places()));
    faults.sort(BY_PLACE);
    return faults.isEmpty()
        ? new SettingsRead.Good(settings, placed(checks.warnings(), binder.places()))
        : new SettingsRead.Bad(List.copyOf(faults));
  }

  /// Whether it comes of what is known: that is about the same, or about a part of it, or says the same of another key.
  private static boolean isTold(Fault fault, List<Fault> known) {
    return known.stream()
        .anyMatch(other ->
            (other.key() + ".").startsWith(fault.key() + ".") || other.text().equals(fault.text()));
  }

  private static @Nullable Node compose(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MAX_BYTES);
    return new Yaml(options).compose(new StringReader(text));
  }

  private static List<Fault> placed(List<Fault> faults, Map<String, Mark> places) {
    return faults.stream().map(fault -> placed(fault, places)).sorted(BY_PLACE).toList();
  }

  /// Adds the place of its key, or of the nearest key above that is in the file.
  private static Fault placed(Fault fault, Map<String, Mark> places) {
    for (String key = fault.key();
        !key.isEmpty();
        key = key.substring(0, Math.max(0, key.lastIndexOf('.')))) {
      Mark place = places.get(key);
      if (place != null) {
        return new Fault(place.getLine() + 1, place.getColumn() + 1, fault.key(), fault.text());
      }
    }
    return new Fault(1, 1, fault.key(), fault.text());
  }

  private static SettingsRead bad(int line, int column, String text) {
    return new SettingsRead.Bad(List.of(new Fault(line, column, "", text)));
  }
}
