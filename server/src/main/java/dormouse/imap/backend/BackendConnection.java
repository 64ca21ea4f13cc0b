package dormouse.imap.backend;

import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.ResponseLines;
import dormouse.imap.track.ResponseTooLongException;
import dormouse.ops.Metrics;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One IMAP connection to a backend. It works in one of two ways: it runs commands of our own and reads whole
/// responses, or it relays, and then every byte goes to its [Relay] unread.
///
/// Lives on the user's event loop. The futures it returns complete there, and never exceptionally.
public final class BackendConnection extends ChannelInboundHandlerAdapter {
  /// Takes the backend's bytes while a client is attached.
  public interface Relay {
    /// What the backend said.
    ///
    /// @param bytes owned by the receiver
    void fromBackend(ByteBuf bytes);

    /// All bytes of one read have been given.
    void backendReadComplete();

    void backendWritabilityChanged(boolean writable);

    void backendClosed();
  }

  /// A login that the backend has accepted.
  ///
  /// @param name the user's one name
  /// @param introduction what the backend was told of the client
  /// @param key what it was made with
  /// @param atMillis when, by [TimerWheel#millis]
  /// @param turn among what its pool's backends have accepted and refused
  /// @param capabilities what the backend offers after the login
  record Login(
      Account account,
      String name,
      @Nullable Introduction introduction,
      LoginKey key,
      long atMillis,
      long turn,
      Capabilities capabilities) {}

  /// The longest response to a command of our own: a UID SEARCH of about a million scattered messages.
  private static final int MAX_RESPONSE_BYTES = 8 << 20;

  private static final Duration LOGOUT_GRACE = Duration.ofSeconds(2);

  private final Backend backend;
  private final Approach approach;
  private String sessionId = "";
  private final TimerWheel wheel;
  private final Metrics metrics;
  private final ArrayDeque<Running> running = new ArrayDeque<>();
  private final ResponseLines lines = new ResponseLines(MAX_RESPONSE_BYTES);
  private final CompletableFuture<@Nullable ResponseLine> greeting = new CompletableFuture<>();
  private CompletableFuture<@Nullable Throwable> handshake = new CompletableFuture<>();
  private @Nullable Channel channel;
  private @Nullable Relay relay;
  private Runnable onClose = () -> {};
  private String purpose;
  private boolean counted; // by the metrics, under that purpose
  private @Nullable Login login;
  private Set<String> enabled = Set.of();
  private boolean condstore;
  private boolean heard;
  private boolean leaving;
  private boolean failed; // it is of no use any more, and about to close
  private boolean byeHeard;
  private @Nullable ByteBuf unheard; // the rest of what is being read
  private int lastTag;

  /// @param approach how long answers may take until somebody is logged in
  /// @param purpose what the connection is for, as metrics say it: `session`, `watch` or `pool`
  BackendConnection(
      Backend backend, Approach approach, String purpose, TimerWheel wheel, Metrics metrics) {
    this.backend = backend;
    this.approach = approach;
    this.purpose = purpose;
    this.wheel = wheel;
    this.metrics = metrics;
  }

  /// A command of ours that has been written and not yet answered.
  private static final class Running {
    final String tag;
    final Consumer<ResponseLine> untagged;
    final Runnable continued;
    final ArrayDeque<String> parts;
    final CompletableFuture<Reply> reply = new CompletableFuture<>();
    @Nullable Timer timer;

    boolean idle;
    boolean stands; // the backend has said `+`
    boolean done; // asked to end

    Running(String tag, Consumer<ResponseLine> untagged, Runnable continued, List<String> parts) {
      this.tag = tag;
      this.untagged = untagged;
      this.continued = continued;
      this.parts = new ArrayDeque<>(parts);
    }
  }

  /// Runs a command under a tag of our own and waits for its tagged reply. Commands may be given one behind another
  /// without waiting; their replies come in order.
  ///
  /// @param command without tag and CRLF, ISO-8859-1 standing for raw bytes
  /// @param untagged hears every untagged response until the tagged reply, in order
  public CompletableFuture<Reply> run(String command, Consumer<ResponseLine> untagged) {
    return run(command, List.of(), untagged);
  }

  /// As [#run(String, Consumer)], for commands with continuations: each part is sent for one `+`.
  public CompletableFuture<Reply> run(
      String command, List<String> parts, Consumer<ResponseLine> untagged) {
    return runAs("zz" + ++lastTag, command, parts, untagged);
  }

  /// As [#run(String, List, Consumer)], under the tag of a client: what the backend says of the command later names it.
  public CompletableFuture<Reply> runAs(
      String tag, String command, List<String> parts, Consumer<ResponseLine> untagged) {
    Running run = new Running(tag, untagged, () -> {}, parts);
    start(run, tag + " " + command + "\r\n");
    watchFor(run);
    return run.reply;
  }

  /// Runs IDLE (RFC 2177) until [#done]; there is no time limit on it.
  ///
  /// @param idling called when the backend has said `+`
  public CompletableFuture<Reply> idle(Consumer<ResponseLine> untagged, Runnable idling) {
    String tag = "zz" + ++lastTag;
    Running run = new Running(tag, untagged, idling, List.of());
    run.idle = true;
    start(run, tag + " IDLE\r\n");
    return run.reply;
  }

