package dormouse.imap;

import dormouse.auth.Credentials;
import dormouse.auth.LoginGuard;
import dormouse.auth.LoginResult;
import dormouse.auth.SaslClient;
import dormouse.auth.SaslExchange;
import dormouse.config.ListenTls;
import dormouse.config.LoginSettings;
import dormouse.config.SaslMechanism;
import dormouse.directory.Attempt;
import dormouse.directory.Proof;
import dormouse.listen.CrowdedOut;
import dormouse.listen.Presence;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import dormouse.session.TimerWheel;
import dormouse.tls.records.HandshakeFacts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Talks with a client from the greeting to the end of its login, then hands it to whoever serves it (RFC 9051 §6.1, §6.2).
///
/// Lives on the client's event loop, also when the login moves the channel to another one: every method runs there, none
/// blocks. What a client sends is bounded (lines, literals, commands, errors, time) and never passed on; while a login is
/// decided nothing is read.
public final class ImapDialogue extends ChannelInboundHandlerAdapter implements SaslClient {
  /// How much may arrive while a login is decided: what was on its way when we stopped reading.
  private static final int MAX_WAITING_BYTES = 128 * 1024;

  /// What all dialogues of one listener share.
  ///
  /// @param listener how its clients come to TLS
  /// @param tls makes the handler that ends TLS for one channel; for a listener of [ListenTls#NONE] never called
  /// @param dialogues where each is while it lasts
  /// @param wheels the timers of an event loop
  public record Setup(
      ListenTls listener,
      Function<ByteBufAllocator, ? extends ChannelHandler> tls,
      LoginSettings limits,
      LoginGuard guard,
      ImapLogin login,
      Dialogues dialogues,
      Function<EventLoop, TimerWheel> wheels,
      InstantSource clock,
      Metrics metrics) {}

  private final Setup setup;
  private final CommandReader reader;
  private final LoginTimers timers;
  private final LoginEvents events;
  private final LoginTurn turn;

  private final ClientIdentity identity;
  private @Nullable ChannelHandlerContext context;
  private DialoguePhase phase = new DialoguePhase.Over();
  private final Unread unread = new Unread();
  private boolean processing;
  private int attempts;
  private int errors;
  private int commands;
  private boolean started;
  private CloseReason closeReason = CloseReason.CLIENT_GONE;

  public ImapDialogue(Setup setup, Client client) {
    this.setup = setup;
    identity = new ClientIdentity(client, setup.limits().trustedNetworks());
    events = new LoginEvents(setup.metrics());
    turn = new LoginTurn(this, setup, events);
    reader = new CommandReader(setup.limits());
    timers =
        new LoginTimers(
            setup.limits(),
            setup.clock(),
            () -> end(CloseReason.LOGIN_TIMEOUT, "You were silent for too long"),
            () -> end(CloseReason.LOGIN_TIMEOUT, "You took too long to log in"));
  }

  /// The client's channel. Its pipeline holds the TLS handler, if any, and this.
  public Channel channel() {
    return context().channel();
  }

  /// Whether others should log in before this client, at a backend that is not free.
  boolean doubted() {
    return turn.doubted();
  }

  /// Who the client is.
  public Client client() {
    return identity.client();
  }

  /// What the client told of itself with ID, such as `("name" "Mutt")`; `""` if nothing. At most 1 KiB, and safe to send on:
  /// visible ASCII, no field that begins with `x-`.
  public String clientId() {
    return identity.clientId();
  }

  /// Asks the client once more while its login is decided, which waits for the answer as long as for any other line.
  @Override
  public CompletableFuture<byte @Nullable []> ask(byte[] challenge) {
    assert channel().eventLoop().inEventLoop();
    if (!(phase instanceof DialoguePhase.Deciding deciding)) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<byte @Nullable []> answer = new CompletableFuture<>();
    phase = new DialoguePhase.Asked(deciding, answer);
    timers.start(wheel());
    write("+ " + Base64.getEncoder().encodeToString(challenge));
    context().flush();
    channel().config().setAutoRead(true);
    process();
    return answer;
  }

  /// However long its login is held up now, it makes nobody else wait.
  @Override
  public void proven() {
    assert channel().eventLoop().inEventLoop();
    turn.proven();
  }

  private void answered(DialoguePhase.Asked asked, byte[] line) {
    phase = asked.deciding();
    timers.stop();
    channel().config().setAutoRead(false);
    asked.answer().complete(SaslExchange.decode(line));
  }

