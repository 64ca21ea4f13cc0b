package dormouse.tls.records;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Carries connections of TLS 1.3 and 1.2 itself after their handshakes, in a fraction of the memory that BoringSSL takes for each. One for
/// all contexts of the process. Any thread.
public final class RecordLayer {
  /// Who is who in a handshake.
  ///
  /// @param ours the certificate that the client is shown; null if that does not matter
  /// @param check what is thought of the client's, where the context lets any in; null: one that came in is believed
  record Sides(@Nullable X509Certificate ours, @Nullable ClientCheck check) {}

  /// Hears of finished handshakes.
  public interface Told {
    /// On the connection's event loop.
    ///
    /// @param resumed by a ticket
    void of(Carrier carrier, boolean resumed);
  }

  private final SecretCollector secrets = new SecretCollector();
  private final Map<SSLEngine, Sides> sides = new ConcurrentHashMap<>();
  private final boolean carries;
  private final Told told;

  private RecordLayer(boolean carries, Told told) {
    this.carries = carries;
    this.told = told;
  }

  /// @param carries `runtime.own-records`; else every connection stays with its engine
  public static RecordLayer telling(boolean carries, Told told) {
    return new RecordLayer(carries, told);
  }

  /// @param told of each finished handshake who carries the connection from then on
  public RecordLayer(Consumer<Carrier> told) {
    this(true, told);
  }

  /// @param carries as in [#telling]
  RecordLayer(boolean carries, Consumer<Carrier> told) {
    this(carries, (carrier, _) -> told.accept(carrier));
  }

  /// Makes this context's handshakes ones that can be taken over, if it is BoringSSL's, and tries one.
  ///
  /// @param shown the key of the certificate that it shows
  /// @throws SSLException if it cannot be, or the try went wrong: with this context nobody must be served
  public void prepare(SslContext context, PublicKey shown) throws SSLException {
    if (!(context instanceof ReferenceCountedOpenSslContext boringSsl)) {
      return;
    }
    try {
      secrets.listenTo(boringSsl);
    } catch (ReflectiveOperationException e) {
      throw new SSLException("this Netty does not let TLS be taken over: " + e, e);
    }
    SelfCheck.run(this, context, shown);
  }

  /// What to put first in a channel's pipeline: it makes room for the hand-over around the handshake.
  ///
  /// @param handshake ends in a [SslHandler] of [#newSslHandler], itself or by replacing itself with one
  public ChannelHandler around(ChannelHandler handshake) {
    return around(handshake, told);
  }

  ChannelHandler around(ChannelHandler handshake, Told told) {
    return new Opening(handshake, told);
  }

  /// The handler of one handshake, of a context that was prepared.
  public SslHandler newSslHandler(SslContext context, ByteBufAllocator allocator) {
    return newSslHandler(context, allocator, null, null);
  }

  /// @param ours the certificate that the client is shown; null if no login is to be bound to it
  /// @param check what is thought of the client's certificate, where the context lets any in; null: one that came in is believed
  public SslHandler newSslHandler(
      SslContext context,
      ByteBufAllocator allocator,
      @Nullable X509Certificate ours,
      @Nullable ClientCheck check) {
    SslHandler handler = context.newHandler(allocator);
    SSLEngine engine = handler.engine();
    long ssl =
        engine instanceof ReferenceCountedOpenSslEngine boringSsl ? boringSsl.sslPointer() : 0;
    if (ssl != 0) {
      secrets.expect(ssl);
    }
    sides.put(engine, new Sides(ours, check));
    handler
        .handshakeFuture()
        .addListener(done -> {
          if (!done.isSuccess()) {
            secrets.forget(ssl);
            sides.remove(engine);
          }
        });
    return handler;
  }

  /// Gives its place to gate, handshake and hand-over.
  private final class Opening extends ChannelInboundHandlerAdapter {
    private final ChannelHandler handshake;
    private final Told told;

    Opening(ChannelHandler handshake, Told told) {
      this.handshake = handshake;
      this.told = told;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      ChannelPipeline pipeline = context.pipeline();
      RecordGate gate = new RecordGate();
      pipeline.addAfter(
          context.name(), "hand-over", new Handover(secrets, sides, gate, carries, told));
      pipeline.addAfter(context.name(), "handshake", handshake);
      pipeline.replace(this, "gate", gate);
    }
  }
}