  /// Ends the IDLE that is running: from here on the reply is due in time.
  ///
  /// DONE is not said before the backend's `+`: Cyrus 3.6 does not look at what it has read together with IDLE until more
  /// comes, and would idle on.
  public void done() {
    Running idle = running.peek();
    if (idle == null || !idle.idle || idle.done) {
      return;
    }
    idle.done = true;
    if (idle.stands) {
      sayDone(idle);
    }
    watchFor(idle);
  }

  private void sayDone(Running idle) {
    idle.idle = false;
    write("DONE\r\n");
  }

  /// Takes over a command that the client began, so that its tagged reply comes to us: an IDLE that we end.
  public CompletableFuture<Reply> adopt(String tag, Consumer<ResponseLine> untagged) {
    Running run = new Running(tag, untagged, () -> {}, List.of());
    running.add(run);
    watchFor(run);
    return run.reply;
  }

  /// Takes over an IDLE that the client began, for [#done] to end it.
  public void adoptIdle(String tag) {
    Running run = new Running(tag, _ -> {}, () -> {}, List.of());
    run.idle = true;
    run.stands = true;
    running.add(run);
  }

  private void start(Running run, String bytes) {
    if (!open()) {
      run.reply.complete(Reply.GONE);
      return;
    }
    running.add(run);
    write(bytes);
  }

  private void watchFor(Running run) {
    if (run.reply.isDone()) {
      return;
    }
    heard = false;
    run.timer =
        wheel.after(
            answerTimeout(),
            () -> {
              if (heard || !channel().config().isAutoRead()) { // or it is we who do not listen
                watchFor(run);
                return;
              }
              fail(Reply.SLOW);
            });
  }

  private Duration answerTimeout() {
    Duration own = login == null ? approach.timeout() : null;
    return own == null ? backend.settings().answerTimeout() : own;
  }

  /// Gives every byte to `relay` from now on. Only between responses and with no command of ours running.
  public void relayTo(Relay relay) {
    assert running.isEmpty() && lines.atLineStart();
    this.relay = relay;
  }

  /// Reads responses itself again. Only when the relayed stream stands between two responses.
  public void stopRelay() {
    relay = null;
    channel().config().setAutoRead(true);
  }

  /// Whether one IDLE of ours stands, and nothing else runs.
  public boolean idling() {
    Running head = running.peek();
    return running.size() == 1 && head != null && head.idle && head.stands && !head.done;
  }

  /// Whether no command of ours runs, and no response is half read.
  public boolean restful() {
    return running.isEmpty() && lines.atLineStart();
  }

  /// Is told once when the connection ends while it does not relay.
  public void onClose(Runnable listener) {
    onClose = listener;
  }

  /// What a trusted backend calls the session that it serves on this connection; "" if it was told nothing.
  public String sessionId() {
    return sessionId;
  }

  void sessionId(String told) {
    sessionId = told;
  }

  public Backend backend() {
    return backend;
  }

  void loggedIn(Login accepted) {
    login = accepted;
  }

  /// Who is logged in; null if nobody is.
  @Nullable Login login() {
    return login;
  }

  /// How long ago the user who is logged in was let in.
  public Duration loggedInFor() {
    Login accepted = Objects.requireNonNull(login, "nobody is logged in");
    return Duration.ofMillis(wheel.millis() - accepted.atMillis());
  }

  /// Whether the backend has said at the login that it can do this.
  ///
  /// @param capability upper case
  public boolean offers(String capability) {
    return login != null && login.capabilities().has(capability);
  }

  /// What is enabled on the connection, and stays so.
  ///
  /// @param names as ENABLE has them (RFC 5161), upper case
  /// @param numbered whether anything but ENABLE has switched CONDSTORE on (RFC 7162 §3.1)
  public void switchedOn(Set<String> names, boolean numbered) {
    enabled = Set.copyOf(names);
    condstore = numbered || names.contains("CONDSTORE") || names.contains("QRESYNC");
  }

  /// The names that were enabled, upper case.
  public Set<String> enabled() {
    return enabled;
  }

  /// Whether the backend tells mod-sequences, asked or not.
  public boolean condstore() {
    return condstore;
  }

  /// What the connection is for from now on.
  void purpose(String other) {
    boolean was = counted;
    if (was) {
      count(-1);
    }
    purpose = other;
    if (was) {
      count(1);
    }
  }

  public Channel channel() {
    if (channel == null) {
      throw new IllegalStateException("not connected");
    }
    return channel;
  }

  public boolean open() {
    return channel != null && channel.isActive() && !leaving && !failed;
  }

  /// Whether the backend has said BYE, be it behind what was heard last in the same read.
  public boolean saysBye() {
    ByteBuf rest = unheard;
    return byeHeard || (rest != null && rest.isReadable() && hasBye(rest.duplicate()));
  }

