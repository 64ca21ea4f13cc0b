package dormouse.route;

import dormouse.backend.Approach;
import dormouse.backend.Backend;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The backends that can serve one user. Immutable, but for the health of the backends.
///
/// @param place names what they have in common: those who go to the same place see the same mail
/// @param members in the order in which they are this user's; more than one only if each of them has the user's mail
/// @param spare serve only while no member can
/// @param approach how each of them is come to
public record Route(String place, List<Backend> members, List<Backend> spare, Approach approach) {
  private record Candidate(Backend backend, boolean current, boolean spare) {}

  public Route {
    members = List.copyOf(members);
    spare = List.copyOf(spare);
  }

  /// To the one backend that has the user's mail.
  static Route to(Backend only) {
    return new Route(only.place(), List.of(only), List.of(), Approach.USUAL);
  }

  /// The same, come to in a way of its own.
  Route by(Approach other) {
    return other.equals(approach) ? this : new Route(place, members, spare, other);
  }

  /// All of them in the order in which they are to be tried: those that are up before those that are down; of these the current one first,
  /// so that all sessions of a user are at one backend, then the members, then the spare ones.
  ///
  /// @param current who serves the user now; null if nobody
  public List<Backend> order(@Nullable Backend current) {
    if (members.size() == 1 && spare.isEmpty()) {
      return members;
    }
    return Stream.concat(
            members.stream()
                .map(
                    one -> new Candidate(one, current != null && one.isSameServer(current), false)),
            spare.stream().map(one -> new Candidate(one, false, true)))
        .sorted(
            Comparator.comparing((Candidate one) -> !one.backend.health().isUp())
                .thenComparing(one -> !one.current)
                .thenComparing(Candidate::spare))
        .map(Candidate::backend)
        .toList();
  }

  /// Whether a backend is still one of the members, though perhaps with other settings.
  public boolean keeps(Backend backend) {
    return holds(members, backend);
  }

  /// Whether a backend to which an earlier route has sent the user is right still: a member, or a spare one that was no more before.
  public boolean confirms(Route before, Backend backend) {
    return keeps(backend) || (holds(spare, backend) && !before.keeps(backend));
  }

  private static boolean holds(List<Backend> among, Backend backend) {
    for (Backend one : among) {
      if (one.isSameServer(backend)) {
        return true;
      }
    }
    return false;
  }
}
