package dormouse.backend;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The mail servers of the settings, and those that a directory names by host where an entry with a pattern as its address
/// allows that. Any thread.
public final class Backends {
  /// How many hosts a directory may name; more are a fault of the directory.
  private static final int MAX_FOUND = 10_000;

  private record Place(String entry, String host, int port, BackendTls tls) {}

  private record Asked(String host, int port, @Nullable BackendTls tls) {}

  private final Map<String, Backend> entries;
  private final List<String> homes;
  private final Map<Place, Backend> found = new ConcurrentHashMap<>();
  private final Map<Asked, Backend> known = new ConcurrentHashMap<>(); // each login asks

  /// @param entries by name, in the order of the settings
  /// @param before those of the settings before; what a directory has named is kept as far as its entry is the same
  public Backends(Map<String, Backend> entries, @Nullable Backends before) {
    this.entries = new LinkedHashMap<>(entries);
    this.homes =
        entries.entrySet().stream()
            .filter(entry -> !entry.getValue().settings().isPattern())
            .map(Map.Entry::getKey)
            .toList();
    if (before != null) {
      before.found.forEach((place, backend) -> {
        if (entries.get(place.entry()) == before.entries.get(place.entry())) {
          found.put(place, backend);
        }
      });
    }
  }

  /// The names of those that users can have a home on: all that have an address.
  public Collection<String> homes() {
    return homes;
  }

  /// The one of this name, if it has an address; else null.
  public @Nullable Backend named(String name) {
    Backend entry = entries.get(name);
    return entry == null || entry.settings().isPattern() ? null : entry;
  }

  /// The one at an address: an entry that has it, else one made after the first entry whose pattern it fits; else null.
  ///
  /// @param host by name or number, or the name of an entry
  /// @param port 0: whichever the entry has
  /// @param tls null: whichever the entry has
  public @Nullable Backend at(String host, int port, @Nullable BackendTls tls) {
    Asked asked = new Asked(host, port, tls);
    Backend before = known.get(asked);
    if (before != null) {
      return before;
    }
    Backend at = sought(host, port, tls);
    if (at != null && known.size() < MAX_FOUND) {
      known.put(asked, at);
    }
    return at;
  }

  private @Nullable Backend sought(String host, int port, @Nullable BackendTls tls) {
    Backend named = named(host);
    if (named != null) {
      return named;
    }
    for (Backend entry : entries.values()) {
      BackendSettings settings = entry.settings();
      if (settings.host().equalsIgnoreCase(host)
          && (port == 0 || port == settings.port())
          && (tls == null || tls == settings.tls())) {
        return entry;
      }
    }
    for (Backend entry : entries.values()) {
      if (entry.settings().fits(host)) {
        return found(entry, entry.settings().at(host, port, tls));
      }
    }
    return null;
  }

  private @Nullable Backend found(Backend entry, BackendSettings at) {
    Place place = new Place(entry.name(), at.host(), at.port(), at.tls());
    return found.size() < MAX_FOUND
        ? found.computeIfAbsent(place, _ -> entry.at(at))
        : found.get(place);
  }
}
