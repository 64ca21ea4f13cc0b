package dormouse.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import org.jspecify.annotations.Nullable;

/// Makes a settings record like another but for one component. By reflection, so that no record has to repeat all its components
/// for each that may differ. Pure functions.
final class Derived {
  private Derived() {}

  /// The same with this value in place of the component's.
  static <R extends Record> R from(R record, String component, @Nullable Object value) {
    RecordComponent[] components = record.getClass().getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    @Nullable Object[] values = new @Nullable Object[components.length];
    boolean found = false;
    for (int i = 0; i < components.length; i++) {
      boolean other = components[i].getName().equals(component);
      found |= other;
      types[i] = components[i].getType();
      values[i] = other ? value : RecordKey.value(components[i], record);
    }
    if (!found) {
      throw new IllegalArgumentException(record.getClass() + " has no " + component); // our bug
    }
    try {
      @SuppressWarnings("unchecked") // the constructor of its own class
      R derived = (R) record.getClass().getDeclaredConstructor(types).newInstance(values);
      return derived;
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof BadSetting bad) {
        throw bad;
      }
      throw new IllegalStateException(e.getCause()); // records throw nothing else
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e); // our public records have this constructor
    }
  }
}
