package dormouse.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// Where operators look in.
///
/// @param address serves `/metrics` and `/health`, without a password: keep it where only you can reach it. None: not
///     served
public record AdminSettings(@Nullable InetSocketAddress address) {
  public static final AdminSettings DEFAULT =
      new AdminSettings(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8080));
}
