package dormouse.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/// A listener: what clients speak on it, where it is, and how they come to TLS.
///
/// @param protocol what clients speak
/// @param address an address of this machine; port 0 is any free port
/// @param tls how clients come to TLS
/// @param proxyProtocolFrom networks of the proxies before this listener; when there are any, every connection must come from
///     one of them and begin with a PROXY header
public record ListenSettings(
    Protocol protocol,
    @Required InetSocketAddress address,
    ListenTls tls,
    List<Network> proxyProtocolFrom) {
  /// What a listener of the file has that says nothing else; its address must be said.
  public static final ListenSettings DEFAULT =
      new ListenSettings(
          Protocol.IMAP,
          new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 993),
          ListenTls.IMPLICIT,
          List.of());

  public ListenSettings {
    new Checks()
        .that(!address.isUnresolved(), "address", "an address of this machine by number")
        .done();
    proxyProtocolFrom = List.copyOf(proxyProtocolFrom);
  }

  /// A listener without a proxy before it.
  public ListenSettings(Protocol protocol, InetSocketAddress address, ListenTls tls) {
    this(protocol, address, tls, List.of());
  }
}
