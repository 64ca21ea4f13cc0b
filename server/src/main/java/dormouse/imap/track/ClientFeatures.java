package dormouse.imap.track;

import dormouse.imap.view.Told;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What a client has switched on in its session (RFC 5161, RFC 7162): which forms of responses it understands, and
/// what a new backend connection must ENABLE to speak with it as the old one did.
///
/// Lives on its session's event loop.
public final class ClientFeatures {
  private final TreeSet<String> enabled = new TreeSet<>();
  private boolean condstore;

  /// All that is to it. Immutable.
  ///
  /// @param enabled names, separated by spaces
  public record Rest(String enabled, boolean condstore) {}

  public ClientFeatures() {}

  /// What [#rest] has kept.
  public ClientFeatures(Rest rest) {
    enabled(rest.enabled());
    condstore = rest.condstore();
  }

  public Rest rest() {
    return new Rest(String.join(" ", enabled), condstore);
  }

  /// The backend has said `* ENABLED` with these names.
  public void enabled(String names) {
    for (String name : names.toUpperCase(Locale.ROOT).trim().split(" ")) {
      if (!name.isEmpty()) {
        enabled.add(name);
      }
    }
  }

  /// The client used a CONDSTORE-enabling command (RFC 7162 §3.1).
  public void mentionedModseq() {
    condstore = true;
  }

  public Told told() {
    if (enabled.contains("QRESYNC")) {
      return Told.QRESYNC;
    }
    return condstore || enabled.contains("CONDSTORE") ? Told.CONDSTORE : Told.PLAIN;
  }

  /// Whether IMAP4rev2 is on, in which no RECENT is sent.
  public boolean rev2() {
    return enabled.contains("IMAP4REV2");
  }

  /// Whether mailbox names are UTF-8 and not modified UTF-7 (RFC 6855 §3, RFC 9051 §5.1).
  public boolean utf8() {
    return rev2() || enabled.contains("UTF8=ACCEPT") || enabled.contains("UTF8=ONLY");
  }

  /// Whether messages have no numbers for the client, only UIDs (RFC 9586).
  public boolean uidOnly() {
    return enabled.contains("UIDONLY");
  }

  /// How the client takes mailbox names: 0 in modified UTF-7, 1 in UTF-8, 2 as IMAP4rev2 has them.
  public int names() {
    return rev2() ? 2 : utf8() ? 1 : 0;
  }

  /// What it has enabled, upper case.
  public Set<String> enabledNames() {
    return Collections.unmodifiableSet(enabled);
  }

  /// The names for ENABLE on a new connection, separated by spaces; "" for none.
  ///
  /// @param already what is enabled there
  public String toEnable(Set<String> already) {
    return enabled.stream()
        .filter(name -> !already.contains(name))
        .collect(Collectors.joining(" "));
  }

  /// Whether the arguments of `* ENABLED` responses name all that must be on.
  ///
  /// @param names separated by spaces
  public boolean areIn(String names) {
    return List.of(names.toUpperCase(Locale.ROOT).trim().split(" +")).containsAll(enabled);
  }

  /// Whether CONDSTORE is on without ENABLE, so that a new SELECT must ask for it.
  public boolean implicitCondstore() {
    return condstore && !enabled.contains("CONDSTORE") && !enabled.contains("QRESYNC");
  }
}
