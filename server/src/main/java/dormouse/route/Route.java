package dormouse.route;

import java.nio.charset.StandardCharsets;
import java.util.Collection;

/// Chooses the backend of a user by rendezvous hashing: every user has one home, and when a backend is
/// added or removed only the users of that backend move.
///
/// Pure functions; any thread.
public final class Route {
  private Route() {}

  /// The name among `backends` that serves `user`.
  ///
  /// @param backends the names of the backends, at least one; their order does not matter
  /// @param user the user name as it is given to the backend
  public static String of(Collection<String> backends, String user) {
    String best = null;
    long bestWeight = 0;
    for (String backend : backends) {
      long weight = hash(backend + '\0' + user);
      if (best == null
          || Long.compareUnsigned(weight, bestWeight) > 0
          || (weight == bestWeight && backend.compareTo(best) < 0)) {
        best = backend;
        bestWeight = weight;
      }
    }
    if (best == null) {
      throw new IllegalArgumentException("no backend to route to");
    }
    return best;
  }

  /// A stable hash of the user name, the same in every process.
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L; // FNV-1a, then a finalizer, for its low bits are weak
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    hash ^= hash >>> 33;
    hash *= 0xff51afd7ed558ccdL;
    hash ^= hash >>> 33;
    hash *= 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }
}
