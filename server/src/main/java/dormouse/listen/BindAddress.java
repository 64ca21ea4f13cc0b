package dormouse.listen;

import dormouse.config.ListenSettings;
import dormouse.tcp.TcpListener;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/// What a listener's sockets are bound to. Immutable.
///
/// @param ipv6Only whether clients of IPv4 are another listener's: `[::]` beside `0.0.0.0` of the same port; alone it is for both
public record BindAddress(InetSocketAddress address, boolean ipv6Only) {
  private static final int IPPROTO_IPV6 = 41;

  private static final TcpListener.Option IPV6_V6ONLY = new TcpListener.Option(IPPROTO_IPV6, 26, 1);
  private static final InetAddress ALL_OF_IPV4 = InetAddress.ofLiteral("0.0.0.0");

  /// That of one listener.
  ///
  /// @param all the listeners there are to be
  static BindAddress of(ListenSettings one, List<ListenSettings> all) {
    InetSocketAddress address = one.address();
    InetSocketAddress ofIpv4 = new InetSocketAddress(ALL_OF_IPV4, address.getPort());
    return new BindAddress(
        address,
        address.getPort() != 0 // any free one is another's
            && address.getAddress() instanceof Inet6Address ipv6
            && ipv6.isAnyLocalAddress()
            && all.stream().anyMatch(other -> other.address().equals(ofIpv4)));
  }

  int port() {
    return address.getPort();
  }

  /// Whether who listens there may have clients that come here.
  boolean overlaps(InetSocketAddress other) {
    return overlap(address, other);
  }

  /// Whether who listens at one of two addresses may have clients that come to the other.
  public static boolean overlap(InetSocketAddress one, InetSocketAddress other) {
    return one.getPort() == other.getPort()
        && (one.getAddress().isAnyLocalAddress() || other.getAddress().isAnyLocalAddress());
  }

  /// Of its sockets, beside what clients inherit.
  List<TcpListener.Option> options() {
    return ipv6Only ? List.of(IPV6_V6ONLY) : List.of();
  }
}
