package dormouse.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/// Makes records of a YAML tree, whatever records: keys are their components' names, types their components' types,
/// defaults their `DEFAULT`. It goes on after a fault, with the default in place of what is faulty, so that all faults of a file are
/// found in one reading: what it makes is good for looking further only, once there are faults.
///
/// Where a component's type is a sealed interface, one of the kinds it permits is chosen by its key, as in
/// `- file: { … }`; exactly one must be.
///
/// A mapping is a record or, for a `Map<String, record>`, records by name; a sequence is a `List` of records or scalars; every
/// other value is a scalar ([Scalars]). The types end the descent, so aliases that go in circles do no harm.
final class RecordBinder {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  private final Scalars scalars;
  private final Map<String, Mark> places = new HashMap<>();
  private final List<Fault> faults = new ArrayList<>();

  RecordBinder(Scalars scalars) {
    this.scalars = scalars;
  }

  /// The record that a mapping describes, as far as it goes. `null` if none can be made.
  @Nullable Object bind(Class<?> type, Node node, String path) {
    if (!(node instanceof MappingNode) && !isEmpty(node)) {
      fault(node.getStartMark(), path, "wanted keys and their values here");
      return null;
    }
    places.put(path, node.getStartMark());
    int faultsBefore = faults.size();
    List<RecordKey> keys = RecordKey.of(type);
    Map<String, Node> written =
        node instanceof MappingNode mapping ? written(mapping, keys, path) : Map.of();
    Object defaults = RecordKey.defaults(type);
    Map<String, @Nullable Object> values = new HashMap<>();
    for (RecordKey key : keys) {
      String keyPath = below(path, key.name());
      Node value = written.get(key.name());
      if (value != null) {
        set(key, value, keyPath, values, defaults);
      } else if (key.required()) {
        fault(node.getStartMark(), keyPath, "must be set");
        setDefault(key, values, defaults);
      } else if (key.kind() == null || !values.containsKey(key.component().getName())) {
        setDefault(key, values, defaults); // another kind may have been chosen
      }
    }
    checkKinds(keys, written, node, path);
    return make(type, values, path, faults.size() > faultsBefore);
  }

  /// Exactly one kind must be chosen wherever there are several.
  private void checkKinds(List<RecordKey> keys, Map<String, Node> written, Node node, String path) {
    Map<RecordComponent, List<String>> kinds = new LinkedHashMap<>();
    for (RecordKey key : keys) {
      if (key.kind() != null) {
        kinds.computeIfAbsent(key.component(), _ -> new ArrayList<>()).add(key.name());
      }
    }
    for (List<String> names : kinds.values()) {
      List<String> chosen = written.keySet().stream().filter(names::contains).toList();
      if (chosen.isEmpty()) {
        fault(node.getStartMark(), path, "wanted one of " + String.join(", ", names));
      }
      for (String more : chosen.subList(Math.min(1, chosen.size()), chosen.size())) {
        String keyPath = below(path, more);
        fault(places.get(keyPath), keyPath, "there is `" + chosen.getFirst() + "` already");
      }
    }
  }

  /// Where each key that was written stands, and each item of a list, by its path.
  Map<String, Mark> places() {
    return places;
  }

  List<Fault> faults() {
    return faults;
  }

  private Map<String, Node> written(MappingNode mapping, List<RecordKey> keys, String path) {
    List<String> known = keys.stream().map(RecordKey::name).toList();
    Map<String, Node> written = new LinkedHashMap<>();
    entries(mapping, path)
        .forEach((name, tuple) -> {
          Mark place = tuple.getKeyNode().getStartMark();
          places.put(below(path, name), place);
          if (known.contains(name)) {
            written.put(name, tuple.getValueNode());
          } else {
            fault(place, below(path, name), unknown(name, known));
          }
        });
    return written;
  }

