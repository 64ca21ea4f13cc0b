package dormouse.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where an HTTP auth daemon is, and what it is asked for. Immutable.
///
/// @param tls whether it is reached by `https`
/// @param host its name or number
/// @param port 1 to 65535
/// @param uri what is asked for; begins with `/`
public record AuthUrl(boolean tls, String host, int port, String uri) {
  private static final Pattern URL =
      Pattern.compile("(?:(?<scheme>https?)://)?(?<address>[^/?#\\s]+)(?<uri>/[!-~]*)?");

  /// Reads a URL, whose `http://` may be left out as in nginx; null if it is none.
  static @Nullable AuthUrl parse(String text) {
    Matcher url = URL.matcher(text);
    Units.HostPort address = url.matches() ? Units.hostPort(url.group("address")) : null;
    if (address == null) {
      return null;
    }
    boolean tls = "https".equals(url.group("scheme"));
    int port = address.port() == 0 ? (tls ? 443 : 80) : address.port();
    String uri = url.group("uri") == null ? "/" : url.group("uri");
    return new AuthUrl(tls, address.host(), port, uri);
  }

  @Override
  public String toString() {
    String name = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return (tls ? "https://" : "http://") + name + ":" + port + uri;
  }
}
