package dormouse.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where an HTTP auth daemon is, and what it is asked for. Immutable.
///
/// @param tls whether it is reached by `https`
/// @param host its name or number; `localhost` where it has a socket in the file system
/// @param port 1 to 65535
/// @param socket where that socket is; null if it is reached by TCP
/// @param uri what is asked for; begins with `/`
public record AuthUrl(boolean tls, String host, int port, @Nullable String socket, String uri) {
  private static final Pattern URL =
      Pattern.compile("(?:(?<scheme>https?)://)?(?<address>[^/?#\\s]+)(?<uri>/[!-~]*)?");

  /// As nginx has it; what is longer has no room in an address of the kernel's (unix(7)).
  private static final Pattern SOCKET =
      Pattern.compile("(?:http://)?unix:(?<socket>/[!-9;-~]{1,106})(?::(?<uri>/[!-~]*)?)?");

  /// By TCP.
  public AuthUrl(boolean tls, String host, int port, String uri) {
    this(tls, host, port, null, uri);
  }

  /// Reads a URL, whose `http://` may be left out as in nginx, or `unix:`, a path, `:` and a URI; null if it is none.
  static @Nullable AuthUrl parse(String text) {
    Matcher socket = SOCKET.matcher(text);
    if (socket.matches()) {
      return new AuthUrl(
          false, "localhost", 80, socket.group("socket"), orRoot(socket.group("uri")));
    }
    Matcher url = URL.matcher(text);
    Units.HostPort address = url.matches() ? Units.hostPort(url.group("address")) : null;
    if (address == null) {
      return null;
    }
    boolean tls = "https".equals(url.group("scheme"));
    int port = address.port() == 0 ? (tls ? 443 : 80) : address.port();
    return new AuthUrl(tls, address.host(), port, orRoot(url.group("uri")));
  }

  private static String orRoot(@Nullable String uri) {
    return uri == null ? "/" : uri;
  }

  @Override
  public String toString() {
    if (socket != null) {
      return "unix:" + socket + ":" + uri;
    }
    String name = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return (tls ? "https://" : "http://") + name + ":" + port + uri;
  }
}
