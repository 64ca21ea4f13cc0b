package dormouse.backend;

import org.jspecify.annotations.Nullable;

/// Where a backend is, as a directory or a referral says. Immutable.
///
/// @param name of an entry of the settings, or of the host, or its number; the host's certificate is made out to it
/// @param ip by number, what is dialled in place of the name (Dovecot: `hostip`), as far as [Backends#at] lets it; null: what the name stands for
public record Host(String name, @Nullable String ip) {
  public Host {
    ip = name.equals(ip) ? null : ip;
  }

  /// Whether it is no place, but could be many.
  public boolean isPattern() {
    return name.indexOf('*') >= 0;
  }
}
