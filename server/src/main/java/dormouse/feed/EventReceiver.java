package dormouse.feed;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;
import static io.netty.handler.codec.http.HttpResponseStatus.METHOD_NOT_ALLOWED;
import static io.netty.handler.codec.http.HttpResponseStatus.NO_CONTENT;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/// One connection of a mail server that tells of changes: reads each request and answers it.
///
/// Lives on the connection's event loop.
final class EventReceiver extends SimpleChannelInboundHandler<FullHttpRequest> {
  /// Reads what is told, and takes it.
  interface Told {
    /// Whether somebody of this address may tell.
    boolean allows(InetAddress from);

    Heard read(byte[] event);

    void changed(Heard.Changed change);

    void malformed();
  }

  private final Supplier<Told> current;

  EventReceiver(Supplier<Told> current) {
    this.current = current;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    Told told = current.get();
    if (!told.allows(((InetSocketAddress) context.channel().remoteAddress()).getAddress())) {
      context.close(); // it was when it came
      return;
    }
    if (!request.decoderResult().isSuccess()) {
      told.malformed();
      context.close();
      return;
    }
    if (!request.method().equals(HttpMethod.POST) && !request.method().equals(HttpMethod.PUT)) {
      answer(context, METHOD_NOT_ALLOWED, "POST or PUT an event");
      return;
    }
    switch (told.read(ByteBufUtil.getBytes(request.content()))) {
      case Heard.Changed change -> {
        told.changed(change);
        answer(context, NO_CONTENT, "");
      }
      case Heard.Nothing _ -> answer(context, NO_CONTENT, "");
      case Heard.Malformed(var why) -> {
        told.malformed();
        answer(context, BAD_REQUEST, why);
      }
    }
  }

  private static void answer(ChannelHandlerContext context, HttpResponseStatus status, String why) {
    ByteBuf body =
        why.isEmpty()
            ? Unpooled.EMPTY_BUFFER
            : Unpooled.copiedBuffer(why + "\n", StandardCharsets.UTF_8);
    var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
    if (!status.equals(NO_CONTENT)) { // which may not have one (RFC 9110 §8.6)
      response.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
    }
    context.writeAndFlush(response);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close(); // what a sender does wrong; our own mistakes would be in `read`, which throws
    // nothing
  }
}
