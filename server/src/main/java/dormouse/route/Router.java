package dormouse.route;

import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Backends;
import dormouse.config.GroupSettings;
import dormouse.config.MemberSettings;
import dormouse.config.RouteSettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Says which backends serve a user: those that the directory names, else those of the first rule that fits, else those of the first group;
/// without groups the user's home among all backends.
///
/// Immutable, but for hosts that a directory names for the first time ([Backends]). Any thread.
public final class Router {
  private final Backends backends;
  private final Map<String, GroupSettings> groups;
  private final List<RouteSettings> rules;
  private final Map<Backend, Route> direct =
      new ConcurrentHashMap<>(); // the many who go there keep one

  /// @param groups by name, in the order of the settings; their backends are all there
  /// @param rules each to a group or a backend that is there
  public Router(Backends backends, Map<String, GroupSettings> groups, List<RouteSettings> rules) {
    this.backends = backends;
    this.groups = new LinkedHashMap<>(groups);
    this.rules = List.copyOf(rules);
  }

  /// The mail servers among which it chooses.
  public Backends backends() {
    return backends;
  }

  /// The way of a user; null if the settings have none, or not what the directory says.
  public @Nullable Route route(Wanted wanted) {
    Route found = find(wanted);
    return found != null && suits(found, wanted) ? found.by(wanted.approach()) : null;
  }

  /// Why the way of a user leads nowhere, for the log.
  public String nowhere(Wanted wanted) {
    if (find(wanted) != null) {
      return Backends.OTHERWISE;
    }
    if (wanted.name() != null) {
      return Backends.NONE;
    }
    return wanted.host() == null
        ? "no backend named, and the settings lead to none"
        : backends.nowhere(wanted.host(), wanted.port(), wanted.tls());
  }

  /// Whether it is reached as the directory says, which goes for all who may serve: nobody's password goes out in clear where it wants TLS.
  private static boolean suits(Route route, Wanted wanted) {
    return (wanted.port() == 0 && wanted.tls() == null)
        || Stream.concat(route.members().stream(), route.spare().stream())
            .allMatch(backend -> backend.settings().isReachedBy(wanted.port(), wanted.tls()));
  }

  private Route to(Backend backend) {
    return direct.computeIfAbsent(backend, Route::to);
  }

  private @Nullable Route find(Wanted wanted) {
    if (wanted.name() != null) {
      return named(wanted.name(), wanted.user());
    }
    if (wanted.host() != null) {
      Backend there = backends.at(wanted.host(), wanted.port(), wanted.tls());
      return there == null ? null : to(there);
    }
    for (RouteSettings rule : rules) {
      if (rule.fits(wanted.user(), wanted.protocol(), wanted.cameTo())) {
        return named(rule.to(), wanted.user());
      }
    }
    if (!groups.isEmpty()) {
      return named(groups.keySet().iterator().next(), wanted.user());
    }
    Map<String, Integer> all = new LinkedHashMap<>();
    backends.homes().forEach(name -> all.put(name, 1));
    return home(all, wanted.user());
  }

  private @Nullable Route named(String name, String user) {
    GroupSettings group = groups.get(name);
    if (group == null) {
      Backend backend = backends.named(name);
      return backend == null ? null : to(backend);
    }
    Map<String, Integer> weights = new LinkedHashMap<>();
    List<Backend> spare = new ArrayList<>();
    group.backends().forEach((member, settings) -> put(member, settings, weights, spare));
    return switch (group.mail()) {
      case SHARED -> new Route(name, ranked(weights, user), spare, Approach.USUAL);
      case SPLIT -> home(weights, user);
    };
  }

  private void put(
      String member, MemberSettings settings, Map<String, Integer> weights, List<Backend> spare) {
    Backend backend = backends.named(member);
    if (backend != null && settings.weight() == 0) {
      spare.add(backend);
    } else if (backend != null) {
      weights.put(member, settings.weight());
    }
  }

  private List<Backend> ranked(Map<String, Integer> weights, String user) {
    List<Backend> ranked = new ArrayList<>();
    for (String name : Rendezvous.rank(weights, user)) {
      Backend backend = backends.named(name);
      if (backend != null) {
        ranked.add(backend);
      }
    }
    return ranked;
  }

  /// To the one of several that has the user's mail.
  private @Nullable Route home(Map<String, Integer> weights, String user) {
    List<Backend> ranked = ranked(weights, user);
    return ranked.isEmpty() ? null : to(ranked.getFirst());
  }
}
