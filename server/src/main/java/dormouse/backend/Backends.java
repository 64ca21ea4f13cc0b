package dormouse.backend;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import io.netty.util.NetUtil;
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

  private record Place(
      String entry, String host, int port, BackendTls tls, @Nullable String tlsName) {}

  private record Asked(Host host, int port, @Nullable BackendTls tls) {
    /// Whether an entry of that name or address can be what is meant.
    boolean allows(BackendSettings entry) {
      return entry.isReachedBy(port, tls)
          && (host.ip() == null || !isNumber(entry.host()) || entry.host().equals(host.ip()));
    }

    private static boolean isNumber(String host) {
      return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    BackendSettings after(BackendSettings pattern) {
      if (host.ip() == null) {
        return pattern.at(host.name(), port, tls);
      }
      BackendSettings there = pattern.at(host.ip(), port, tls);
      return there.tls() == BackendTls.NONE || pattern.tlsName() != null
          ? there
          : there.withTlsName(host.name());
    }
  }

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

  /// The one that is where it is said to be: an entry of that name, else one at that address, else one made after the first entry whose pattern
  /// fits; else null. An entry that contradicts, by its port, its TLS, or an address by number that is not the host's, is not meant.
  ///
  /// @param port 0: whichever the entry has
  /// @param tls null: whichever the entry has
  public @Nullable Backend at(Host host, int port, @Nullable BackendTls tls) {
    Asked asked = new Asked(host, port, tls);
    Backend before = known.get(asked);
    if (before != null) {
      return before;
    }
    Backend at = sought(asked);
    if (at != null && known.size() < MAX_FOUND) {
      known.put(asked, at);
    }
    return at;
  }

  private @Nullable Backend sought(Asked asked) {
    Host host = asked.host();
    Backend named = named(host.name());
    if (named != null && asked.allows(named.settings())) {
      return named;
    }
    Backend there = atAddress(host.name(), asked);
    if (there == null && host.ip() != null) {
      there = atAddress(host.ip(), asked);
    }
    if (there == null) {
      there = fitting(host.name(), asked);
    }
    return there == null && host.ip() != null ? fitting(host.ip(), asked) : there;
  }

  private @Nullable Backend atAddress(String address, Asked asked) {
    for (Backend entry : entries.values()) {
      if (entry.settings().host().equalsIgnoreCase(address) && asked.allows(entry.settings())) {
        return entry;
      }
    }
    return null;
  }

  private @Nullable Backend fitting(String host, Asked asked) {
    for (Backend entry : entries.values()) {
      if (entry.settings().fits(host)) {
        return found(entry, asked.after(entry.settings()));
      }
    }
    return null;
  }

  private @Nullable Backend found(Backend entry, BackendSettings at) {
    Place place = new Place(entry.name(), at.host(), at.port(), at.tls(), at.tlsName());
    return found.size() < MAX_FOUND
        ? found.computeIfAbsent(place, _ -> entry.at(at))
        : found.get(place);
  }
}
