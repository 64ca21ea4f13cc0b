package dormouse.imap.backend;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/// A capability list (RFC 9051 §7.2.2), in the order and spelling in which it came. Immutable.
public final class Capabilities {
  /// A backend says the same at each login.
  private static final Map<String, Capabilities> KNOWN = new ConcurrentHashMap<>();

  private static final int MAX_KNOWN = 256;

  private final Map<String, String> names = new LinkedHashMap<>(); // upper case → as spelled
  private final String text;
  private final String forClient;
  private final BackendFeatures features;

  private Capabilities(String list) {
    for (String name : list.trim().split(" +")) {
      if (!name.isEmpty()) {
        names.putIfAbsent(name.toUpperCase(Locale.ROOT), name);
      }
    }
    this.text = String.join(" ", names.values());
    this.forClient =
        names.entrySet().stream()
            .filter(each -> !endsHere(each.getKey()))
            .map(Map.Entry::getValue)
            .collect(Collectors.joining(" "));
    this.features = BackendFeatures.of(names.keySet());
  }

  /// Reads names separated by spaces; never fails.
  public static Capabilities parse(String list) {
    Capabilities known = KNOWN.get(list);
    if (known != null) {
      return known;
    }
    Capabilities read = new Capabilities(list);
    if (KNOWN.size() < MAX_KNOWN) {
      KNOWN.put(list, read);
    }
    return read;
  }

  /// @param name upper case
  public boolean has(String name) {
    return names.containsKey(name);
  }

  /// What the client of a logged-in session is told: the backend's list less what ends in Dormouse, and COMPRESS=DEFLATE,
  /// which is Dormouse's own. Login mechanisms and STARTTLS are done with, the backend's COMPRESS would hide the stream
  /// from the tracker, and UNAUTHENTICATE (RFC 8437) would leave the session without its user.
  ///
  /// @param compress whether the client may compress
  public String forClient(boolean compress) {
    return compress ? forClient + " COMPRESS=DEFLATE" : forClient;
  }

  private static boolean endsHere(String name) {
    return name.startsWith("AUTH=")
        || name.startsWith("COMPRESS=")
        || name.equals("STARTTLS")
        || name.equals("LOGINDISABLED")
        || name.equals("SASL-IR")
        || name.equals("UNAUTHENTICATE");
  }

  /// What Dormouse can do with a backend that offers these.
  public BackendFeatures features() {
    return features;
  }

  @Override
  public String toString() {
    return text;
  }
}
