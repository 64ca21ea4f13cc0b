package dormouse.backend;

import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import java.net.InetSocketAddress;
import java.util.List;

/// The resolver of backends' names: by /etc/hosts and the DNS, without blocking; each event loop keeps answers as long as their TTL says.
public final class Names {
  private Names() {}

  /// A resolver for all backends; the caller closes it.
  ///
  /// @param servers DNS servers, asked in turn; empty: those of /etc/resolv.conf
  /// @param epoll whether the event loops are native epoll ones
  public static DnsAddressResolverGroup resolver(List<InetSocketAddress> servers, boolean epoll) {
    DnsNameResolverBuilder builder =
        new DnsNameResolverBuilder()
            .datagramChannelType(epoll ? EpollDatagramChannel.class : NioDatagramChannel.class);
    if (!servers.isEmpty()) {
      builder.nameServerProvider(new SequentialDnsServerAddressStreamProvider(servers));
    }
    return new DnsAddressResolverGroup(builder);
  }
}
