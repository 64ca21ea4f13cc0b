package dormouse.imap.compress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Compresses a client's stream in both directions from the moment it is put into the pipeline: what is before it there speaks
/// plain, each flush reaches the client.
///
/// What a client sends may inflate a thousandfold. So it is inflated by 8 KiB, each ends with `channelReadComplete`, and it
/// goes on only if that left reading switched on; until all is inflated the channel reads no more, whoever asks for it.
///
/// Lives on its session's event loop.
public final class CompressHandler extends ChannelDuplexHandler {
  private static final int STEP_BYTES = 8 * 1024; // inflated at a time
  private static final int TURN_BYTES =
      64 * 1024; // inflated before others on the loop have their turn
  private static final int OUT_BYTES = 16 * 1024; // deflated, before it counts in the channel

  private final ClientInflater inflater = new ClientInflater();
  private final LongConsumer kept;
  private final Runnable malformed;
  private @Nullable ClientDeflater deflater;

  private ByteBuf in; // not inflated yet
  private boolean more; // the inflater has more to give
  private boolean inflating;
  private boolean due; // the next turn
  private boolean wanted; // whoever is behind us takes more
  private boolean ended;

  private @Nullable ByteBuf out; // deflated and not written
  private final List<ChannelPromise> promises = new ArrayList<>(1); // of what waits for a flush

  private boolean resting;
  private long keptBytes;

  /// @param early what the client has sent behind its COMPRESS; owned by the handler
  /// @param kept told how many more bytes are kept for a resting client; negative for fewer
  /// @param malformed called once if the client sends what cannot be inflated; nothing is read any more
  public CompressHandler(ByteBuf early, LongConsumer kept, Runnable malformed) {
    this.in = early;
    this.kept = kept;
    this.malformed = malformed;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    deflater = new ClientDeflater(context.alloc());
    if (in.isReadable()) {
      wanted = true;
      inflateLater(context);
    }
  }

  // ── the client speaks ──

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (ended) {
      bytes.release();
      return;
    }
    in = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(context.alloc(), in, bytes);
    wanted = true;
    inflate(context);
  }

  private void inflate(ChannelHandlerContext context) {
    if (inflating || ended) {
      return;
    }
    inflating = true;
    try {
      int left = TURN_BYTES;
      while (wanted && waits() && left > 0) {
        left -= inflateStep(context);
      }
    } catch (MalformedDeflateException _) {
      endInput();
      context
          .channel()
          .config()
          .setAutoRead(true); // unread bytes would reset the connection under our last words
      malformed.run();
    } finally {
      inflating = false;
    }
    if (waits() && wanted) {
      inflateLater(context);
    }
    settle();
  }

  /// Whether there is something to inflate.
  private boolean waits() {
    return !ended && (more || in.isReadable());
  }

  private int inflateStep(ChannelHandlerContext context) throws MalformedDeflateException {
    ByteBuf plain = context.alloc().buffer(STEP_BYTES, STEP_BYTES);
    try {
      more = inflater.inflate(in, plain);
    } catch (MalformedDeflateException e) {
      plain.release();
      throw e;
    }
    int inflated = plain.readableBytes();
    if (waits()) {
      hold(context);
    } else {
      dropInput();
    }
    if (inflated > 0) {
      context.fireChannelRead(plain);
    } else {
      plain.release();
    }
    context.fireChannelReadComplete();
    return inflated;
  }

  /// Stops the channel from reading until it is asked to.
  private void hold(ChannelHandlerContext context) {
    wanted = false;
    context.channel().config().setAutoRead(false);
  }

  @Override
  public void read(ChannelHandlerContext context) {
    if (!waits()) {
      context.read();
      return;
    }
    hold(context);
    wanted = true;
    inflateLater(context);
  }

  private void inflateLater(ChannelHandlerContext context) {
    if (due || inflating) {
      return;
    }
    due = true;
    context
        .executor()
        .execute(() -> {
          due = false;
          inflate(context);
        });
  }

  private void endInput() {
    ended = true;
    dropInput();
  }

  private void dropInput() {
    in.release();
    in = Unpooled.EMPTY_BUFFER;
  }

  // ── and hears ──

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    ByteBuf plain = (ByteBuf) message;
    try {
      if (plain.isReadable()) {
        ByteBuf deflated = out == null ? context.alloc().buffer() : out;
        out = deflated;
        deflater().deflate(plain, deflated);
        if (deflated.readableBytes() >= OUT_BYTES) {
          out = null;
          context.write(deflated, context.voidPromise());
        }
      }
    } finally {
      plain.release();
    }
    if (!promise.isVoid()) {
      promises.add(promise);
    }
  }

  @Override
  public void flush(ChannelHandlerContext context) {
    writeOut(context);
    context.flush();
    settle();
  }

  /// What was written goes before the end, as TLS has it (RFC 8446 §6.1).
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    writeOut(context);
    context.close(promise);
  }

  private void writeOut(ChannelHandlerContext context) {
    if (deflater().waits() || !promises.isEmpty()) {
      ByteBuf deflated = out == null ? context.alloc().buffer() : out;
      out = null;
      deflater().flush(deflated);
      context.write(deflated, promise(context));
    }
  }

  /// For all that was written since the last flush.
  private ChannelPromise promise(ChannelHandlerContext context) {
    if (promises.isEmpty()) {
      return context.voidPromise();
    }
    List<ChannelPromise> all = List.copyOf(promises);
    promises.clear();
    ChannelPromise one = context.newPromise();
    one.addListener(written -> {
      for (ChannelPromise each : all) {
        if (written.isSuccess()) {
          each.trySuccess();
        } else {
          each.tryFailure(written.cause());
        }
      }
    });
    return one;
  }

  private ClientDeflater deflater() {
    if (deflater == null) {
      throw new IllegalStateException("in no pipeline");
    }
    return deflater;
  }

  // ── and is quiet ──

  /// From now on the client is likely to be quiet: whenever nothing is on its way, as little as possible is kept, and no
  /// native memory.
  public void rest() {
    resting = true;
    settle();
  }

  /// The client is not likely to be quiet any more.
  public void stir() {
    resting = false;
    settle();
  }

  private void settle() {
    if (resting && !inflating && !waits() && !ended) {
      inflater.rest();
    }
    if (resting && !deflater().waits()) {
      deflater().rest();
    }
    long bytes = resting && !ended ? inflater.keptBytes() : 0;
    if (bytes != keptBytes) {
      kept.accept(bytes - keptBytes);
      keptBytes = bytes;
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    resting = false;
    endInput();
    settle();
    deflater().end();
    if (out != null) {
      out.release();
      out = null;
    }
    promises.forEach(promise -> promise.tryFailure(new ClosedChannelException()));
    promises.clear();
  }
}
