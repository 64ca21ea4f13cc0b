package dormouse.config;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Values as operators write them: `15s`, `64KiB`, `[::1]:993`. What cannot be read is `null` or empty, never thrown;
/// what is shown can be read again.
public final class Units {
  private static final Pattern DURATION = Pattern.compile("(\\d{1,15})(ms|s|m|h|d)");
  private static final Pattern SIZE = Pattern.compile("(\\d{1,15})(B|KiB|MiB|GiB)?");
  private static final Pattern HOST_PORT =
      Pattern.compile(
          "(?:\\[(?<v6>[0-9A-Fa-f:.*]{2,45}(?:%\\w+)?)]|(?<host>[\\w.*-]{1,253}))(?::(?<port>\\d{1,5}))?");
  private static final Pattern NUMERIC_HOST = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  private Units() {}

  /// A host, by name or number, and a port. `port` is 0 if none was written.
  public record HostPort(String host, int port) {}

  /// A duration: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
  public static @Nullable Duration duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    long number = Long.parseLong(matcher.group(1));
    try {
      return switch (matcher.group(2)) {
        case "ms" -> Duration.ofMillis(number);
        case "s" -> Duration.ofSeconds(number);
        case "m" -> Duration.ofMinutes(number);
        case "h" -> Duration.ofHours(number);
        default -> Duration.ofDays(number);
      };
    } catch (ArithmeticException _) {
      return null;
    }
  }

  /// The shortest text that [#duration(String)] reads as the same.
  public static String show(Duration duration) {
    long millis = duration.toMillis();
    if (millis % 1000 != 0) {
      return millis + "ms";
    }
    long seconds = millis / 1000;
    if (seconds == 0 || seconds % 60 != 0) {
      return seconds + "s";
    }
    return seconds % 3600 == 0 ? seconds / 3600 + "h" : seconds / 60 + "m";
  }

  /// A size in bytes: a whole number and nothing, `B`, `KiB`, `MiB` or `GiB`. Empty if malformed or over 2 GiB.
  public static OptionalInt bytes(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      return OptionalInt.empty();
    }
    String unit = matcher.group(2);
    int shift =
        switch (unit == null ? "B" : unit) {
          case "KiB" -> 10;
          case "MiB" -> 20;
          case "GiB" -> 30;
          default -> 0;
        };
    long number = Long.parseLong(matcher.group(1));
    return number <= Integer.MAX_VALUE >> shift
        ? OptionalInt.of((int) (number << shift))
        : OptionalInt.empty();
  }

  /// The shortest text that [#bytes(String)] reads as the same.
  public static String showBytes(int bytes) {
    if (bytes == 0 || bytes % 1024 != 0) {
      return Integer.toString(bytes);
    }
    return bytes % (1024 * 1024) == 0 ? bytes / (1024 * 1024) + "MiB" : bytes / 1024 + "KiB";
  }

  /// A host, or a pattern of hosts, with or without a port: `mail.example.org`, `10.0.0.1:143`, `[::1]:993`, `10.0.0.*`, `[fd00:*]`.
  public static @Nullable HostPort hostPort(String text) {
    Matcher matcher = HOST_PORT.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    String port = matcher.group("port");
    int number = port == null ? 0 : Integer.parseInt(port);
    if (number > 65535 || (port != null && number == 0)) {
      return null;
    }
    String v6 = matcher.group("v6");
    if (v6 != null && v6.indexOf('*') >= 0 && v6.indexOf(':') < 0) {
      return null; // a pattern of what is no number of IPv6
    }
    return new HostPort(v6 == null ? matcher.group("host") : v6, number);
  }

  /// A host as it is compared with others: an address of IPv6 in the one form of RFC 5952, a name as it is.
  public static String host(String text) {
    if (text.indexOf(':') < 0 || isScoped(text)) {
      return text;
    }
    try {
      return NetUtil.toAddressString(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException _) {
      return text;
    }
  }

  /// Whether a host is an address by number.
  public static boolean isNumber(String host) {
    return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
  }

  /// Whether it is an address of IPv6 that holds on one link alone (RFC 4007 §11): connections are made without that.
  public static boolean isScoped(String host) {
    return host.indexOf(':') >= 0 && host.indexOf('%') >= 0;
  }

  /// An address of this machine to listen on: a number, never a name that had to be looked up, and a port, where 0 is
  /// any free one.
  public static @Nullable InetSocketAddress listenAddress(String text) {
    int colon = text.lastIndexOf(':');
    OptionalLong port = colon < 0 ? OptionalLong.empty() : port(text.substring(colon + 1));
    if (port.isEmpty()) {
      return null;
    }
    HostPort host = hostPort(text.substring(0, colon));
    if (host == null || host.port() != 0) {
      return null;
    }
    boolean v6 = host.host().indexOf(':') >= 0;
    if (!v6 && !NUMERIC_HOST.matcher(host.host()).matches() && !host.host().equals("localhost")) {
      return null;
    }
    try {
      String number = host.host().equals("localhost") ? "127.0.0.1" : host.host();
      return new InetSocketAddress(InetAddress.ofLiteral(number), (int) port.getAsLong());
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /// The text that [#listenAddress(String)] reads as the same.
  public static String show(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    String host = ip == null ? address.getHostString() : ip.getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static OptionalLong port(String text) {
    if (!text.matches("\\d{1,5}")) {
      return OptionalLong.empty();
    }
    long port = Long.parseLong(text);
    return port <= 65535 ? OptionalLong.of(port) : OptionalLong.empty();
  }
}
