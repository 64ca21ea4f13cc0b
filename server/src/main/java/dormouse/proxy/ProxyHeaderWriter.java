package dormouse.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.session.Client;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// Writes the PROXY header that tells a backend for whom we come. Pure functions.
///
/// If the client's address and ours are of different families, as a proxy before us may tell it, the IPv4 one is
/// written as IPv6 (RFC 4291 §2.5.5.2).
public final class ProxyHeaderWriter {
  private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xFF, (byte) 0xFF};
  private static final byte VERSION_2_PROXY = 0x21;
  private static final byte TCP4 = 0x11;
  private static final byte TCP6 = 0x21;
  private static final int MAX_BYTES = 1024;

  private ProxyHeaderWriter() {}

  /// Version 1: a line with the addresses.
  ///
  /// @return the caller's own
  public static ByteBuf version1(Client client, ByteBufAllocator allocator) {
    boolean v4 = isV4(client);
    String line =
        (v4 ? "PROXY TCP4 " : "PROXY TCP6 ")
            + text(client.remote(), v4)
            + " "
            + text(client.local(), v4)
            + " "
            + client.remote().getPort()
            + " "
            + client.local().getPort()
            + "\r\n";
    return allocator.buffer(line.length()).writeBytes(line.getBytes(US_ASCII));
  }

  private static String text(InetSocketAddress address, boolean v4) {
    String host = address.getAddress().getHostAddress();
    boolean mapped = !v4 && address.getAddress().getAddress().length == 4;
    int scope = host.indexOf('%');
    return mapped ? "::ffff:" + host : scope < 0 ? host : host.substring(0, scope);
  }

  /// Version 2: the addresses, the name that the client asked for, its session's id, whether it speaks TLS, the common
  /// name of its certificate, and a checksum.
  ///
  /// @return the caller's own
  public static ByteBuf version2(Client client, ByteBufAllocator allocator) {
    boolean v4 = isV4(client);
    ByteBuf header = allocator.buffer(256, MAX_BYTES);
    header.writeBytes(ProxyHeaderReader.SIGNATURE).writeByte(VERSION_2_PROXY);
    header.writeByte(v4 ? TCP4 : TCP6).writeShort(0);
    header.writeBytes(bytes(client.remote().getAddress(), v4));
    header.writeBytes(bytes(client.local().getAddress(), v4));
    header.writeShort(client.remote().getPort()).writeShort(client.local().getPort());
    text(header, Tlv.AUTHORITY, client.serverName());
    text(header, Tlv.UNIQUE_ID, client.sessionId());
    if (client.tls() && !client.via().insecure()) {
      ssl(header, client.via().certificateName());
    }
    checksum(header);
    return header;
  }

  private static boolean isV4(Client client) {
    return client.remote().getAddress().getAddress().length == 4
        && client.local().getAddress().getAddress().length == 4;
  }

  private static byte[] bytes(InetAddress address, boolean v4) {
    byte[] bytes = address.getAddress();
    if (v4 || bytes.length == 16) {
      return bytes;
    }
    byte[] mapped = Arrays.copyOf(MAPPED, 16);
    System.arraycopy(bytes, 0, mapped, 12, 4);
    return mapped;
  }

  private static void text(ByteBuf header, int type, String value) {
    if (!value.isEmpty()) {
      byte[] bytes = value.getBytes(UTF_8);
      header.writeByte(type).writeShort(bytes.length).writeBytes(bytes);
    }
  }

  private static void ssl(ByteBuf header, String certificateName) {
    header.writeByte(Tlv.SSL);
    int lengthAt = header.writerIndex();
    header.writeShort(0).writeByte(Tlv.CLIENT_SSL | (certificateName.isEmpty() ? 0 : 2 | 4));
    header.writeInt(certificateName.isEmpty() ? 1 : 0);
    text(header, Tlv.SSL_CN, certificateName);
    header.setShort(lengthAt, header.writerIndex() - lengthAt - 2);
  }

  private static void checksum(ByteBuf header) {
    header.writeByte(Tlv.CRC32C).writeShort(4).writeInt(0);
    header.setShort(14, header.readableBytes() - ProxyHeaderReader.PREFIX_BYTES);
    CRC32C crc = new CRC32C();
    crc.update(header.nioBuffer());
    header.setInt(header.writerIndex() - 4, (int) crc.getValue());
  }
}
