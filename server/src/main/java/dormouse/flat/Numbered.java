package dormouse.flat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Objects by number, for memory outside the heap to refer to. A number that is free is given away again. Used by one thread.
public final class Numbered<T> {
  private @Nullable Object[] all = new @Nullable Object[16];
  private int[] free = new int[16];
  private int used; // numbers that were ever given away
  private int frees;

  public int add(T one) {
    int number = frees > 0 ? free[--frees] : used++;
    if (number == all.length) {
      all = Arrays.copyOf(all, all.length * 2);
    }
    all[number] = one;
    return number;
  }

  @SuppressWarnings("unchecked") // only what came in by add
  public T get(int number) {
    return (T) Objects.requireNonNull(all[number]);
  }

  public void set(int number, T one) {
    Objects.requireNonNull(all[number]);
    all[number] = one;
  }

  public T remove(int number) {
    T gone = get(number);
    all[number] = null;
    if (frees == free.length) {
      free = Arrays.copyOf(free, free.length * 2);
    }
    free[frees++] = number;
    return gone;
  }

  /// Those there are now.
  @SuppressWarnings("unchecked")
  public List<T> toList() {
    List<T> there = new ArrayList<>();
    for (int number = 0; number < used; number++) {
      if (all[number] != null) {
        there.add((T) all[number]);
      }
    }
    return there;
  }

  public int size() {
    return used - frees;
  }
}
