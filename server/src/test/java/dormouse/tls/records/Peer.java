package dormouse.tls.records;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// A client and a server after a handshake with secrets that were made up: what one seals the other opens.
final class Peer {
  /// The server, as in the product.
  final TlsRecords server;

  /// What the client seals with, and opens with.
  final Protection sealing;

  final Protection opening;

  Peer(Suite suite) {
    this(suite, 2);
  }

  /// @param number of the server's next record
  Peer(Suite suite, long number) {
    this(suite, secret(suite), secret(suite), number);
  }

  Peer(Suite suite, byte[] clients, byte[] servers, long number) {
    server =
        new TlsRecords(
            new Protection(suite, clients.clone(), 0),
            new Protection(suite, servers.clone(), number));
    sealing = new Protection(suite, clients.clone(), 0);
    opening = new Protection(suite, servers.clone(), number);
  }

  /// Another one each time: the JDK refuses to seal twice with the same key and nonce.
  static byte[] secret(Suite suite) {
    byte[] secret = new byte[suite.secretBytes];
    ThreadLocalRandom.current().nextBytes(secret);
    return secret;
  }

  /// A record of the client.
  byte[] record(ContentType type, byte... content) {
    ByteBuf out = Unpooled.buffer(content.length + sealing.suite().overheadBytes);
    sealing.seal(Unpooled.wrappedBuffer(content), content.length, type.code, out);
    return Arrays.copyOf(out.array(), out.readableBytes());
  }

  /// A record of data with so many zeros behind its type; with none, not even the type.
  byte[] padded(String data, int zeros) {
    byte[] content =
        Arrays.copyOf(data.getBytes(StandardCharsets.ISO_8859_1), data.length() + zeros);
    if (zeros > 0) {
      content[data.length()] = ContentType.APPLICATION_DATA.code;
    }
    ByteBuf out = Unpooled.buffer(content.length + sealing.suite().overheadBytes);
    sealing.seal(Unpooled.wrappedBuffer(content), content.length, (byte) 0, out);
    return Arrays.copyOf(out.array(), out.readableBytes());
  }

  byte[] data(String text) {
    return record(ContentType.APPLICATION_DATA, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  byte[] keyUpdate(int request) {
    byte[] record =
        record(ContentType.HANDSHAKE, (byte) 24, (byte) 0, (byte) 0, (byte) 1, (byte) request);
    sealing.update();
    return record;
  }

  /// What the server's application hears of these bytes, each piece read by itself: its data, `(closed)`, and the alert that the
  /// client gets for what is wrong.
  List<String> hears(List<byte[]> pieces) {
    List<String> heard = new ArrayList<>();
    StringBuilder data = new StringBuilder();
    TlsRecords.Listener listener =
        new TlsRecords.Listener() {
          @Override
          public void data(ByteBuf more) {
            data.append(more.toString(StandardCharsets.ISO_8859_1));
            more.release();
          }

          @Override
          public void peerClosed() {
            heard.add("(closed)");
          }
        };
    ByteBuf in = Unpooled.buffer();
    try {
      for (byte[] piece : pieces) {
        in.writeBytes(piece);
        server.read(in, UnpooledByteBufAllocator.DEFAULT, listener);
      }
    } catch (BadRecordException e) {
      heard.add(e.alert.name());
    }
    in.release();
    if (!data.isEmpty()) {
      heard.addFirst(data.toString());
    }
    return heard;
  }

  /// What the client opens of these bytes of the server: text, `(KeyUpdate)`, `(alert 1 0)`.
  List<String> opens(ByteBuf sealed) throws BadRecordException {
    List<String> opened = new ArrayList<>();
    while (sealed.isReadable()) {
      int bytes = sealed.getUnsignedShort(sealed.readerIndex() + 3);
      sealed.skipBytes(Protection.HEADER_BYTES);
      ByteBuf out = Unpooled.buffer(bytes);
      opening.open(sealed, bytes, out);
      ContentType type = ContentType.of(out.getByte(out.writerIndex() - 1));
      out.writerIndex(out.writerIndex() - 1);
      switch (type) {
        case APPLICATION_DATA -> opened.add(out.toString(StandardCharsets.ISO_8859_1));
        case HANDSHAKE -> {
          opened.add("(KeyUpdate " + out.getByte(4) + ")");
          opening.update();
        }
        case ALERT -> opened.add("(alert " + out.getByte(0) + " " + out.getByte(1) + ")");
        case null, default -> opened.add("?");
      }
    }
    sealed.release();
    return opened;
  }
}
