package dormouse.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/// Clients of any address in the world, as the PROXY header of a proxy on this machine says. Any thread.
public final class BehindProxy {
  private static final byte[] SIGNATURE = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a");
  private static final int PORT = 40_001;

  private BehindProxy() {}

  /// One that is announced by a header of version 1, greeted.
  public static ImapClient version1(Endpoint endpoint, String from) throws IOException {
    boolean v4 = from.indexOf(':') < 0;
    String header =
        "PROXY %s %s %s %d 143\r\n"
            .formatted(v4 ? "TCP4" : "TCP6", from, v4 ? "192.0.2.1" : "2001:db8::1", PORT);
    return saying(endpoint, header.getBytes(ISO_8859_1));
  }

  /// The same by version 2.
  public static ImapClient version2(Endpoint endpoint, String from) throws IOException {
    return version2(endpoint, from, new byte[0]);
  }

  /// One that has shown the proxy a certificate that is made out to this name.
  public static ImapClient certified(Endpoint endpoint, String from, String name)
      throws IOException {
    byte[] text = name.getBytes(UTF_8);
    ByteBuffer tls = ByteBuffer.allocate(3 + 5 + 3 + text.length);
    tls.put((byte) 0x20).putShort((short) (5 + 3 + text.length));
    tls.put((byte) (1 | 2 | 4)).putInt(0); // over TLS, by a certificate, which is good
    tls.put((byte) 0x22).putShort((short) text.length).put(text);
    return version2(endpoint, from, tls.array());
  }

  private static ImapClient version2(Endpoint endpoint, String from, byte[] more)
      throws IOException {
    InetAddress address = InetAddress.ofLiteral(from);
    boolean v4 = address instanceof Inet4Address;
    byte[] here = InetAddress.ofLiteral(v4 ? "192.0.2.1" : "2001:db8::1").getAddress();
    int length = 2 * here.length + 4 + more.length;
    ByteBuffer header = ByteBuffer.allocate(SIGNATURE.length + 4 + length);
    header.put(SIGNATURE).put((byte) 0x21).put((byte) (v4 ? 0x11 : 0x21)).putShort((short) length);
    header.put(address.getAddress()).put(here).putShort((short) PORT).putShort((short) 143);
    header.put(more);
    return saying(endpoint, header.array());
  }

  private static ImapClient saying(Endpoint endpoint, byte[] header) throws IOException {
    Socket socket = new Socket(endpoint.host(), endpoint.port());
    socket.getOutputStream().write(header);
    return ImapClient.over(socket);
  }
}
