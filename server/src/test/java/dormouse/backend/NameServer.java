package dormouse.backend;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// A DNS server (RFC 1035) that answers every question for IPv4 addresses alike. Any thread.
final class NameServer implements AutoCloseable {
  private static final int SERVFAIL = 2;
  private static final int HEADER_BYTES = 12;

  private final DatagramSocket socket;
  private final AtomicInteger asked = new AtomicInteger();
  private volatile List<InetAddress> addresses = List.of();
  private volatile int ttlSeconds;
  private volatile boolean failing;

  private NameServer(DatagramSocket socket) {
    this.socket = socket;
  }

  static NameServer start() throws IOException {
    NameServer server = new NameServer(new DatagramSocket(0, InetAddress.getLoopbackAddress()));
    Thread.ofVirtual().start(server::serve);
    return server;
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
  }

  void says(int seconds, String... literals) {
    ttlSeconds = seconds;
    addresses = Arrays.stream(literals).map(InetAddress::ofLiteral).toList();
  }

  void fails() {
    failing = true;
  }

  /// How many questions have come.
  int asked() {
    return asked.get();
  }

  private void serve() {
    byte[] buffer = new byte[512];
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        asked.incrementAndGet();
        byte[] answer = answer(Arrays.copyOf(packet.getData(), packet.getLength()));
        socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      }
    } catch (SocketException _) {
      // closed
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] answer(byte[] query) {
    int end = HEADER_BYTES;
    while (query[end] != 0) {
      end += query[end] + 1;
    }
    boolean wantsV4 = query[end + 2] == 1;
    List<InetAddress> said = wantsV4 && !failing ? addresses : List.of();
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    answer.write(query, 0, 2);
    answer.writeBytes(new byte[] {(byte) 0x84, (byte) (failing ? SERVFAIL : 0), 0, 1, 0});
    answer.write(said.size());
    answer.writeBytes(new byte[4]);
    answer.write(query, HEADER_BYTES, end + 5 - HEADER_BYTES);
    for (InetAddress address : said) {
      answer.writeBytes(new byte[] {(byte) 0xC0, HEADER_BYTES, 0, 1, 0, 1, 0, 0});
      answer.write(ttlSeconds >> 8);
      answer.write(ttlSeconds);
      answer.writeBytes(new byte[] {0, 4});
      answer.writeBytes(address.getAddress());
    }
    return answer.toByteArray();
  }

  @Override
  public void close() {
    socket.close();
  }
}
