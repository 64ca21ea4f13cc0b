package dormouse.route;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Ranks backends for a user by weighted rendezvous hashing: the first of them is the user's home, the next serves when that cannot. When a
/// backend is added, removed, or given another weight, only users move who come to it or leave it.
///
/// A backend's score is `weight / -ln(u)`, where `u`, from 0 to 1, is a hash of its name and the user's: the highest of several is each
/// one's with a probability in proportion to its weight (Schindelhauer, Schomaker: Weighted Distributed Hash Tables, 2005).
///
/// Pure functions; any thread.
public final class Rendezvous {
  private record Scored(String name, double score) {}

  private Rendezvous() {}

  /// The home of a user among backends of the same weight.
  ///
  /// @param backends their names; at least one
  public static String home(Collection<String> backends, String user) {
    return rank(backends.stream().collect(Collectors.toMap(name -> name, _ -> 1)), user).getFirst();
  }

  /// The names in the user's order.
  ///
  /// @param weights of the backends, by name; each at least 1
  /// @param user the user's name, whose case does not matter
  static List<String> rank(Map<String, Integer> weights, String user) {
    if (weights.size() == 1) {
      return List.copyOf(weights.keySet());
    }
    String name = user.toLowerCase(Locale.ROOT);
    return weights.entrySet().stream()
        .map(entry -> new Scored(entry.getKey(), score(entry.getKey(), entry.getValue(), name)))
        .sorted(Comparator.comparingDouble(Scored::score).reversed().thenComparing(Scored::name))
        .map(Scored::name)
        .toList();
  }

  private static double score(String name, int weight, String user) {
    double u = ((hash(name + '\0' + user) >>> 11) + 0.5) * 0x1p-53;
    return weight / -Math.log(u);
  }

  /// A stable hash, the same in every process.
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
