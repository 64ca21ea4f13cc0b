package dormouse.backend;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.Units;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The mail servers of the settings, and those that a directory names by host where an entry allows that: one with a pattern as its address, or
/// one whose certificate is checked, at another number. Any thread.
public final class Backends {
  /// Why none is meant, for the log: there is none.
  public static final String NONE = "no such backend in the settings";

  /// Why the one that is there is not meant, for the log.
  public static final String OTHERWISE = "the backend has another port or TLS";

  /// How many hosts a directory may name; more are a fault of the directory.
  private static final int MAX_FOUND = 10_000;

  /// The safety of one that has to prove who it is.
  private static final int CHECKED = 2;

  private record Place(
      String entry, String host, int port, BackendTls tls, @Nullable String tlsName) {}

  /// Who is found, where: as in the settings, or not.
  private record Meant(Backend entry, BackendSettings at) {}

  private record Asked(Host host, int port, @Nullable BackendTls tls) {
    BackendSettings after(BackendSettings pattern) {
      return pattern.at(host.name(), port, tls);
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
  /// No directory has a password go where the settings do not: one that is found by a name is dialled at the host's number only if its certificate
  /// is checked for the name, or an entry is at that number and port, or a pattern fits it, which is not reached more safely, and to which the same
  /// master user logs in, if any does.
  ///
  /// @param port 0: whichever the entry has
  /// @param tls null: whichever the entry has
  public @Nullable Backend at(Host host, int port, @Nullable BackendTls tls) {
    Asked asked = new Asked(host, port, tls);
    Backend before = known.get(asked);
    if (before != null) {
      return before;
    }
    Meant meant = sought(asked);
    Backend at = meant == null ? null : backend(meant);
    if (at != null && known.size() < MAX_FOUND) {
      known.put(asked, at);
    }
    return at;
  }

  /// Why [#at] finds none, for the log.
  public String nowhere(Host host, int port, @Nullable BackendTls tls) {
    if (host.isPattern()) {
      return "a pattern is no host";
    }
    if (sought(new Asked(host, port, tls)) != null) {
      return "more hosts are named than the " + MAX_FOUND + " that may be";
    }
    Host anywhere = new Host(host.name(), null);
    Meant there = sought(new Asked(anywhere, port, tls));
    if (there != null) {
      return Units.isNumber(there.at().host())
          ? "the backend has another number than that hostip"
          : "no password may go to that hostip";
    }
    boolean otherwise =
        sought(new Asked(host, 0, null)) != null || sought(new Asked(anywhere, 0, null)) != null;
    return otherwise ? OTHERWISE : NONE;
  }

  private @Nullable Meant sought(Asked asked) {
    String name = asked.host().name();
    String ip = asked.host().ip();
    Backend named = named(name);
    Meant there = named == null ? null : meant(named, asked);
    if (there == null && asked.host().isPattern()) {
      return null;
    }
    if (there == null) {
      there = atAddress(name, asked);
    }
    if (there == null && ip != null) {
      there = atAddress(ip, asked);
    }
    return there == null ? fitting(asked) : there;
  }

  private @Nullable Meant atAddress(String address, Asked asked) {
    for (Backend entry : entries.values()) {
      Meant there = entry.settings().host().equalsIgnoreCase(address) ? meant(entry, asked) : null;
      if (there != null) {
        return there;
      }
    }
    return null;
  }

  private @Nullable Meant meant(Backend entry, Asked asked) {
    BackendSettings settings = entry.settings();
    BackendSettings at =
        settings.isReachedBy(asked.port(), asked.tls())
            ? dialled(settings, asked.host().ip())
            : null;
    return at == null ? null : new Meant(entry, at);
  }

  /// Where one is dialled that is found by a name; null if it is not at that number, or may not be.
  private @Nullable BackendSettings dialled(BackendSettings named, @Nullable String ip) {
    if (ip == null || ip.equals(named.host())) {
      return named;
    }
    if (Units.isNumber(named.host())) {
      return null;
    }
    BackendSettings there = atIp(named, ip);
    return safety(there) == CHECKED || isAllowed(there) ? there : null;
  }

  private static BackendSettings atIp(BackendSettings named, String ip) {
    BackendSettings there = named.at(ip, 0, null);
    return there.tls() == BackendTls.NONE || named.tlsName() != null
        ? there
        : there.withTlsName(named.host());
  }

  /// Whether these passwords may go there, and no more safely.
  private boolean isAllowed(BackendSettings there) {
    return entries.values().stream()
        .map(Backend::settings)
        .anyMatch(entry ->
            isAt(entry, there)
                && safety(entry) <= safety(there)
                && (there.loginAs().user() == null || entry.loginAs().equals(there.loginAs())));
  }

  private static boolean isAt(BackendSettings entry, BackendSettings there) {
    return entry.fits(there.host())
        || (entry.host().equals(there.host()) && entry.port() == there.port());
  }

  private static int safety(BackendSettings of) {
    if (of.tls() == BackendTls.NONE) {
      return 0;
    }
    return of.verify() ? CHECKED : 1;
  }

  private @Nullable Meant fitting(Asked asked) {
    String ip = asked.host().ip();
    for (Backend entry : entries.values()) {
      BackendSettings pattern = entry.settings();
      BackendSettings at =
          pattern.fits(asked.host().name()) ? dialled(asked.after(pattern), ip) : null;
      if (at != null) {
        return new Meant(entry, at);
      }
    }
    for (Backend entry : entries.values()) {
      if (ip != null && entry.settings().fits(ip)) {
        return new Meant(entry, atIp(asked.after(entry.settings()), ip));
      }
    }
    return null;
  }

  /// Null if too many hosts have been named: then it is nobody, rather than another who fits less well.
  private @Nullable Backend backend(Meant meant) {
    Backend entry = meant.entry();
    BackendSettings at = meant.at();
    if (at.equals(entry.settings())) {
      return entry;
    }
    Place place = new Place(entry.name(), at.host(), at.port(), at.tls(), at.tlsName());
    return found.size() < MAX_FOUND
        ? found.computeIfAbsent(place, _ -> entry.at(at))
        : found.get(place);
  }
}
