package dormouse.imap;

import dormouse.imap.compress.CompressHandler;
import dormouse.imap.track.Command;
import dormouse.imap.track.CommandTracker;
import dormouse.imap.track.Verb;
import dormouse.ops.Metrics;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The client's side of a session: its channel, the commands it sends, and what is said to it. Bytes wait here until the
/// session can take them.
///
/// Lives on its session's event loop.
final class ClientSide extends ChannelInboundHandlerAdapter implements CommandTracker.Listener {
  /// The session of the client.
  interface Host {
    /// The client has sent something; its commands are not looked at yet.
    void spoke();

    /// What to do with a command, as [CommandTracker.Listener#begins].
    CommandTracker.Decision decide(String tag, Verb verb);

    /// Bytes of a command that is the backend's; owned by the receiver.
    void toBackend(ByteBuf bytes);

    /// All of a command went to the backend.
    void passedOn(Command command);

    /// Answers a command that [#decide] kept.
    void answer(Command command);

    /// All that was there has been read.
    void settle();

    /// The client takes more now, or less.
    void balance();

    void end(CloseReason reason, String bye);

    /// The connection has ended.
    void gone();

    void broken(String what, Throwable bug);
  }

  private static final int MAX_UNREAD_BYTES = 16 << 10; // by us, before we read no more
  private static final int MAX_MALFORMED = 20;

  private final Channel channel;
  private final Metrics metrics;
  private final Host host;
  private final CommandTracker commands = new CommandTracker(this);
  private final UnreadBytes unread;
  private final boolean mayCompress;
  private @Nullable CompressHandler compression;
  private int malformed;
  private boolean ended;

  /// @param mayCompress whether COMPRESS is offered
  ClientSide(Channel channel, Metrics metrics, boolean mayCompress, Host host) {
    this.channel = channel;
    this.metrics = metrics;
    this.host = host;
    this.mayCompress = mayCompress;
    this.unread = new UnreadBytes(channel.alloc());
  }

  /// Begins to read.
  ///
  /// @param early what the client sent behind its login; owned by this method
  void begin(ByteBuf early) {
    channel.pipeline().addLast("session", this);
    unread.add(early);
    channel.config().setAutoRead(true);
    channel.read();
  }

  // ── it speaks ──

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (ended) {
      bytes.release();
      return;
    }
    metrics.bytes(Metrics.Direction.CLIENT_TO_BACKEND, bytes.readableBytes());
    host.spoke();
    unread.add(bytes);
    pump();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    host.settle();
  }

  /// Looks at what waits, as far as the session takes commands now.
  void pump() {
    unread.feed(commands, host::toBackend);
  }

  @Override
  public CommandTracker.Decision begins(String tag, Verb verb) {
    return host.decide(tag, verb);
  }

  @Override
  public void forwarded(Command command) {
    host.passedOn(command);
  }

  @Override
  public void answer(Command command) {
    host.answer(command);
  }

  @Override
  public void literal() {
    say("+ OK");
  }

  @Override
  public void malformed(String tag, String why) {
    say(tag + " BAD " + why);
    if (++malformed > MAX_MALFORMED) {
      host.end(CloseReason.TOO_MANY_ERRORS, "Too many errors");
    }
  }

  @Override
  public void overflow() {
    host.end(CloseReason.PROTOCOL_ERROR, "Command line too long");
  }

  /// Where the client is in its commands.
  CommandTracker commands() {
    return commands;
  }

  /// Whether the client has sent something that nobody has taken.
  boolean waits() {
    return unread.size() > 0;
  }

  /// @param wanted whether what the client sends can be dealt with; else it is not read
  void read(boolean wanted) {
    channel.config().setAutoRead(wanted && unread.size() < MAX_UNREAD_BYTES);
  }

  // ── it hears ──

  /// A line of ours, without its CRLF. While the client's commands are being read it goes out behind the last of them.
  void say(String line) {
    write(Unpooled.copiedBuffer(line + "\r\n", StandardCharsets.ISO_8859_1));
    if (!unread.feeding()) {
      flush();
    }
  }

  /// Bytes for the client, sent at the next [#flush].
  ///
  /// @param bytes owned by this method
  void write(ByteBuf bytes) {
    channel.write(bytes, channel.voidPromise());
  }

  void flush() {
    channel.flush();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    host.balance();
  }

  /// Whether the client keeps up with what it is sent.
  boolean keepsUp() {
    return channel.isWritable();
  }

  /// How many bytes wait for the client to read them.
  long unsentBytes() {
    var buffer = channel.unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  // ── it compresses ──

  /// Answers COMPRESS (RFC 4978): behind its OK all is compressed, and what was read behind the command is so already.
  void compress(Command command) {
    String tag = command.tag();
    if (!mayCompress) {
      say(tag + " BAD COMPRESS is not offered");
    } else if (!command.argumentsText().equalsIgnoreCase("DEFLATE")) {
      say(tag + " BAD Only DEFLATE is known");
    } else if (compression != null) {
      say(tag + " NO [COMPRESSIONACTIVE] DEFLATE is active by COMPRESS");
    } else {
      say(tag + " OK DEFLATE active");
      compression =
          new CompressHandler(
              unread.take(),
              metrics::keptBytes,
              () -> host.end(CloseReason.PROTOCOL_ERROR, "This is not deflated"));
      channel.pipeline().addBefore("session", "compress", compression);
      metrics.compressing(1);
      metrics.answeredLocally("compress");
      channel.closeFuture().addListener(_ -> metrics.compressing(-1));
    }
  }

  /// The client is quiet, and may be for long: keeps as little as possible of what its compression needs.
  void rest() {
    if (compression != null) {
      compression.rest();
    }
  }

  /// The client is not quiet any more.
  void stir() {
    if (compression != null) {
      compression.stir();
    }
  }

  // ── the end ──

  /// Nothing of the client is read any more; its channel closes when all is sent.
  void close() {
    end();
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /// Closes the channel, whatever is not sent.
  void cut() {
    end();
    channel.close();
  }

  private void end() {
    ended = true;
    unread.end();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    host.gone();
    end();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      host.gone();
      return;
    }
    host.broken("relay", cause);
  }

  Channel channel() {
    return channel;
  }
}
