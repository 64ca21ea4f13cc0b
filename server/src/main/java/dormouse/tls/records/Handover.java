package dormouse.tls.records;

import dormouse.ops.EventLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.internal.tcnative.SSL;
import io.netty.util.concurrent.Promise;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Takes a connection over from BoringSSL when its handshake is done, if that has told its secrets; any other stays where it is.
/// ```text
/// gate ─ SslHandler ─ hand-over ─ …    ──handshake done──▶    records ─ …
/// ```
/// With TLS 1.3 BoringSSL holds its session tickets back until the server writes for the first time: they are drawn out first, and counted, for
/// they use up sequence numbers. With TLS 1.2 each side has sealed one record, its Finished.
///
/// Lives on its channel's event loop.
final class Handover extends ChannelInboundHandlerAdapter {
  private static final EventLog LOG = EventLog.of(Handover.class);
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final int MASTER_SECRET_BYTES = 48; // RFC 5246 §8.1

  private final SecretCollector secrets;
  private final Map<SSLEngine, RecordLayer.Sides> sides;
  private final RecordGate gate;
  private final boolean carries;
  private final RecordLayer.Told told;

  /// @param sides of each handshake that is expected; each is taken out
  /// @param carries whether connections are taken over at all
  Handover(
      SecretCollector secrets,
      Map<SSLEngine, RecordLayer.Sides> sides,
      RecordGate gate,
      boolean carries,
      RecordLayer.Told told) {
    this.secrets = secrets;
    this.sides = sides;
    this.gate = gate;
    this.carries = carries;
    this.told = told;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof SslHandshakeCompletionEvent done)) {
      context.fireUserEventTriggered(event);
      return;
    }
    ChannelPipeline pipeline = context.pipeline();
    if (done.isSuccess()) {
      SslHandler handshake = pipeline.get(SslHandler.class);
      SecretCollector.Secrets heard =
          handshake.engine() instanceof ReferenceCountedOpenSslEngine engine
              ? secrets.take(engine.sslPointer())
              : null;
      boolean resumed = isResumed(handshake.engine());
      Carrier carrier = Carrier.ENGINE_NO_SECRETS;
      HandshakeFacts facts;
      try {
        facts =
            HandshakeFacts.of(
                handshake.engine(),
                heard == null ? new byte[0] : heard.exporter(),
                sides.remove(handshake.engine()));
        carrier = takeOver(pipeline, handshake, facts, heard);
      } finally {
        if (heard != null && carrier != Carrier.OWN) {
          heard.wipe();
        }
      }
      if (heard != null) {
        Arrays.fill(heard.exporter(), (byte) 0); // the bindings are made
      }
      told.of(carrier, resumed);
      context.fireUserEventTriggered(facts);
    }
    context.fireUserEventTriggered(event);
    if (!context.isRemoved()) {
      if (done.isSuccess()) {
        context.flush(); // what the handshake has said last, if nobody has said more
      }
      pipeline.remove(this);
    }
    gate.open(pipeline.context(gate));
  }

  private static boolean isResumed(SSLEngine engine) {
    return engine instanceof ReferenceCountedOpenSslEngine boringSsl
        && SSL.isSessionReused(boringSsl.sslPointer());
  }

  private Carrier takeOver(
      ChannelPipeline pipeline,
      SslHandler handshake,
      HandshakeFacts facts,
      SecretCollector.@Nullable Secrets heard) {
    if (!(handshake.engine() instanceof ReferenceCountedOpenSslEngine engine)) {
      return Carrier.ENGINE_NOT_NATIVE;
    }
    if (!carries) {
      return Carrier.ENGINE_BY_SETTINGS;
    }
    long ssl = engine.sslPointer();
    Suite suite = Suite.named(facts.cipher());
    TlsRecords records;
    try {
      records =
          suite == null
              ? null
              : suite.ofTls12()
                  ? ofTls12(ssl, suite)
                  : ofTls13(pipeline.context(handshake), engine, suite, heard);
    } catch (SSLException e) {
      LOG.error(e, "bug");
      return Carrier.ENGINE_NO_SECRETS;
    }
    if (records == null) {
      return Carrier.ENGINE_NO_SECRETS;
    }
    if (handshake.sslCloseFuture() instanceof Promise<Channel> closed) {
      closed.trySuccess(pipeline.channel()); // else an exception is made of its removal, for nobody
    }
    pipeline.replace(handshake, "tls", new RecordHandler(records));
    return Carrier.OWN;
  }

  private static @Nullable TlsRecords ofTls13(
      ChannelHandlerContext handshake,
      ReferenceCountedOpenSslEngine engine,
      Suite suite,
      SecretCollector.@Nullable Secrets heard)
      throws SSLException {
    if (heard == null || !heard.fit(suite)) {
      return null;
    }
    ByteBuf tickets = tickets(engine, engine.sslPointer(), handshake.alloc());
    int sealed = records(tickets);
    handshake.write(tickets);
    return new TlsRecords(
        new Protection(suite, heard.client(), 0), new Protection(suite, heard.server(), sealed));
  }

  private static @Nullable TlsRecords ofTls12(long ssl, Suite suite) {
    byte[] master = SSL.getMasterKey(ssl);
    if (master == null || master.length != MASTER_SECRET_BYTES) {
      return null;
    }
    byte[][] secrets;
    try {
      secrets =
          Primitives.of(suite).secrets(master, SSL.getServerRandom(ssl), SSL.getClientRandom(ssl));
    } finally {
      Arrays.fill(master, (byte) 0);
    }
    return new TlsRecords(
        new Protection(suite, secrets[0], 1), new Protection(suite, secrets[1], 1));
  }

  /// All that BoringSSL has held back. It goes through a buffer of 2 KiB (Netty: `bioNonApplicationBufferSize`), and a ticket holds all certificates that the
  /// client has shown: long ones come in several goes.
  private static ByteBuf tickets(
      ReferenceCountedOpenSslEngine engine, long ssl, ByteBufAllocator allocator)
      throws SSLException {
    ByteBuf room = allocator.directBuffer(engine.getSession().getPacketBufferSize());
    ByteBuf out = allocator.directBuffer();
    try {
      ByteBuffer to = room.nioBuffer(0, room.capacity());
      int produced;
      do {
        SSL.writeToSSL(ssl, room.memoryAddress(), 0);
        produced = engine.wrap(NOTHING, to.clear()).bytesProduced();
        out.writeBytes(room, 0, produced);
      } while (produced > 0);
    } catch (SSLException e) {
      out.release();
      throw e;
    } finally {
      room.release();
    }
    return out;
  }

  private static int records(ByteBuf sealed) {
    int records = 0;
    int at = sealed.readerIndex();
    while (at + Protection.HEADER_BYTES <= sealed.writerIndex()) {
      records += sealed.getByte(at) == ContentType.APPLICATION_DATA.code ? 1 : 0;
      at += Protection.HEADER_BYTES + sealed.getUnsignedShort(at + 3);
    }
    return records;
  }
}
