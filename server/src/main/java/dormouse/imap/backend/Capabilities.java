package dormouse.imap.backend;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// A capability list (RFC 9051 §7.2.2), in the order and spelling in which it came. Immutable.
public final class Capabilities {
  /// A backend says the same at each login.
  private static final Map<String, Capabilities> KNOWN = new ConcurrentHashMap<>();

  private static final int MAX_KNOWN = 256;

  private final Map<String, String> names = new LinkedHashMap<>(); // upper case → as spelled

  private Capabilities(String list) {
    for (String name : list.trim().split(" +")) {
      if (!name.isEmpty()) {
        names.putIfAbsent(name.toUpperCase(Locale.ROOT), name);
      }
    }
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
    StringBuilder list = new StringBuilder();
    names.forEach((name, spelled) -> {
      if (!endsHere(name)) {
        list.append(list.isEmpty() ? "" : " ").append(spelled);
      }
    });
    return list + (compress ? " COMPRESS=DEFLATE" : "");
  }

  private static boolean endsHere(String name) {
    return name.startsWith("AUTH=")
        || name.startsWith("COMPRESS=")
        || name.equals("STARTTLS")
        || name.equals("LOGINDISABLED")
        || name.equals("SASL-IR")
        || name.equals("UNAUTHENTICATE");
  }

  /// What can be known of a mailbox's changes on this backend (HIBERNATION §3.0).
  public ChangeTracking changeTracking() {
    if (has("QRESYNC")) {
      return ChangeTracking.QRESYNC;
    }
    return has("CONDSTORE") ? ChangeTracking.CONDSTORE : ChangeTracking.NONE;
  }

  @Override
  public String toString() {
    return String.join(" ", names.values());
  }
}
