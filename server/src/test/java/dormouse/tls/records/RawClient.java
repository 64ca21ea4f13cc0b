package dormouse.tls.records;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.internal.tcnative.SSL;
import io.netty.util.ReferenceCountUtil;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/// A client over a real socket that shakes hands as BoringSSL does, and then seals whatever a test wants. Blocks.
final class RawClient implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 20_000;
  private static final int MAX_RECORDS = 100; // of a server before it ends

  final Socket socket;
  final Protection sealing;
  private final Protection opening;
  private final DataInputStream in;

  RawClient(int port) throws Exception {
    this(port, "TLSv1.3");
  }

  /// @param version that it speaks
  RawClient(int port, String version) throws Exception {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
    SslContext context =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL_REFCNT)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm(null)
            .protocols(version)
            .build();
    SecretCollector secrets = new SecretCollector();
    secrets.listenTo((ReferenceCountedOpenSslContext) context);
    var engine =
        (ReferenceCountedOpenSslEngine) context.newEngine(UnpooledByteBufAllocator.DEFAULT);
    long ssl = engine.sslPointer();
    secrets.expect(ssl);
    long opened = shakeHands(engine);
    SecretCollector.Secrets heard = Objects.requireNonNull(secrets.take(ssl));
    Suite suite = Objects.requireNonNull(Suite.named(engine.getSession().getCipherSuite()));
    if (suite.ofTls12()) {
      byte[][] both =
          Primitives.of(suite)
              .secrets(SSL.getMasterKey(ssl), SSL.getServerRandom(ssl), SSL.getClientRandom(ssl));
      sealing = new Protection(suite, both[0], 1);
      opening = new Protection(suite, both[1], 1 + opened);
    } else {
      sealing = new Protection(suite, heard.client(), 0);
      opening = new Protection(suite, heard.server(), 0);
    }
    ReferenceCountUtil.release(engine);
    ReferenceCountUtil.release(context);
  }

  /// @return how many records of data BoringSSL has opened: in TLS 1.2, where the server speaks last, it reads on
  private long shakeHands(ReferenceCountedOpenSslEngine engine) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    ByteBuffer data = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
    engine.beginHandshake();
    while (engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
      switch (engine.getHandshakeStatus()) {
        case NEED_WRAP -> {
          engine.wrap(ByteBuffer.allocate(0), out.clear());
          socket.getOutputStream().write(out.array(), 0, out.position());
        }
        case NEED_UNWRAP -> engine.unwrap(ByteBuffer.wrap(record()), data.clear());
        case NEED_TASK -> engine.getDelegatedTask().run();
        default -> throw new SSLException("status " + engine.getHandshakeStatus());
      }
    }
    return data.position() > 0 ? 1 : 0;
  }

  private byte[] record() throws IOException {
    byte[] header = new byte[Protection.HEADER_BYTES];
    in.readFully(header);
    int bytes = ((header[3] & 0xff) << 8) | (header[4] & 0xff);
    byte[] record = Arrays.copyOf(header, header.length + bytes);
    in.readFully(record, header.length, bytes);
    return record;
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  /// A sealed record.
  byte[] seal(int type, byte... content) {
    ByteBuf out = Unpooled.buffer(content.length + sealing.suite().overheadBytes);
    sealing.seal(Unpooled.wrappedBuffer(content), content.length, (byte) type, out);
    return Arrays.copyOf(out.array(), out.readableBytes());
  }

  /// What the server says to the end: the number of the alert, then `end`; or `end` alone if it goes without one.
  String fate() throws Exception {
    String alert = "";
    try {
      for (int i = 0; i < MAX_RECORDS; i++) {
        ByteBuf record = Unpooled.wrappedBuffer(record());
        record.skipBytes(Protection.HEADER_BYTES);
        ByteBuf opened = Unpooled.buffer(record.readableBytes());
        opening.open(record, record.readableBytes(), opened);
        if (opened.getByte(opened.writerIndex() - 1) == ContentType.ALERT.code) {
          alert += opened.getByte(1) + " ";
        }
      }
      return alert + "goes on";
    } catch (EOFException | SocketException _) { // a reset, if there was more that it did not read
      return alert + "end";
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
