package dormouse.session;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.zip.CRC32;

/// When to say `* OK Still here`: all connections of one device in the same second, so that they wake its radio once.
///
/// Dovecot: `imap_keepalive_interval_msecs`. Pure functions.
public final class KeepAlivePhase {
  private static final int IPV6_NETWORK_BYTES = 8;

  private KeepAlivePhase() {}

  /// How long from now until the next keep-alive of everybody with this hash: above zero, at most the interval.
  ///
  /// @param interval at least 1 ms
  /// @param hash of [#hashOf]; its seconds set the phase
  public static Duration untilNext(Instant now, Duration interval, int hash) {
    long intervalMillis = interval.toMillis();
    long phaseMillis = Integer.toUnsignedLong(hash) * 1000;
    return Duration.ofMillis(
        intervalMillis - Math.floorMod(now.toEpochMilli() + phaseMillis, intervalMillis));
  }

  /// What connections of one device have in common: a public address (of IPv6 its /64, within which devices change
  /// theirs), else the user, as then many devices share a gateway's address.
  public static int hashOf(InetAddress client, String user) {
    if (!isPublic(client)) {
      return crc32(user.getBytes(StandardCharsets.UTF_8));
    }
    byte[] address = client.getAddress();
    return crc32(
        client instanceof Inet6Address ? Arrays.copyOf(address, IPV6_NETWORK_BYTES) : address);
  }

  /// Neither of this host or link, nor private (RFC 1918, RFC 4193 `fc00::/7`), nor shared by a carrier (RFC 6598
  /// `100.64.0.0/10`).
  private static boolean isPublic(InetAddress address) {
    if (address.isAnyLocalAddress()
        || address.isLoopbackAddress()
        || address.isLinkLocalAddress()
        || address.isSiteLocalAddress()
        || address.isMulticastAddress()) {
      return false;
    }
    byte[] bytes = address.getAddress();
    if (address instanceof Inet6Address) {
      return (bytes[0] & 0xFE) != 0xFC;
    }
    return bytes[0] != 100 || (bytes[1] & 0xC0) != 64;
  }

  private static int crc32(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
