package dormouse.config;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Addresses that begin alike, as `10.0.0.0/8`, `2001:db8::/32` or the single `127.0.0.1`. Immutable.
///
/// @param address the first of them: bits behind the prefix are zero
/// @param bits how many bits they share; 0 to 32 or 128
public record Network(InetAddress address, int bits) {
  /// The network of a text; null if it is none. A name is none: nothing is looked up.
  public static @Nullable Network parse(String text) {
    int slash = text.indexOf('/');
    String host = slash < 0 ? text : text.substring(0, slash);
    try {
      InetAddress address = InetAddress.ofLiteral(host);
      int longest = address.getAddress().length * 8;
      String written = slash < 0 ? String.valueOf(longest) : text.substring(slash + 1);
      if (!written.matches("\\d{1,3}") || Integer.parseInt(written) > longest) {
        return null;
      }
      Network network = new Network(address, Integer.parseInt(written));
      return network.isFirst() ? network : null;
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /// Whether an address is one of these.
  public boolean contains(InetAddress other) {
    byte[] mine = address.getAddress();
    byte[] its = other.getAddress();
    if (mine.length != its.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit += 8) {
      int mask = bits - bit >= 8 ? 0xFF : 0xFF << (8 - (bits - bit)) & 0xFF;
      if (((mine[bit / 8] ^ its[bit / 8]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }

  /// Whether an address is in one of the networks.
  public static boolean contain(List<Network> networks, InetAddress address) {
    for (Network network : networks) {
      if (network.contains(address)) {
        return true;
      }
    }
    return false;
  }

  private boolean isFirst() {
    byte[] bytes = address.getAddress();
    for (int bit = bits; bit < bytes.length * 8; bit++) {
      if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return address.getHostAddress() + "/" + bits;
  }
}
