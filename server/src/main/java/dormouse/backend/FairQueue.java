package dormouse.backend;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import org.jspecify.annotations.Nullable;

/// A bounded queue in which users take turns: each user's first comes before anybody's second. Every method is O(1).
///
/// Not shared between threads: the [Gate] locks.
///
/// @param <T> who waits; each one at most once
final class FairQueue<T> {
  private final int most;
  private final LinkedHashMap<String, LinkedHashSet<T>> waiting = new LinkedHashMap<>();
  private int size;

  /// @param most how many may wait
  FairQueue(int most) {
    this.most = most;
  }

  /// Puts one behind the others of the user, and a user who had none behind all users; false if the queue is full.
  boolean add(String user, T one) {
    if (size >= most) {
      return false;
    }
    waiting.computeIfAbsent(user, _ -> new LinkedHashSet<>()).add(one);
    size++;
    return true;
  }

  /// Takes whose turn it is; null if nobody waits.
  @Nullable T poll() {
    var first = waiting.pollFirstEntry();
    if (first == null) {
      return null;
    }
    T one = first.getValue().removeFirst();
    if (!first.getValue().isEmpty()) {
      waiting.putLast(first.getKey(), first.getValue());
    }
    size--;
    return one;
  }

  /// Takes out one who waits no longer; false if it did not wait.
  boolean remove(String user, T one) {
    LinkedHashSet<T> mine = waiting.get(user);
    if (mine == null || !mine.remove(one)) {
      return false;
    }
    if (mine.isEmpty()) {
      waiting.remove(user);
    }
    size--;
    return true;
  }

  boolean isEmpty() {
    return size == 0;
  }
}
