package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.StayReason;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.sleep.Wake;
import dormouse.imap.track.Command;
import dormouse.imap.track.CommandTracker;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.MailboxView;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A client after its login: attached to a backend, asleep, or on the way between the two.
/// ```text
///            quiet              view taken
/// ATTACHED ────────▶ OURS ─────────────────▶ ASLEEP ──the client wants more than a sleeper can say──▶ WAKING
///    ▲                  │ client spoke, unfit                                                          │
///    └──────────────────┴──────────────────────────────────────────backend ready───────────────────────┘
/// any ──the client leaves, or the truth cannot be restored──▶ CLOSED
/// ```
/// The client's bytes wait in [UnreadBytes] until the tracker may take them; what the client hears passes through the
/// [Conversation], also what is said while it sleeps.
///
/// Lives on the user's event loop.
final class ImapSession extends ChannelInboundHandlerAdapter
    implements CommandTracker.Listener, Conversation.Events, BackendConnection.Relay, Doze.Host {
  private enum State {
    ATTACHED,
    /// Attached, and commands of our own run on the backend.
    OURS,
    ASLEEP,
    WAKING,
    CLOSED
  }

  private static final int MAX_OUTSTANDING = 64;
  private static final int MAX_UNREAD_BYTES = 16 << 10; // by us, before we read no more
  private static final int MAX_UNSENT_BYTES = 1 << 20; // to a sleeping client
  private static final int MAX_MALFORMED = 20;
  private static final Duration LAST_WORDS = Duration.ofSeconds(10);
  private static final String LOST = "Connection to the mail server was lost";
  private static final EventLog LOG = EventLog.of(ImapSession.class);

  private final Client client;
  private final String clientId;
  private final String user;
  private final UserMailboxes home;
  private final Channel channel;
  private final @Nullable Grant grant;
  private final Conversation conversation;
  private final CommandTracker commands = new CommandTracker(this);
  private final QuietClock quiet;
  private final UnreadBytes unread;
  private final MissedNews missed;
  private State state = State.ATTACHED;
  private int malformed;

  private @Nullable BackendConnection backend;
  private BackendFeatures features;
  private boolean byeSaid;
  private boolean loggedOut;
  private String lastTag = "";

  private @Nullable Snapshot snapshot;

  private @Nullable String endedIdle; // tag of an IDLE that ended on the backend only
  private @Nullable Doze doze;
  private @Nullable Wake wake;

  /// @param grant how to log in again; null if the session may not sleep
  /// @param capabilities the backend's, after the login
  ImapSession(
      Channel channel,
      Client client,
      String clientId,
      String user,
      UserMailboxes home,
      @Nullable Grant grant,
      BackendConnection backend,
      Capabilities capabilities) {
    this.channel = channel;
    this.client = client;
    this.clientId = clientId;
    this.user = user;
    this.home = home;
    this.grant = grant;
    this.backend = backend;
    this.features = BackendFeatures.of(capabilities);
    this.conversation = new Conversation(capabilities.forClient(), this, this::toClient);
    this.unread = new UnreadBytes(channel.alloc());
    this.missed = new MissedNews(conversation);
    this.quiet = new QuietClock(home, this::restful, this::sleep);
  }

  /// Answers the login and begins to relay.
  ///
  /// @param early what the client sent behind its login; owned by the session
  void begin(String tag, ByteBuf early) {
    home.enter();
    home.metrics().sessionState(Metrics.State.GREETING, Metrics.State.ATTACHED);
    say(tag + " OK [CAPABILITY " + conversation.capabilities() + "] Logged in");
    BackendConnection connection = backend;
    if (connection != null) {
      connection.relayTo(this);
    }
    unread.add(early);
    channel.config().setAutoRead(true);
    channel.read();
    settle();
  }

  Channel channel() {
    return channel;
  }

  // ── the client speaks ──

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (state == State.CLOSED) {
      bytes.release();
      return;
    }
    home.metrics().bytes(Metrics.Direction.CLIENT_TO_BACKEND, bytes.readableBytes());
    if (snapshot != null) {
      snapshot.abandon();
    }
    unread.add(bytes);
    pump();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    settle();
  }

  private void pump() {
    unread.feed(commands, this::toBackend);
  }

  private void toBackend(ByteBuf bytes) {
    BackendConnection to = backend;
    if (to == null || !to.open()) {
      bytes.release();
      return;
    }
    to.channel().write(bytes, to.channel().voidPromise());
  }

  /// After whatever happened: send what was written, read as much as can be dealt with, and think of sleep.
  private void settle() {
    if (state == State.CLOSED) {
      return;
    }
    pump();
    if (backend != null && state == State.ATTACHED) {
      backend.channel().flush();
    }
    channel.flush();
    balance();
    quiet.consider();
  }

  private void balance() {
    boolean backendTakes =
        state != State.ATTACHED || backend == null || backend.channel().isWritable();
    boolean clientTakes = state != State.ASLEEP || channel.isWritable(); // what we answer ourselves
    channel.config().setAutoRead(unread.size() < MAX_UNREAD_BYTES && backendTakes && clientTakes);
    if (backend != null && state == State.ATTACHED) {
      backend.channel().config().setAutoRead(channel.isWritable());
    }
  }

  @Override
  public CommandTracker.Decision begins(String tag, Verb verb) {
    return switch (state) {
      case ATTACHED -> beginsAttached(tag, verb);
      case ASLEEP -> beginsAsleep(verb);
      case OURS, WAKING, CLOSED -> CommandTracker.Decision.WAIT;
    };
  }

  private CommandTracker.Decision beginsAttached(String tag, Verb verb) {
    if (conversation.swallowsContinuation()) {
      return CommandTracker.Decision.WAIT; // the backend is just taking up the client's IDLE again
    }
    if (verb == Verb.DONE) {
      quiet.touched();
      return endedIdle != null ? CommandTracker.Decision.ANSWER : CommandTracker.Decision.FORWARD;
    }
    if (endsHere(verb)) {
      return conversation.busy() ? CommandTracker.Decision.WAIT : CommandTracker.Decision.ANSWER;
    }
    if (conversation.outstanding() >= MAX_OUTSTANDING) {
      return CommandTracker.Decision.WAIT;
    }
    if (missed.owesFlags() && conversation.busy()) {
      return CommandTracker.Decision.WAIT;
    }
    if (!missed.lets(verb)) {
      return CommandTracker.Decision.ANSWER;
    }
    quiet.touched();
    lastTag = tag;
    conversation.begins(tag, verb);
    return CommandTracker.Decision.FORWARD;
  }

  /// Commands that would take the stream or the user away from under the session.
  private static boolean endsHere(Verb verb) {
    return switch (verb) {
      case COMPRESS, STARTTLS, LOGIN, AUTHENTICATE, UNAUTHENTICATE -> true;
      default -> false;
    };
  }

  @Override
  public void forwarded(Command command) {
    if (command.verb() != Verb.DONE) {
      conversation.forwarded(command);
    }
  }

  @Override
  public void malformed(String tag, String why) {
    say(tag + " BAD " + why);
    if (++malformed > MAX_MALFORMED) {
      end(CloseReason.TOO_MANY_ERRORS, "Too many errors");
    }
  }

  @Override
  public void overflow() {
    end(CloseReason.PROTOCOL_ERROR, "Command line too long");
  }

  @Override
  public void answer(Command command) {
    Verb verb = command.verb();
    if (verb == Verb.LOGOUT) {
      answeredAsleep(verb);
      say("* BYE Logging out");
      say(command.tag() + " OK Logout completed.");
      close(CloseReason.CLIENT_LOGOUT);
      return;
    }
    if (state == State.ASLEEP && doze != null) {
      answeredAsleep(verb);
      doze.answer(command);
      return;
    }
    if (verb == Verb.DONE) {
      say(endedIdle + " OK Idle completed.");
      endedIdle = null;
      return;
    }
    refuse(command.tag(), verb);
  }

  private void answeredAsleep(Verb verb) {
    home.metrics().answeredLocally(verb.name().toLowerCase(Locale.ROOT));
  }

  private void refuse(String tag, Verb verb) {
    if (verb.usesSequenceNumbers()) {
      say(tag + " NO [EXPUNGEISSUED] Some messages were expunged, ask again after NOOP.");
      return;
    }
    say(tag + " BAD " + verb + " is not for a session that is logged in.");
  }

  // ── falling asleep ──

  /// Whether neither side is in the middle of anything.
  private boolean restful() {
    return calm() && conversation.betweenResponses();
  }

  /// The same, whether or not the backend is in the middle of a response.
  private boolean calm() {
    return state == State.ATTACHED
        && unread.size() == 0
        && missed.isEmpty()
        && !byeSaid
        && !conversation.swallowsContinuation()
        && (conversation.busy()
            ? commands.idling() && conversation.idleTag() != null
            : commands.atCommandStart());
  }

  private void sleep() {
    StayReason reason = reasonToStay();
    if (reason != null) {
      stay(reason);
      return;
    }
    SelectedMailbox selected = conversation.selected();
    if (selected != null) {
      takeSnapshot(selected);
      return;
    }
    String idle = conversation.idleTag();
    releaseBackend();
    conversation.forgetIdle();
    asleep(idle, null);
  }

  private @Nullable StayReason reasonToStay() {
    if (!home.settings().enabled()) {
      return StayReason.SWITCHED_OFF;
    }
    if (grant == null) {
      return StayReason.PASSWORD_NOT_KEPT;
    }
    StayReason said = conversation.reasonToStay();
    if (said != null) {
      return said;
    }
    if (unsent() > 0) {
      return StayReason.SLOW_READER;
    }
    SelectedMailbox selected = conversation.selected();
    if (selected == null) {
      return null;
    }
    return conversation.idleTag() == null
        ? StayReason.SELECTED_NOT_IDLE
        : Snapshot.unfit(selected, features, home.settings());
  }

  private void stay(StayReason reason) {
    quiet.declined(reason);
    home.metrics().stayedAttached(reason.label());
    LOG.debug("stay", "session", client.sessionId(), "user", user, "reason", reason.label());
  }

  private long unsent() {
    var buffer = channel.unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  private void takeSnapshot(SelectedMailbox selected) {
    BackendConnection on = backend;
    String tag = conversation.idleTag();
    if (on == null || tag == null) {
      return;
    }
    state = State.OURS;
    conversation.forgetIdle();
    conversation.tainted(features.changes().modSequences());
    on.stopRelay();
    Snapshot taking =
        new Snapshot(
            on,
            features,
            selected,
            home.settings(),
            line -> {
              conversation.fromBackend(line);
              channel.flush();
            });
    snapshot = taking;
    var idle = on.adopt(tag, conversation::fromBackend);
    on.write("DONE\r\n");
    idle.thenCompose(
            reply -> {
              channel.flush();
              return taking.take();
            })
        .whenComplete((result, bug) -> {
          snapshot = null;
          if (state == State.CLOSED) {
            return;
          }
          if (bug != null) {
            broken("snapshot", bug);
            return;
          }
          switch (result) {
            case Snapshot.Result.Taken(var view) -> {
              releaseBackend();
              asleep(tag, view);
            }
            case Snapshot.Result.Declined(var reason) -> stayAttached(on, tag, reason);
            case Snapshot.Result.Lost _ -> end(CloseReason.BACKEND_GONE, LOST);
          }
        });
  }

  /// The client still believes in its IDLE: the backend must take it up again, unless the client has just ended it.
  private void stayAttached(BackendConnection on, String idle, StayReason reason) {
    state = State.ATTACHED;
    on.relayTo(this);
    if (unread.size() == 0) {
      conversation.begins(idle, Verb.IDLE);
      conversation.swallowContinuation();
      on.write(idle + " IDLE\r\n");
    } else {
      endedIdle = idle;
    }
    stay(reason);
    settle();
  }

  /// Leaves the backend politely where it can hear us. In the middle of a command it cannot: LOGOUT would become part of
  /// a half-sent literal, and end in a mailbox.
  private void releaseBackend() {
    BackendConnection released = backend;
    backend = null;
    if (released == null) {
      return;
    }
    if (conversation.idleTag() != null && commands.idling()) {
      released.write("DONE\r\n");
    } else if (!commands.idling() && !commands.atCommandStart()) {
      released.close();
      return;
    }
    released.leave();
  }

  /// @param idle the tag of the client's IDLE, null if it runs none
  /// @param view what the client knows of its mailbox; null if none is selected
  private void asleep(@Nullable String idle, @Nullable MailboxView view) {
    state = State.ASLEEP;
    quiet.stop();
    home.metrics().sessionState(Metrics.State.ATTACHED, Metrics.State.HIBERNATED);
    home.metrics().hibernated();
    LOG.debug("hibernate", "session", client.sessionId(), "user", user);
    Doze dozing = new Doze(this, home, client, user, conversation, commands, features.idle(), idle);
    doze = dozing;
    SelectedMailbox selected = conversation.selected();
    Grant again = grant;
    if (view != null && selected != null && again != null) {
      dozing.watch(view, selected, client, again);
    }
    settle();
  }

  private CommandTracker.Decision beginsAsleep(Verb verb) {
    CommandTracker.Decision decision = doze == null ? null : doze.decide(verb);
    return decision == null ? wake(verb) : decision;
  }

  @Override
  public void resume() {
    settle();
  }

  @Override
  public void tell(ByteBuf lines) {
    if (state != State.ASLEEP) {
      lines.release();
      return;
    }
    conversation.fromBackend(lines);
    channel.flush();
    if (!channel.isWritable() && unsent() > MAX_UNSENT_BYTES) {
      end(CloseReason.SLOW_CLIENT, "You do not read what is sent to you");
    }
  }

  // ── waking ──

  private CommandTracker.Decision wake(Verb verb) {
    Grant again = grant;
    Doze dozing = doze;
    if (again == null || dozing == null) {
      throw new IllegalStateException("not asleep, or without a way back");
    }
    state = State.WAKING;
    dozing.stir();
    home.metrics().sessionState(Metrics.State.HIBERNATED, Metrics.State.WAKING);
    Instant begun = home.clock().instant();
    Wake waking =
        new Wake(home, client, clientId, again, conversation.features(), dozing.sleeper());
    wake = waking;
    waking
        .begin()
        .whenComplete((result, bug) -> {
          wake = null;
          if (bug != null) {
            broken("wake", bug);
            return;
          }
          switch (result) {
            case Wake.Result.Awake awake -> awakeOrEnd(awake, verb, begun);
            case Wake.Result.Refused(var reason, var bye) -> {
              home.metrics().wakeFailed(reason.label());
              end(reason, bye);
            }
            case Wake.Result.Unavailable _ -> {
              home.metrics().wakeFailed(CloseReason.BACKEND_UNAVAILABLE.label());
              end(
                  CloseReason.BACKEND_UNAVAILABLE,
                  "[UNAVAILABLE] Temporary problem, please try again later");
            }
          }
        });
    return CommandTracker.Decision.WAIT;
  }

  private void awakeOrEnd(Wake.Result.Awake awake, Verb first, Instant begun) {
    try {
      awake(awake, first, begun);
    } catch (RuntimeException bug) {
      broken("wake", bug);
    }
  }

  private void awake(Wake.Result.Awake awake, Verb first, Instant begun) {
    if (state == State.CLOSED) {
      awake.alerts().release();
      awake.connection().leave();
      return;
    }
    Instant now = home.clock().instant();
    home.metrics().sessionState(Metrics.State.WAKING, Metrics.State.ATTACHED);
    home.metrics().woke("client", Duration.between(begun, now));
    LOG.debug(
        "wake",
        "session",
        client.sessionId(),
        "user",
        user,
        "backend",
        home.backend().name(),
        "reason",
        "client",
        "slept",
        doze == null ? Duration.ZERO : Duration.between(doze.since(), now),
        "took",
        Duration.between(begun, now));
    endDoze();
    quiet.woke();
    state = State.ATTACHED;
    backend = awake.connection();
    features = BackendFeatures.of(awake.capabilities());
    conversation.tainted(awake.tainted());
    conversation.fromBackend(awake.alerts());
    if (awake.catchUp() != null) {
      missed.wake(awake.catchUp(), first);
    }
    awake.connection().relayTo(this);
    settle();
  }

  @Override
  public boolean keeps(ResponseLine reply) {
    return missed.keeps(reply);
  }

  private void tellFlagsOwed() {
    BackendConnection on = backend;
    if (on == null || state != State.ATTACHED || !missed.flagsDue()) {
      return;
    }
    state = State.OURS;
    on.stopRelay();
    missed
        .tellFlags(on)
        .whenComplete((done, bug) -> {
          if (state == State.CLOSED) {
            return;
          }
          if (bug != null) {
            broken("flags", bug);
            return;
          }
          if (done.lost()) {
            end(CloseReason.BACKEND_GONE, LOST);
            return;
          }
          state = State.ATTACHED;
          on.relayTo(this);
          say(missed.takeStoreReply());
          settle();
        });
  }

  private void endDoze() {
    if (doze != null) {
      doze.end();
      doze = null;
    }
  }

  // ── the backend speaks ──

  private void toClient(ByteBuf bytes) {
    channel.write(bytes, channel.voidPromise());
  }

  @Override
  public void fromBackend(ByteBuf bytes) {
    if (state == State.CLOSED) {
      bytes.release();
      return;
    }
    if (!conversation.swallowsContinuation()) { // else the backend only takes up what we ended
      quiet.touched();
    }
    home.metrics().bytes(Metrics.Direction.BACKEND_TO_CLIENT, bytes.readableBytes());
    conversation.fromBackend(bytes);
  }

  @Override
  public void backendReadComplete() {
    tellFlagsOwed();
    settle();
  }

  @Override
  public void backendWritabilityChanged(boolean writable) {
    if (state == State.ATTACHED) {
      balance();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (state != State.CLOSED) {
      balance();
    }
  }

  @Override
  public void continued() {
    commands.continued();
  }

  @Override
  public void ended(String tag, Verb verb, boolean ok) {
    if (commands.awaitingContinuation() && tag.equals(lastTag)) {
      commands.refused();
    }
    if (verb == Verb.IDLE && commands.idling()) {
      commands.leaveIdle();
    }
    if (verb == Verb.LOGOUT) {
      loggedOut = true;
    }
    if (ok && verb.writes()) {
      wrote(verb);
    }
  }

  /// The user's sleepers shall not wait for the backend to tell what this session has just done.
  private void wrote(Verb verb) {
    SelectedMailbox selected = conversation.selected();
    String here = selected == null ? null : selected.nameInUtf7();
    switch (verb) {
      case STORE, UID_STORE, EXPUNGE, UID_EXPUNGE, FETCH, UID_FETCH ->
          home.wrote(here); // FETCH: \Seen
      default -> home.wrote(null);
    }
  }

  @Override
  public boolean bye() {
    if (state == State.OURS || (!conversation.loggingOut() && sleepsWithoutBackend())) {
      return false;
    }
    byeSaid = true;
    return true;
  }

  /// Whether the loss of the backend takes nothing from the client: it has nothing selected and asks nothing.
  private boolean sleepsWithoutBackend() {
    return home.settings().enabled()
        && grant != null
        && conversation.selected() == null
        && conversation.reasonToStay() == null
        && calm();
  }

  @Override
  public void backendClosed() {
    if (state != State.ATTACHED) {
      return;
    }
    backend = null;
    if (loggedOut) {
      close(CloseReason.CLIENT_LOGOUT);
      return;
    }
    if (byeSaid) {
      close(CloseReason.BACKEND_GONE);
      return;
    }
    if (sleepsWithoutBackend() && conversation.betweenResponses()) {
      String idle = conversation.idleTag();
      conversation.forgetIdle();
      asleep(idle, null);
      return;
    }
    end(CloseReason.BACKEND_GONE, LOST);
  }

  // ── the end ──

  @Override
  public void say(String line) {
    channel.write(
        Unpooled.copiedBuffer(line + "\r\n", StandardCharsets.ISO_8859_1), channel.voidPromise());
    if (!unread.feeding()) {
      channel.flush();
    }
  }

  private void broken(String what, Throwable bug) {
    LOG.error(bug, "broken", "session", client.sessionId(), "user", user, "in", what);
    end(CloseReason.INTERNAL_ERROR, "Internal error, please log in again");
  }

  /// Dormouse is going down.
  void shutDown() {
    end(CloseReason.SHUTDOWN, "Server shutting down.");
  }

  @Override
  public void end(CloseReason reason, String bye) {
    if (state == State.CLOSED) {
      return;
    }
    boolean midway = state == State.ATTACHED && !conversation.betweenResponses();
    if (!midway) {
      say("* BYE " + bye);
    }
    close(reason);
  }

  private void close(CloseReason reason) {
    if (state == State.CLOSED) {
      return;
    }
    Metrics.State was =
        switch (state) {
          case ATTACHED, OURS -> Metrics.State.ATTACHED;
          case ASLEEP -> Metrics.State.HIBERNATED;
          case WAKING, CLOSED -> Metrics.State.WAKING;
        };
    state = State.CLOSED;
    home.metrics().sessionState(was, null);
    home.metrics().closed(reason.label());
    LOG.info("close", "session", client.sessionId(), "user", user, "reason", reason.label());
    quiet.stop();
    endDoze();
    if (wake != null) {
      wake.cancel();
    }
    releaseBackend();
    missed.forget();
    unread.end();
    if (grant != null) {
      grant.wipe();
    }
    home.exit();
    if (reason == CloseReason.SLOW_CLIENT) {
      channel.close(); // it would not read our last words either
      return;
    }
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    home.wheel().after(LAST_WORDS, channel::close);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close(loggedOut ? CloseReason.CLIENT_LOGOUT : CloseReason.CLIENT_GONE);
    unread.end();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof java.io.IOException) {
      close(CloseReason.CLIENT_GONE);
      return;
    }
    broken("relay", cause);
  }
}
