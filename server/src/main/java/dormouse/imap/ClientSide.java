package dormouse.imap;

import dormouse.imap.compress.CompressHandler;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.Command;
import dormouse.imap.track.CommandTracker;
import dormouse.imap.track.Verb;
import dormouse.ops.Metrics;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.park.Unparked;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The client's side of a session: its connection, the commands it sends, and what is said to it. Bytes wait here until the
/// session can take them. A client that sleeps has no channel, if it can be parked.
///
/// Lives on its session's event loop.
final class ClientSide implements CommandTracker.Listener, Parking.Owner {
  /// The session of the client.
  interface Host {
    /// The client has sent something; its commands are not looked at yet.
    void spoke();

    /// What to do with a command, as [CommandTracker.Listener#begins].
    CommandTracker.Decision decide(String tag, Verb verb, @Nullable String arguments);

    /// Whether [#decide] wants the arguments of such a command.
    boolean peeks(Verb verb);

    /// Bytes of a command that is the backend's; owned by the receiver.
    void toBackend(ByteBuf bytes);

    /// An APPEND goes to the backend, which is known up to its message.
    void named(Command begun);

    /// All of a command went to the backend.
    void passedOn(Command command);

    /// Answers a command that [#decide] kept.
    void answer(Command command);

    /// All that was there has been read.
    void settle();

    /// The client takes more now, or less.
    void balance();

    /// The connection has no channel any more.
    void parked();

    /// Whether the client is heard and answered without a backend, and nothing more is under way.
    boolean canRest();

    /// Whether the client has spoken just now, and may go on: its channel stays for a moment.
    boolean goesOn();

    void end(CloseReason reason, String bye);

    /// The connection has ended.
    void gone();

    void broken(String what, Throwable bug);
  }

  private static final int MAX_UNREAD_BYTES = 16 << 10; // by us, before we read no more
  private static final int MAX_MALFORMED = 20;

  private final @Nullable Parking parking;
  private final Runnable closed;
  private final UserMailboxes home;
  private final Metrics metrics;
  private final Host host;
  private final Stall stall;
  private final CommandTracker commands = new CommandTracker(this);
  private final UnreadBytes unread;
  private final boolean mayCompress;
  private @Nullable CompressHandler compression;
  private int malformed;
  private boolean ended;
  private Wire wire;
  private boolean parks; // the channel is about to leave its loop
  private boolean kept; // it has been said that the channel cannot be parked
  private boolean sending; // it is looked at anew when all has been sent

  /// @param parking null if nothing is parked
  /// @param closed told when there is no connection any more; may be told more than once
  /// @param mayCompress whether COMPRESS is offered
  ClientSide(
      Channel channel,
      @Nullable Parking parking,
      Runnable closed,
      UserMailboxes home,
      boolean mayCompress,
      Host host) {
    this(new Wire.Live(channel), parking, closed, home, mayCompress, host);
  }

  private ClientSide(
      Wire wire,
      @Nullable Parking parking,
      Runnable closed,
      UserMailboxes home,
      boolean mayCompress,
      Host host) {
    this.wire = wire;
    this.parking = parking;
    this.closed = closed;
    this.home = home;
    this.metrics = home.metrics();
    this.host = host;
    this.stall = new Stall(home.wheel(), this);
    this.mayCompress = mayCompress;
    this.unread = new UnreadBytes(ByteBufAllocator.DEFAULT);
  }

  /// Goes on where a session rested.
  ///
  /// @param malformed how often the client was not understood so far
  static ClientSide resumed(
      Parked socket,
      Parking parking,
      Runnable closed,
      UserMailboxes home,
      boolean mayCompress,
      int malformed,
      Host host) {
    ClientSide client =
        new ClientSide(new Wire.AtRest(socket, closed), parking, closed, home, mayCompress, host);
    client.malformed = malformed;
    return client;
  }

  /// Begins to read.
  ///
  /// @param early what the client sent behind its login; owned by this method
  void begin(ByteBuf early) {
    unread.add(early);
    Channel channel = channel();
    if (channel != null) {
      listenTo(channel);
      channel.config().setAutoRead(true);
      channel.read();
    }
  }

  private void listenTo(Channel channel) {
    channel.pipeline().addLast("session", new Ears());
    channel
        .closeFuture()
        .addListener(_ -> {
          stall.over();
          closed.run();
        });
  }

