package dormouse.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One key of a settings record.
///
/// @param name in kebab-case
/// @param required whether it has no default
/// @param components the one component it sets, or a host and its port
/// @param kind the record below it, if it is one of several that its component can be
record RecordKey(
    String name, boolean required, List<RecordComponent> components, @Nullable Class<?> kind) {
  /// The keys of a record, in its order. A component whose type is a sealed interface has a key for each kind it can be.
  static List<RecordKey> of(Class<?> record) {
    Map<String, RecordKey> keys = new LinkedHashMap<>();
    for (RecordComponent component : record.getRecordComponents()) {
      if (component.getType().isSealed()) {
        for (Class<?> kind : component.getType().getPermittedSubclasses()) {
          String name = kindName(kind);
          keys.put(name, new RecordKey(name, false, List.of(component), kind));
        }
        continue;
      }
      Key spelled = component.getAnnotation(Key.class);
      String name = spelled == null ? kebab(component.getName()) : spelled.value();
      boolean required = component.isAnnotationPresent(Required.class);
      keys.computeIfAbsent(name, n -> new RecordKey(n, required, new ArrayList<>(), null))
          .components()
          .add(component);
    }
    return List.copyOf(keys.values());
  }

  /// The key that chooses a kind.
  static String kindName(Class<?> kind) {
    Key key = kind.getAnnotation(Key.class);
    if (key == null) {
      throw new IllegalStateException(kind + " has no key"); // our bug
    }
    return key.value();
  }

  /// Whether the value is a host and a port, written as one address.
  boolean isHostAndPort() {
    return components.size() == 2;
  }

  RecordComponent component() {
    return components.getFirst();
  }

  /// The value of a component in a record.
  static @Nullable Object value(RecordComponent component, Object record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(
          component.toString(), e); // accessors of our public records do not throw
    }
  }

  /// The record that holds the defaults of a record type, if it has any.
  static @Nullable Object defaults(Class<?> record) {
    try {
      return record.getField("DEFAULT").get(null);
    } catch (NoSuchFieldException _) {
      return null;
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(record.getName(), e); // DEFAULT is public
    }
  }

  static String kebab(String name) {
    return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-")
        .replace('_', '-')
        .toLowerCase(Locale.ROOT);
  }
}