  private static boolean hasBye(ByteBuf bytes) {
    ResponseLines ahead = new ResponseLines(MAX_RESPONSE_BYTES);
    try {
      for (ResponseLine line = ahead.next(bytes); line != null; line = ahead.next(bytes)) {
        if (line.kind() == Kind.BYE) {
          return true;
        }
      }
    } catch (ResponseTooLongException _) {
      return false; // whoever reads it will see
    }
    return false;
  }

  /// The first line of the backend, null if the connection ended before it.
  CompletableFuture<@Nullable ResponseLine> greeting() {
    return greeting;
  }

  /// Begins TLS on the connection; completes with null when it stands, with its cause when it failed.
  CompletableFuture<@Nullable Throwable> startTls() {
    handshake = new CompletableFuture<>();
    channel().pipeline().addFirst(backend.tlsHandler(approach, channel()));
    return handshake;
  }

  /// Completes when the first TLS handshake ends; with null when it stands, with its cause when it failed.
  CompletableFuture<@Nullable Throwable> handshake() {
    return handshake;
  }

  /// Says LOGOUT and closes; what still comes is dropped. Safe to call at any time, more than once.
  public void leave() {
    if (leaving || channel == null) {
      return;
    }
    boolean said = channel.isActive();
    leaving = true;
    if (!said) {
      channel.close();
      return;
    }
    Channel closing = channel;
    closing.config().setAutoRead(true);
    Running head = running.peek();
    write((head != null && head.idle ? "DONE\r\n" : "") + "zz" + ++lastTag + " LOGOUT\r\n");
    wheel.after(LOGOUT_GRACE, closing::close);
  }

  /// Closes without a word.
  public void close() {
    leaving = true;
    if (channel != null) {
      channel.close();
    }
  }

  /// Sends bytes, one char each, and flushes.
  public void write(String bytes) {
    write(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
  }

  /// Sends bytes as they are, and flushes.
  ///
  /// @param bytes owned by this method
  public void write(ByteBuf bytes) {
    channel().writeAndFlush(bytes, channel().voidPromise());
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    channel = context.channel();
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    count(1);
    context.channel().closeFuture().addListener(_ -> count(-1));
  }

  private void count(int delta) {
    metrics.backendConnections(backend.name(), purpose, delta);
    counted = delta > 0;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (leaving) {
      bytes.release();
      return;
    }
    if (relay != null) {
      relay.fromBackend(bytes);
      return;
    }
    heard = true;
    unheard = bytes;
    try {
      while (relay == null && !leaving) {
        ResponseLine line = lines.next(bytes);
        if (line == null) {
          break;
        }
        hear(line);
      }
      if (relay != null && bytes.isReadable()) { // it took over in the middle of this read
        relay.fromBackend(bytes.readRetainedSlice(bytes.readableBytes()));
      }
    } catch (ResponseTooLongException _) {
      fail(Reply.GONE);
    } finally {
      unheard = null;
      ReferenceCountUtil.release(bytes);
    }
  }

  private void hear(ResponseLine line) {
    if (leaving) {
      return;
    }
    byeHeard |= line.kind() == Kind.BYE;
    if (!greeting.isDone()) {
      greeting.complete(line);
      return;
    }
    Running head = running.peek();
    if (head == null) {
      unasked.accept(line);
      return;
    }
    if (line.kind() == Kind.TAGGED) {
      if (line.tag().equals(head.tag)) {
        running.remove();
        end(head, Reply.of(line));
      }
      return;
    }
    if (line.kind() == Kind.CONTINUATION) {
      String part = head.parts.poll();
      if (part == null) {
        head.stands = true;
        if (head.idle && head.done) {
          sayDone(head);
        }
        head.continued.run();
        return;
      }
      write(part);
      return;
    }
    head.untagged.accept(line);
  }

  private Consumer<ResponseLine> unasked = _ -> {};

  /// Hears untagged responses that come while no command of ours runs.
  public void onUnasked(Consumer<ResponseLine> listener) {
    unasked = listener;
  }

  private static void end(Running run, Reply reply) {
    if (run.timer != null) {
      run.timer.cancel();
    }
    run.reply.complete(reply);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (relay != null) {
      relay.backendReadComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (relay != null) {
      relay.backendWritabilityChanged(context.channel().isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslHandshakeCompletionEvent done) {
      handshake.complete(done.cause());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    handshake.complete(cause);
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    boolean withTls = context.pipeline().get(SslHandler.class) != null;
    if (withTls && !handshake.isDone()) { // an exception is dear
      handshake.complete(new ClosedChannelException());
    }
    boolean wanted = !leaving;
    fail(Reply.GONE);
    if (!wanted) {
      return;
    }
    if (relay != null) {
      relay.backendClosed();
      return;
    }
    onClose.run();
  }

  /// Nothing runs here any more, whatever is begun behind a command that is lost.
  private void fail(Reply reply) {
    boolean wanted = !leaving;
    failed = true;
    greeting.complete(null);
    List<Running> lost = List.copyOf(running);
    running.clear();
    lost.forEach(run -> end(run, reply));
    if (wanted && channel != null && channel.isActive()) {
      channel.close();
    }
  }
}