  /// What a channel tells the session.
  private final class Ears extends ChannelInboundHandlerAdapter {
    /// It has a channel again, maybe only because its socket did not take all.
    @Override
    public void channelActive(ChannelHandlerContext context) {
      context.executor().execute(ClientSide.this::goOn);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      received((ByteBuf) message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      receivedAll();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      if (waits() && wire.keepsUp()) {
        context.executor().execute(ClientSide.this::goOn); // not in the middle of a flush
      } else {
        host.balance();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      hungUp();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (cause instanceof IOException) {
        host.gone();
        return;
      }
      host.broken("relay", cause);
    }
  }

  // ── it speaks ──

  @Override
  public void received(ByteBuf bytes) {
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
  public void receivedAll() {
    host.settle();
  }

  /// The client takes more again, or has taken all: what waited for that is looked at.
  private void goOn() {
    try {
      host.settle();
    } catch (RuntimeException e) {
      host.broken("relay", e);
    }
  }

  /// Looks at what waits, as far as the session takes commands now.
  void pump() {
    stall.consider(); // before there is more to send
    unread.feed(commands, host::toBackend);
  }

  /// While the client does not take what it has been answered, its next command waits: one read may ask for far more than it is long.
  @Override
  public CommandTracker.Decision begins(String tag, Verb verb, @Nullable String arguments) {
    return wire.keepsUp() ? host.decide(tag, verb, arguments) : CommandTracker.Decision.WAIT;
  }

  @Override
  public boolean peeks(Verb verb) {
    return host.peeks(verb);
  }

  @Override
  public void named(Command begun) {
    host.named(begun);
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
    stall.consider();
    wire.read(wanted && unread.size() < MAX_UNREAD_BYTES);
  }

  // ── it hears ──

  /// A line of ours, or some, without the last CRLF. While the client's commands are being read it goes out behind the last of them.
  void say(String line) {
    makeRoom();
    wire.write((line + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    if (!unread.feeding()) {
      flush();
    }
  }

  /// Bytes for the client, sent at the next [#flush].
  ///
  /// @param bytes owned by this method
  void write(ByteBuf bytes) {
    makeRoom();
    wire.write(bytes);
  }

  private void makeRoom() {
    if (wire instanceof Wire.AtRest atRest && atRest.unsentBytes() > Wire.AtRest.MOST_UNSENT) {
      atRest.flush(); // which may have given it a channel
    }
  }

  void flush() {
    wire.flush();
  }

  /// Whether the client keeps up with what it is sent.
  boolean keepsUp() {
    return wire.keepsUp();
  }

  /// How many bytes wait for the client to read them.
  long unsentBytes() {
    return wire.unsentBytes();
  }

  /// As [Wire#takenBytes].
  long takenBytes() {
    return wire.takenBytes();
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
      Channel channel = channel();
      if (channel == null) {
        return;
      }
      say(tag + " OK DEFLATE active");
      compression =
          new CompressHandler(
              unread.take(),
              home.sessions()::kept,
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
    kept = false;
    if (compression != null) {
      compression.stir();
    }
  }

  // ── it has no channel ──

  /// The client's channel: that which it has, or a new one; null if the client has gone.
  private @Nullable Channel channel() {
    if (wire instanceof Wire.AtRest atRest) {
      atRest.revive();
    }
    return wire instanceof Wire.Live(var channel) ? channel : null;
  }

  /// Gives the channel up if nothing is under way, or takes one because something is.
  void park() {
    switch (wire) {
      case Wire.AtRest atRest -> {
        if (!canPark()) {
          atRest.revive();
        }
      }
      case Wire.Live(var channel) -> {
        if (parking == null || parks || kept || !canPark() || host.goesOn()) {
          return;
        }
        Unparked obstacle = compression == null ? parking.obstacle(channel) : Unparked.PIPELINE;
        if (obstacle == null) {
          parks = true;
          parking.park(channel, this);
        } else if (!obstacle.isPassing()) {
          kept = true;
          metrics.unparked(obstacle.label());
        } else {
          goOnWhenSent(channel);
        }
      }
    }
  }

  /// What is unsent may be all that is under way, and nothing else would tell that it has gone.
  private void goOnWhenSent(Channel channel) {
    if (sending || unsentBytes() == 0) {
      return;
    }
    sending = true;
    channel
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(sent -> {
          sending = false;
          if (sent.isSuccess()) {
            channel.eventLoop().execute(this::goOn); // not in the middle of a flush
          }
        });
  }

  @Override
  public boolean canPark() {
    return !ended && unread.size() == 0 && commands.atRest() && host.canRest();
  }

  @Override
  public void stayed() {
    parks = false;
    if (wire instanceof Wire.Live(var channel)) {
      goOnWhenSent(channel);
    }
  }

  @Override
  public void parked(Parked socket) {
    parks = false;
    wire = new Wire.AtRest(socket, closed);
    host.parked();
  }

  /// The client's socket, if it is parked and nothing is under way; else null.
  @Nullable Parked resting() {
    return wire instanceof Wire.AtRest atRest
            && wire.unsentBytes() == 0
            && !unread.feeding()
            && canPark()
        ? atRest.socket()
        : null;
  }

  int malformed() {
    return malformed;
  }

  @Override
  public void revived(Channel channel) {
    wire = new Wire.Live(channel);
    listenTo(channel);
  }

  @Override
  public void broken(Throwable bug) {
    host.broken("parked", bug);
  }

  @Override
  public void gone() {
    hungUp();
    closed.run();
  }

  private void hungUp() {
    host.gone();
    end();
  }

  // ── the end ──

  /// It does not take what it is sent.
  void stalled() {
    if (ended) {
      cut();
    } else {
      host.end(CloseReason.SLOW_CLIENT, "You do not read what is sent to you");
    }
  }

  /// Nothing of the client is read any more; its channel closes when all is sent, or none of it is taken any more.
  void close() {
    end();
    if (wire instanceof Wire.AtRest atRest) {
      atRest
          .flush(); // what its socket does not take now gets it a channel, which closes when all is
      // sent
    }
    wire.close();
    if (wire instanceof Wire.Live) {
      stall.lastWords();
    }
  }

  /// Closes the channel, whatever is not sent.
  void cut() {
    end();
    wire.cut();
  }

  private void end() {
    ended = true;
    stall.cancel();
    unread.end();
  }
}