  /// Tells the client that it is not logged in, and goes on with the dialogue; after too many errors closes it. If the client is gone, nothing is told.
  public void refuse(String tag, LoginResult result) {
    refuse(tag, result, /* last= */ false);
  }

  /// As [#refuse(String, LoginResult)].
  ///
  /// @param last whether the dialogue ends with it
  public void refuse(String tag, LoginResult result, boolean last) {
    assert channel().eventLoop().inEventLoop();
    if (!(phase instanceof DialoguePhase.Deciding deciding)) {
      return;
    }
    turn.decided(client(), deciding, result);
    phase = new DialoguePhase.Commanding();
    timers.start(wheel());
    failed(LoginReply.of(tag, result), CloseReason.LOGINS_REFUSED);
    if (last) {
      end(CloseReason.LOGINS_REFUSED, "No further try is wanted");
    }
    if (setup.dialogues().goDown()) {
      shutDownNow();
    }
    channel().config().setAutoRead(true);
    process();
  }

  /// Whether the client is there, and waits for what comes of its login.
  boolean waits() {
    return decides() && channel().isActive();
  }

  /// Whether a login of it is being decided.
  boolean decides() {
    return phase instanceof DialoguePhase.Deciding;
  }

  /// Hands the client over: this handler leaves the pipeline, and counts the session no longer
  /// ([Metrics.State#GREETING] is the caller's to change).
  ///
  /// @return what the client has already sent after its login; the caller's own, may be empty
  public ByteBuf release() {
    assert channel().eventLoop().inEventLoop();
    if (phase instanceof DialoguePhase.Deciding deciding) {
      turn.decided(client(), deciding, new LoginResult.Accepted());
    }
    Presence.loggedIn(channel());
    timers.stop();
    phase = new DialoguePhase.Over();
    started = false;
    setup.dialogues().ended(this);
    ByteBuf rest = unread.handOver();
    if (!context().isRemoved()) {
      channel().pipeline().remove(this);
    }
    return rest;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    this.context = context;
    if (context.channel().isActive()) {
      start();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    start();
    context.fireChannelActive();
  }

  private void start() {
    if (started) {
      return;
    }
    started = true;
    setup.dialogues().begun(this);
    events.accepted();
    timers.start(wheel());
    if (setup.dialogues().goDown()) {
      channel().eventLoop().execute(this::shutDown);
    }
    if (setup.listener() == ListenTls.IMPLICIT) {
      phase = new DialoguePhase.Handshaking(true);
      return;
    }
    greet();
  }

  private void greet() {
    phase = new DialoguePhase.Commanding();
    write(offer().greeting());
    context().flush();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof HandshakeFacts facts) {
      identity.hasTls(facts);
    } else if (event instanceof SslHandshakeCompletionEvent handshake
        && phase instanceof DialoguePhase.Handshaking(var greets)) {
      if (!handshake.isSuccess()) {
        closeReason = CloseReason.TLS_FAILED; // the TLS handler closes
      } else {
        phase = new DialoguePhase.Commanding();
        if (greets) {
          greet();
        }
      }
    }
    if (event instanceof CrowdedOut && !decides()) {
      end(CloseReason.CROWDED_OUT, "Too many are waiting to log in, and you longest");
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (phase instanceof DialoguePhase.Over || phase instanceof DialoguePhase.Turning) {
      in.release();
      return;
    }
    if (phase instanceof DialoguePhase.Deciding) {
      if (unread.size() + in.readableBytes() > MAX_WAITING_BYTES) {
        in.release();
        end(CloseReason.PROTOCOL_ERROR, "Too much before the answer to a login");
        return;
      }
    } else {
      timers.heard(wheel());
    }
    unread.append(in, context.alloc());
    process();
  }

  private void process() {
    if (processing) {
      return; // the login has answered at once: the loop below goes on
    }
    processing = true;
    try {
      while (step()) {}
    } finally {
      processing = false;
    }
    unread.trim(context().alloc());
    context().flush();
  }

  /// Takes one step in what is unread; false if there is none to take now.
  private boolean step() {
    return switch (phase) {
      case DialoguePhase.Commanding _ -> step(reader.read(unread.bytes()));
      case DialoguePhase.Answering _, DialoguePhase.Asked _ ->
          step(reader.readLine(unread.bytes()));
      case DialoguePhase.Handshaking _,
          DialoguePhase.Deciding _,
          DialoguePhase.Turning _,
          DialoguePhase.Over _ ->
          false;
    };
  }

  private boolean step(CommandReader.Step step) {
    switch (step) {
      case MORE -> {
        return false;
      }
      case CONTINUE -> write("+ Ready for the literal");
      case COMPLETE -> {
        byte[] line = reader.take(unread.bytes());
        take(line);
        Arrays.fill(line, (byte) 0); // it may hold a password
      }
      case TOO_BIG -> failed(tooBig(reader.refusedTag()));
      case LINE_TOO_LONG -> end(CloseReason.PROTOCOL_ERROR, "Line too long");
      case LITERAL_TOO_LARGE -> end(CloseReason.PROTOCOL_ERROR, "Literal too large");
    }
    return true;
  }

  private static String tooBig(String tag) {
    return tag.equals("*") ? "* BAD Literal too large" : tag + " NO [TOOBIG] Literal too large";
  }

  private void take(byte[] line) {
    if (phase instanceof DialoguePhase.Answering(var tag, var mechanism, var exchange)) {
      turn(tag, mechanism, exchange, exchange.answer(line));
      return;
    }
    if (phase instanceof DialoguePhase.Asked asked) {
      answered(asked, line);
      return;
    }
    command(ImapCommand.parse(line));
  }

  private void command(ImapCommand command) {
    if (++commands > setup.limits().maxCommands()) {
      end(CloseReason.TOO_MANY_ERRORS, "Too many commands before login");
      return;
    }
    String tag = command.tag();
    switch (command) {
      case ImapCommand.Capability _ -> {
        write("* CAPABILITY " + offer().capabilities());
        write(tag + " OK CAPABILITY completed");
      }
      case ImapCommand.Noop _ -> write(tag + " OK NOOP completed");
      case ImapCommand.Id(_, var said) -> {
        identity.tells(said);
        write("* ID (\"name\" \"Dormouse\")");
        write(tag + " OK ID completed");
      }
      case ImapCommand.Logout _ ->
          end(CloseReason.CLIENT_LOGOUT, "Logging out", tag + " OK LOGOUT completed");
      case ImapCommand.StartTls _ -> startTls(tag);
      case ImapCommand.Login login -> login(login);
      case ImapCommand.Authenticate authenticate -> authenticate(authenticate);
      case ImapCommand.Other _ -> failed(tag + " BAD Unknown command, or not before login");
      case ImapCommand.Malformed(_, var why) -> failed(tag + " BAD " + why);
    }
  }

  /// What the client sent in clear behind its STARTTLS may come from somebody in between: none of it is executed
  /// (RFC 9051 §6.2.1, CVE-2011-0411).
  private void startTls(String tag) {
    if (!offer().hasStartTls()) {
      failed(tag + (client().tls() ? " BAD TLS is there already" : " BAD No TLS here"));
      return;
    }
    phase = new DialoguePhase.Turning();
    unread.discard();
    ChannelHandlerContext context = context();
    context
        .writeAndFlush(ByteBufUtil.writeAscii(context.alloc(), tag + " OK Begin TLS now\r\n"))
        .addListener(written -> {
          if (written.isSuccess() && phase instanceof DialoguePhase.Turning) {
            phase = new DialoguePhase.Handshaking(false);
            identity.turnsToTls();
            context.pipeline().addFirst("tls", setup.tls().apply(context.alloc()));
          }
        });
  }

  private void login(ImapCommand.Login login) {
    Credentials credentials = login.credentials();
    LoginOffer offer = offer();
    if (!offer.allowsLogin()) {
      credentials.wipe();
      failed(privacyRequired(login.tag()));
      return;
    }
    if (!offer.hasLoginCommand()) {
      credentials.wipe();
      failed(login.tag() + " NO No password is taken here");
      return;
    }
    decide(
        login.tag(),
        "LOGIN",
        credentials.user(),
        credentials.authzid(),
        new Proof.Password(credentials.password()));
  }

  private void authenticate(ImapCommand.Authenticate authenticate) {
    String tag = authenticate.tag();
    LoginOffer offer = offer();
    if (!offer.allowsLogin()) {
      failed(privacyRequired(tag));
      return;
    }
    SaslMechanism mechanism = offer.mechanism(authenticate.mechanism());
    if (mechanism == null) {
      failed(tag + " NO This mechanism is not supported");
      return;
    }
    SaslExchange exchange = SaslExchange.of(mechanism, offer.seen());
    turn(tag, authenticate.mechanism(), exchange, exchange.begin(authenticate.initial()));
  }

  private LoginOffer offer() {
    return new LoginOffer(
        setup.listener(), client(), identity.bindings(), setup.limits().mechanisms());
  }

  private static String privacyRequired(String tag) {
    return tag + " NO [PRIVACYREQUIRED] Say STARTTLS before you log in";
  }

  private void turn(String tag, String mechanism, SaslExchange exchange, SaslExchange.Turn turn) {
    phase = new DialoguePhase.Commanding();
    switch (turn) {
      case SaslExchange.Turn.Ask(var challenge) -> {
        phase = new DialoguePhase.Answering(tag, mechanism, exchange);
        write("+ " + challenge);
      }
      case SaslExchange.Turn.Present(var user, var authzid, var proof) ->
          decide(tag, mechanism, user, authzid, proof);
      case SaslExchange.Turn.Failed(var why) -> failed(tag + " BAD " + why);
    }
  }

  private void decide(String tag, String mechanism, String user, String authzid, Proof proof) {
    Attempt attempt = identity.attempt(++attempts, mechanism, user, authzid, proof);
    phase = new DialoguePhase.Deciding(tag, attempt, setup.clock().instant());
    timers.stop();
    channel().config().setAutoRead(false);
    context().flush();
    turn.await(client(), tag, attempt);
  }

  /// Says that something did not work, and counts it.
  private void failed(String line) {
    failed(line, CloseReason.TOO_MANY_ERRORS);
  }

  /// @param reason to close, if it was one too many
  private void failed(String line, CloseReason reason) {
    write(line);
    if (++errors >= setup.limits().maxErrors()) {
      end(reason, "Too many errors");
    }
  }

  /// Whether it is on this loop, and not on its way to another. Any thread.
  boolean isOn(EventLoop loop) {
    return channel().isRegistered() && channel().eventLoop().equals(loop);
  }

  /// Dormouse is going down: a client whose login is under way hears what comes of it first.
  void shutDown() {
    boolean underWay =
        phase instanceof DialoguePhase.Deciding || phase instanceof DialoguePhase.Asked;
    if (phase instanceof DialoguePhase.Over) {
      Farewell.shorten(channel(), wheel());
    } else if (!underWay || turn.held()) {
      shutDownNow();
    }
  }

  /// The same when there is no time left.
  void shutDownNow() {
    end(CloseReason.SHUTDOWN, Drain.BYE);
  }

  private void end(CloseReason reason, String bye, String... more) {
    if (phase instanceof DialoguePhase.Over) {
      return;
    }
    boolean canHear = !(phase instanceof DialoguePhase.Handshaking);
    leave();
    closeReason = reason;
    timers.stop();
    unread.discard();
    if (!canHear) {
      context().close();
      return;
    }
    StringBuilder lines = new StringBuilder("* BYE ").append(bye).append("\r\n");
    for (String line : more) {
      lines.append(line).append("\r\n");
    }
    switch (reason) {
      case CROWDED_OUT -> Farewell.cut(context(), lines.toString(), wheel());
      default -> {
        Farewell.say(context(), lines.toString(), wheel());
        if (setup.dialogues().goDown()) {
          Farewell.shorten(channel(), wheel());
        }
      }
    }
  }

  /// The dialogue is over; a login that waits for the client's answer waits no longer.
  private void leave() {
    DialoguePhase before = phase;
    phase = new DialoguePhase.Over();
    turn.left();
    if (before instanceof DialoguePhase.Asked(_, var answer)) {
      answer.complete(null);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    gone();
    context.fireChannelInactive();
  }

  /// The connection has ended, where its channel does not tell: between two loops.
  void gone() {
    if (started) {
      started = false;
      leave();
      timers.stop();
      unread.discard();
      events.closed(client(), closeReason);
      setup.dialogues().ended(this);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    timers.stop();
    unread.discard();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      context.close();
      return;
    }
    if (cause instanceof DecoderException) { // only TLS decodes before us
      closeReason = CloseReason.TLS_FAILED;
      context.close();
      return;
    }
    events.bug(client(), cause);
    end(CloseReason.INTERNAL_ERROR, "Something went wrong here");
  }

  private void write(String line) {
    context().write(ByteBufUtil.writeAscii(context().alloc(), line + "\r\n"));
  }

  TimerWheel wheel() {
    return setup.wheels().apply(channel().eventLoop());
  }

  private ChannelHandlerContext context() {
    return Objects.requireNonNull(context, "the dialogue is in no pipeline");
  }
}