  private Map<String, NodeTuple> entries(MappingNode mapping, String path) {
    Map<String, NodeTuple> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        fault(tuple.getKeyNode().getStartMark(), path, "wanted a plain word as key");
        continue;
      }
      NodeTuple earlier = entries.putIfAbsent(key.getValue(), tuple);
      if (earlier != null) {
        int line = earlier.getKeyNode().getStartMark().getLine() + 1;
        fault(key.getStartMark(), below(path, key.getValue()), "set twice, first in line " + line);
      }
    }
    return entries;
  }

  private static String unknown(String name, List<String> known) {
    return "unknown key; "
        + Nearest.to(name, known)
            .map(near -> "did you mean `" + near + "`?")
            .orElseGet(() -> "known here: " + String.join(", ", known));
  }

  private void set(
      RecordKey key,
      Node node,
      String path,
      Map<String, @Nullable Object> values,
      @Nullable Object defaults) {
    setDefault(key, values, defaults);
    if (key.isHostAndPort()) {
      String text = text(node, path);
      Units.HostPort address = text == null ? null : Units.hostPort(text);
      if (address != null) {
        values.put(key.components().getFirst().getName(), address.host());
        values.put(key.components().getLast().getName(), address.port());
      } else if (text != null) {
        fault(
            node.getStartMark(),
            path,
            "wanted an address such as mail.example.org:143, not `" + text + "`");
      }
      return;
    }
    Object value =
        key.kind() == null ? value(key.component(), node, path) : bind(key.kind(), node, path);
    if (value instanceof Scalars.Off) {
      values.put(key.component().getName(), null);
    } else if (value != null) {
      values.put(key.component().getName(), value);
    }
  }

  private static void setDefault(
      RecordKey key, Map<String, @Nullable Object> values, @Nullable Object defaults) {
    for (RecordComponent component : key.components()) {
      values.put(
          component.getName(),
          defaults == null ? empty(component) : RecordKey.value(component, defaults));
    }
  }

  private static @Nullable Object empty(RecordComponent component) {
    if (component.getType() == List.class) {
      return List.of();
    }
    return component.getType() == Map.class ? Map.of() : RecordKey.defaults(component.getType());
  }

  /// The value of a component; [Scalars.Off] for `none`; `null` if there is none.
  private @Nullable Object value(RecordComponent component, Node node, String path) {
    Class<?> type = component.getType();
    if (!Scalars.isScalar(type)) {
      return bind(type, node, path);
    }
    if (type == List.class) {
      return list(component, node, path);
    }
    if (type == Map.class) {
      return map(argument(component, 1), node, path);
    }
    String text = text(node, path);
    if (text == null) {
      return null;
    }
    return read(scalars.read(component, text), node, path, text);
  }

  private @Nullable Object read(Scalars.Reading reading, Node node, String path, String text) {
    return switch (reading) {
      case Scalars.Value(Object value) -> value;
      case Scalars.Wanted(String wanted) -> {
        fault(node.getStartMark(), path, "wanted " + wanted + ", not `" + text + "`");
        yield null;
      }
    };
  }

  private @Nullable Object item(RecordComponent list, Node node, String path) {
    Class<?> type = argument(list, 0);
    if (!Scalars.isScalar(type)) {
      return bind(type, node, path);
    }
    String text = text(node, path);
    return text == null
        ? null
        : read(scalars.readItem(type, list.getName(), text), node, path, text);
  }

  /// Up to the first item of which nothing can be made: each has its number as in the file.
  private List<Object> list(RecordComponent component, Node node, String path) {
    List<Object> list = new ArrayList<>();
    if (node instanceof SequenceNode sequence) {
      int number = 0;
      for (Node item : sequence.getValue()) {
        String itemPath = path + "[" + number + "]";
        places.put(itemPath, item.getStartMark());
        Object bound = item(component, item, itemPath);
        if (bound != null && list.size() == number) {
          list.add(bound);
        }
        number++;
      }
    } else if (!isEmpty(node)) {
      fault(node.getStartMark(), path, "wanted a list: lines that begin with `- `, or [ … ]");
    }
    return list;
  }

  private Map<String, Object> map(Class<?> element, Node node, String path) {
    Map<String, Object> map = new LinkedHashMap<>();
    if (node instanceof MappingNode mapping) {
      entries(mapping, path)
          .forEach((name, tuple) -> {
            if (!NAME.matcher(name).matches()) {
              String wanted = "wanted a name of up to 63 letters, digits, `.`, `_` and `-`";
              fault(tuple.getKeyNode().getStartMark(), below(path, name), wanted);
            }
            Object bound = bind(element, tuple.getValueNode(), below(path, name));
            if (bound != null) {
              map.put(name, bound);
            }
          });
    } else if (!isEmpty(node)) {
      fault(node.getStartMark(), path, "wanted names with what belongs to each below it");
    }
    return map;
  }

  private @Nullable String text(Node node, String path) {
    if (node instanceof ScalarNode scalar && !isEmpty(node)) {
      return scalar.getValue();
    }
    fault(node.getStartMark(), path, "wanted one value here");
    return null;
  }

  /// Calls the constructor. After a fault below it is called all the same, with defaults in place of what is faulty, to
  /// learn what else it refuses.
  private @Nullable Object make(
      Class<?> type, Map<String, @Nullable Object> values, String path, boolean faulty) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    @Nullable Object[] arguments = new @Nullable Object[components.length];
    for (int i = 0; i < components.length; i++) {
      arguments[i] = values.get(components[i].getName());
      if (arguments[i] == null && components[i].isAnnotationPresent(Required.class)) {
        return null; // already a fault, and there is nothing to put in its place
      }
    }
    try {
      return type.getDeclaredConstructor(types).newInstance(arguments);
    } catch (InvocationTargetException e) {
      if (!(e.getCause() instanceof BadSetting bad)) {
        throw new IllegalStateException(type.getName(), e.getCause()); // records throw nothing else
      }
      bad.all().forEach(refused -> refuse(refused, path, faulty));
      return null;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type.getName(), e); // records have this constructor
    }
  }

  private void refuse(BadSetting.Wanted refused, String path, boolean faulty) {
    String key = below(path, refused.key());
    if (faulty && faults.stream().anyMatch(fault -> fault.key().startsWith(key))) {
      return; // what was refused is the default that stood in
    }
    Mark place = places.getOrDefault(key, places.get(path));
    fault(place, key, "wanted " + refused.wanted());
  }

  private void fault(@Nullable Mark place, String path, String text) {
    int line = place == null ? 0 : place.getLine() + 1;
    int column = place == null ? 0 : place.getColumn() + 1;
    faults.add(new Fault(line, column, path, text));
  }

  private static boolean isEmpty(Node node) {
    return node instanceof ScalarNode scalar
        && scalar.getTag().equals(Tag.NULL)
        && scalar.getValue().isEmpty();
  }

  private static Class<?> argument(RecordComponent component, int index) {
    Type type = ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[index];
    return (Class<?>) type;
  }

  private static String below(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /// The names of an enum's constants as they are written, for messages.
  static String choices(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(constant -> RecordKey.kebab(constant.toString()))
        .collect(Collectors.joining(", "));
  }
}
