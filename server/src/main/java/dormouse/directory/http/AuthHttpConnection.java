package dormouse.directory.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// One connection to an HTTP auth daemon, for one question at a time. Lives on its event loop.
///
/// ```
/// idle ──ask──▶ awaiting the head ──▶ skipping the body ──▶ idle
///                      └──────┬───────────────┘
///                             └──▶ closed
/// ```
/// As with nginx the answer is complete with its head; a connection that cannot take another question is closed then.
final class AuthHttpConnection extends ChannelInboundHandlerAdapter {
  /// The longest head (nginx: 1 KiB).
  private static final int MAX_HEAD_BYTES = 16 * 1024;

  /// A longer body is not waited for.
  private static final long MAX_BODY_BYTES = 64 * 1024;

  /// A question that waits for its answer.
  ///
  /// @param text stays as it is until the answer
  /// @param answer may be cancelled, which closes the connection
  /// @param sinceMillis when it came to the link
  @SuppressWarnings("ArrayRecordComponent") // holds a password, and is never compared
  record Question(byte[] text, CompletableFuture<AuthHttpResponse> answer, long sinceMillis) {
    @Override
    public String toString() {
      return "Question[hidden]";
    }
  }

  private final LoopConnections owner;
  private final Channel channel;
  private byte[] head = new byte[512];
  private int headBytes;
  private int lineBytes;
  private long bodyLeft;
  private @Nullable Question question;
  private boolean used;

  AuthHttpConnection(LoopConnections owner, Channel channel) {
    this.owner = owner;
    this.channel = channel;
  }

  Channel channel() {
    return channel;
  }

  /// Asks; the connection is idle.
  void ask(Question asked) {
    assert channel.eventLoop().inEventLoop();
    question = asked;
    headBytes = 0;
    lineBytes = 0;
    asked
        .answer()
        .whenComplete((_, _) -> {
          if (asked.answer().isCancelled()) {
            channel.close();
          }
        });
    channel.writeAndFlush(Unpooled.wrappedBuffer(asked.text()), channel.voidPromise());
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      while (question != null && in.isReadable()) {
        readHead(in.readByte(), question);
      }
      skipBody(in.readableBytes());
    } finally {
      in.release();
    }
  }

  private void readHead(byte b, Question asked) {
    if (headBytes == head.length) {
      head = Arrays.copyOf(head, Math.min(2 * headBytes, MAX_HEAD_BYTES));
    }
    head[headBytes++] = b;
    if (b == '\n') {
      boolean empty = lineBytes == 0 || (lineBytes == 1 && head[headBytes - 2] == '\r');
      lineBytes = 0;
      if (empty) {
        answered(asked, AuthHttpResponse.parse(Arrays.copyOf(head, headBytes)));
      }
      return;
    }
    lineBytes++;
    if (headBytes == MAX_HEAD_BYTES) {
      failed(asked, "has sent too long a head");
    }
  }

  private void answered(Question asked, @Nullable AuthHttpResponse response) {
    if (response == null) {
      failed(asked, "has sent an invalid header");
      return;
    }
    question = null;
    used = true;
    bodyLeft = response.bodyBytes();
    asked.answer().complete(response);
  }

  private void skipBody(int bytes) {
    if (question != null) {
      return;
    }
    bodyLeft -= bytes;
    if (bodyLeft < 0 || bodyLeft > MAX_BODY_BYTES) {
      channel.close();
    } else if (bodyLeft == 0) {
      owner.idle(this);
    }
  }

  private void failed(Question asked, String why) {
    question = null;
    bodyLeft = -1;
    asked.answer().completeExceptionally(new IOException("the daemon " + why));
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    owner.gone(this);
    Question asked = question;
    if (asked == null || asked.answer().isDone()) {
      return;
    }
    if (used && headBytes == 0) {
      question = null;
      owner.askAgain(asked); // it was closed while we asked
      return;
    }
    failed(asked, "has closed before the end of its answer");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    Question asked = question;
    if (asked != null && !(used && headBytes == 0)) {
      question = null;
      asked.answer().completeExceptionally(cause);
    }
    channel.close();
  }
}
