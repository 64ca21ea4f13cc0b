package dormouse.tls;

import dormouse.tls.records.Carrier;
import dormouse.tls.records.HandshakeFacts;
import dormouse.tls.records.RecordLayer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A connection in memory between a client, mostly of BoringSSL's, and [Certificates], whose bytes a test may cut as it likes. The client says a line at
/// once, so that it goes out with the last of its handshake.
final class Handshake implements AutoCloseable {
  /// Cuts the client's bytes of one turn.
  interface Cut {
    /// @param flight how many times the client has sent something before
    List<byte[]> pieces(int flight, byte[] sent);
  }

  static final Cut WHOLE = (_, sent) -> List.of(sent);
  private static final int MAX_TURNS = 20;
  private static final byte[] RETRY = { // RFC 8446 §4.1.3, its beginning
    (byte) 0xcf, 0x21, (byte) 0xad, 0x74, (byte) 0xe5, (byte) 0x9a, 0x61, 0x11
  };

  /// How long each flight of the client was.
  final List<Integer> flights = new ArrayList<>();

  final StringBuilder serverHeard = new StringBuilder();
  final StringBuilder clientHeard = new StringBuilder();
  boolean retried;
  @Nullable HandshakeFacts facts;
  final SslHandler tls;
  private final EmbeddedChannel server = new EmbeddedChannel();
  private final EmbeddedChannel client;

  Handshake(Certificates certificates, SslContext clients, String serverName) {
    this(certificates, clients, serverName, "a NOOP\r\n");
  }

  /// @param first what the client says as soon as it may
  Handshake(Certificates certificates, SslContext clients, String serverName, String first) {
    tls = clients.newHandler(server.alloc(), serverName, 993);
    if (tls.engine() instanceof ReferenceCountedOpenSslEngine boringSsl) {
      SSL.setTlsExtHostName(boringSsl.sslPointer(), serverName); // whatever Netty thinks of it
    }
    client = new EmbeddedChannel(tls);
    server
        .pipeline()
        .addFirst(certificates.newHandler(server.alloc()))
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void userEventTriggered(ChannelHandlerContext context, Object event) {
                facts = event instanceof HandshakeFacts told ? told : facts;
              }
            });
    client.writeOutbound(text(first));
  }

  /// Goes on until nobody has anything to say.
  Handshake run(Cut cut) {
    for (int turn = 0; turn < MAX_TURNS; turn++) {
      byte[] sent = outbound(client);
      byte[] answer = outbound(server);
      if (sent.length + answer.length == 0) {
        hear();
        return this;
      }
      if (sent.length > 0) {
        for (byte[] piece : cut.pieces(flights.size(), sent)) {
          server.writeInbound(Unpooled.wrappedBuffer(piece));
        }
        flights.add(sent.length);
      }
      retried |= indexOf(answer, RETRY) >= 0;
      if (answer.length > 0) {
        client.writeInbound(Unpooled.wrappedBuffer(answer));
      }
    }
    throw new AssertionError("a handshake without end");
  }

  /// The server says this.
  Handshake say(String line) {
    server.writeOutbound(text(line));
    return run(WHOLE);
  }

  private void hear() {
    for (ByteBuf heard = server.readInbound(); heard != null; heard = server.readInbound()) {
      serverHeard.append(heard.toString(StandardCharsets.ISO_8859_1));
      heard.release();
    }
    for (ByteBuf heard = client.readInbound(); heard != null; heard = client.readInbound()) {
      clientHeard.append(heard.toString(StandardCharsets.ISO_8859_1));
      heard.release();
    }
  }

  private static byte[] outbound(EmbeddedChannel from) {
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
      all.writeBytes(bytes);
      bytes.release();
    }
    return Arrays.copyOf(all.array(), all.readableBytes());
  }

  private static int indexOf(byte[] in, byte[] wanted) {
    for (int at = 0; at + wanted.length <= in.length; at++) {
      if (Arrays.equals(in, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    return -1;
  }

  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }

  /// Carriers of the handshakes made with this layer, in their order.
  static RecordLayer layer(List<Carrier> carriers) {
    return new RecordLayer(carriers::add);
  }

  @Override
  public void close() {
    client.finishAndReleaseAll();
    server.finishAndReleaseAll();
  }
}
