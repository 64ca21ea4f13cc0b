package dormouse.testkit;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/// A private dnsmasq, a DNS server that knows one name, on a port of 127.0.0.1. Needs Debian's `dnsmasq-base`. Any thread.
public final class DnsmasqServer implements AutoCloseable {
  private final PrivateServer server;
  private final InetSocketAddress address;

  private DnsmasqServer(int port, String record) {
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    Path home = PrivateServer.home("dnsmasq");
    server =
        PrivateServer.start(
            home,
            line -> line.contains(" started, "),
            "/usr/sbin/dnsmasq",
            "--no-daemon",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--port=" + port,
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--host-record=" + record,
            "--log-queries",
            "--log-facility=-",
            "--pid-file=",
            "--user=");
  }

  /// Starts one that says where a host is.
  ///
  /// @param ttl for so many seconds
  public static DnsmasqServer start(String name, String ip, int ttl) {
    return at(FreePort.next(), name, ip, ttl);
  }

  /// Starts another in the place of one that was closed.
  public DnsmasqServer instead(String name, String ip, int ttl) {
    return at(address.getPort(), name, ip, ttl);
  }

  private static DnsmasqServer at(int port, String name, String ip, int ttl) {
    return new DnsmasqServer(port, name + "," + ip + "," + ttl);
  }

  public InetSocketAddress address() {
    return address;
  }

  /// How often it was asked for the IPv4 addresses of a name.
  public long queries(String name) {
    return server.log().stream().filter(line -> line.contains(" query[A] " + name + " ")).count();
  }

  @Override
  public void close() {
    server.close();
  }
}
