package dormouse.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/// A listener: what clients speak on it, where it is, and how they come to TLS.
///
/// @param protocol what clients speak
/// @param address an address of this machine; port 0 is any free port
/// @param tls how clients come to TLS
public record ListenSettings(
    Protocol protocol, @Required InetSocketAddress address, ListenTls tls) {
  /// What a listener of the file has that says nothing else; its address must be said.
  public static final ListenSettings DEFAULT =
      new ListenSettings(
          Protocol.IMAP,
          new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 993),
          ListenTls.IMPLICIT);

  public ListenSettings {
    new Checks()
        .that(!address.isUnresolved(), "address", "an address of this machine by number")
        .done();
  }
}
