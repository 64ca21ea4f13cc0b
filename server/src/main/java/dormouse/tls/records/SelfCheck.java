package dormouse.tls.records;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.security.interfaces.ECKey;
import java.security.interfaces.EdECKey;
import java.util.List;
import javax.net.ssl.SSLException;

/// A connection of TLS 1.3 and one of 1.2 in memory, with BoringSSL as the client, or the JDK where BoringSSL's clients do not take the server's key: whether this
/// Netty, this BoringSSL and this JDK go together.
final class SelfCheck {
  private static final List<String> VERSIONS = List.of("TLSv1.3", "TLSv1.2");
  private static final String PING = "ping\r\n";
  private static final String PONG = "pong\r\n";
  private static final int LONGEST_CURVE_BITS = 384;
  private static final int MAX_TURNS = 20; // of a handshake that takes three

  private SelfCheck() {}

  /// @param shown the key of the server's certificate
  /// @throws SSLException if what was said did not arrive as it was said
  static void run(RecordLayer layer, SslContext server, PublicKey shown) throws SSLException {
    for (String version : VERSIONS) {
      run(
          layer,
          server,
          isForBoringSsl(shown) ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK,
          version);
    }
  }

  /// Whether BoringSSL's clients take its signatures, if nobody tells them otherwise, which Netty cannot: none of Ed25519 or P-521.
  private static boolean isForBoringSsl(PublicKey key) {
    return switch (key) {
      case ECKey onCurve ->
          onCurve.getParams().getCurve().getField().getFieldSize() <= LONGEST_CURVE_BITS;
      case EdECKey _ -> false;
      default -> true;
    };
  }

  private static void run(
      RecordLayer layer, SslContext server, SslProvider provider, String version)
      throws SSLException {
    SslContext client =
        SslContextBuilder.forClient()
            .sslProvider(provider)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm(null)
            .protocols(version)
            .build();
    EmbeddedChannel ours = new EmbeddedChannel();
    EmbeddedChannel theirs = new EmbeddedChannel(client.newHandler(ours.alloc()));
    try {
      SslHandler handshake = layer.newSslHandler(server, ours.alloc());
      handshake.engine().setNeedClientAuth(false); // we have no certificate to show
      ours.pipeline().addFirst(layer.around(handshake, (_, _) -> {}));
      theirs.writeOutbound(text(PING));
      expect(PING, heard(theirs, ours, PING.length()));
      ours.writeOutbound(text(PONG));
      expect(PONG, heard(ours, theirs, PONG.length()));
    } catch (SSLException | RuntimeException e) { // also as a channel tells of a handshake
      throw new SSLException("the self check of " + version + " failed: " + e.getMessage(), e);
    } finally {
      end(theirs);
      end(ours);
      ReferenceCountUtil.release(client);
    }
  }

  private static void end(EmbeddedChannel channel) {
    try {
      channel.finishAndReleaseAll();
    } catch (Exception _) { // what ended a handshake has been said
    }
  }

  /// Carries records both ways until `to` has heard so many bytes, in as many pieces as it may be.
  private static String heard(EmbeddedChannel from, EmbeddedChannel to, int bytes) {
    StringBuilder heard = new StringBuilder();
    for (int turn = 0; turn < MAX_TURNS && heard.length() < bytes; turn++) {
      move(from, to);
      for (ByteBuf part = to.readInbound(); part != null; part = to.readInbound()) {
        heard.append(part.toString(StandardCharsets.US_ASCII));
        part.release();
      }
      move(to, from);
    }
    return heard.toString();
  }

  private static void move(EmbeddedChannel from, EmbeddedChannel to) {
    for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
      to.writeInbound(bytes);
    }
  }

  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }

  private static void expect(String said, String heard) throws SSLException {
    if (!said.equals(heard)) {
      throw new SSLException("what was said did not arrive");
    }
  }
}
