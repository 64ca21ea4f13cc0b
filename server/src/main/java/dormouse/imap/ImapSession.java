package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.SelectCache;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.StatusDesk;
import dormouse.imap.sleep.StayReason;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.sleep.Wake;
import dormouse.imap.track.Command;
import dormouse.imap.track.CommandTracker;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.listen.Presence;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.park.Parking;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A client after its login: attached to a backend, asleep, or on the way between the two.
/// ```text
///            quiet, the view is taken
/// ATTACHED ───────────────────────────▶ ASLEEP ──the client wants more than a sleeper can say──▶ WAKING
///    ▲                                                                                             │
///    └──────────────────────────────────────────backend ready──────────────────────────────────────┘
/// any ──the client leaves, or the truth cannot be restored──▶ CLOSED
/// ```
/// Here are its states and its end. What it says and hears has two sides, [ClientSide] and, while it is attached,
/// [BackendSide]; while it sleeps [Doze] answers. All that the client hears passes through the [Conversation].
///
/// Lives on the user's event loop.
final class ImapSession
    implements ClientSide.Host, BackendSide.Host, Conversation.Events, Doze.Host, Waking.Host {
  private sealed interface State {
    record Attached(BackendSide backend) implements State {}

    record Asleep(Doze doze) implements State {}

    record AwaitingBackend(Waking waking) implements State {}

    record Closed() implements State {}
  }

  private static final int MAX_UNSENT_BYTES =
      1 << 20; // to a sleeping client, when there is more to tell it
  private static final EventLog LOG = EventLog.of(ImapSession.class);

  /// What a session has from its login to its end, asleep and awake, in common with others of its user. Immutable.
  ///
  /// @param user as the client named itself
  /// @param grant how to log in again; null if the session may not sleep
  /// @param parking where its connection may rest; null if nowhere
  record Setting(
      ImapSessions sessions,
      UserMailboxes home,
      String user,
      @Nullable Grant grant,
      @Nullable Parking parking) {}

  private final Setting setting;
  private final @Nullable Presence presence;
  private final Client who;
  private final String clientId;
  private final String user;
  private final UserMailboxes home;
  private final @Nullable Grant grant;
  private final ClientSide client;
  private final Conversation conversation;
  private final QuietClock quiet;
  private final StayRules rules;
  private final SessionRest rest;
  private State state;
  private boolean loggedOut;
  private boolean kicked;
  private boolean goesDown; // Dormouse: no command is taken any more, but for one undecided
  private boolean undecided; // the client's next command is known, and waits for something of ours

  /// @param presence how its connection is counted; null if it is not
  /// @param clientId what the client said of itself
  /// @param compress whether the client may compress
  /// @param connection null if the session begins asleep, because its backend has let in the same login just now; then it has a grant
  /// @param capabilities the backend's, after the login
  ImapSession(
      Setting setting,
      @Nullable Presence presence,
      Channel channel,
      Client who,
      String clientId,
      boolean compress,
      @Nullable BackendConnection connection,
      Capabilities capabilities) {
    this.setting = setting;
    this.presence = presence;
    this.home = setting.home();
    this.user = setting.user();
    this.grant = setting.grant();
    this.who = who;
    this.clientId = clientId;
    this.client =
        new ClientSide(channel, setting.parking(), this::connectionEnded, home, compress, this);
    this.conversation =
        new Conversation(
            capabilities, compress, home.changes()::writes, this::selects, this, client::write);
    this.rules = new StayRules(home, grant != null, client, conversation);
    this.quiet = new QuietClock(home, rules::quiet, this::restful, this::sleep);
    this.rest =
        new SessionRest(
            setting, presence, who, clientId, client, conversation, quiet, this::restAfterAll);
    if (connection == null) {
      this.state =
          new State.Asleep(doze(capabilities.features(), /* idle= */ null, /* neverAwake= */ true));
    } else {
      this.state = new State.Attached(backendSide(connection, capabilities));
      this.conversation.tainted(connection.condstore());
    }
  }

  private ImapSession(RestingSession from, Parking parking) {
    OwnFacts own = from.own();
    SharedFacts shared = from.shared;
    this.setting = from.setting;
    this.presence = from.presence(own.remote());
    this.home = setting.home();
    this.user = setting.user();
    this.grant = setting.grant();
    this.who = from.client();
    this.clientId = shared.clientId();
    this.client =
        ClientSide.resumed(
            from.socket(),
            parking,
            this::connectionEnded,
            home,
            shared.conversation().compress(),
            own.malformed(),
            this);
    this.conversation =
        new Conversation(
            shared.conversation(),
            own.selected(shared.mailbox()),
            home.changes()::writes,
            this::selects,
            this,
            client::write);
    if (from.sleeper != null) {
      conversation.recent().set(own.recentUids(), from.sleeper.view().uids());
    }
    this.rules = new StayRules(home, grant != null, client, conversation);
    this.quiet = new QuietClock(home, rules::quiet, this::restful, this::sleep);
    this.rest =
        new SessionRest(
            setting, presence, who, clientId, client, conversation, quiet, this::restAfterAll);
    quiet.resume(new QuietClock.Rest(own.wokeAt(), own.doublings()));
    this.state =
        new State.Asleep(Doze.resumed(this, from, own, who, conversation, client.commands()));
  }

  /// Where answers to SELECT are kept; null while the backend is one that the user has left.
  private @Nullable SelectCache selects() {
    return state instanceof State.Attached(var backend) && !backend.isHome()
        ? null
        : home.answers().selects();
  }

  /// The session that rested.
  static ImapSession resumed(RestingSession from) {
    ImapSession session = new ImapSession(from, Objects.requireNonNull(from.setting.parking()));
    session.goesDown = session.setting.sessions().resumed(session);
    return session;
  }

  private BackendSide backendSide(BackendConnection connection, Capabilities capabilities) {
    BackendFeatures features = capabilities.features();
    return new BackendSide(
        this, connection, features, home, conversation, client.commands(), quiet);
  }

  /// Answers the login and begins to relay.
  ///
  /// @param early what the client sent behind its login; owned by the session
  /// @param down whether Dormouse is going down: then nothing of that is taken
  void begin(String tag, ByteBuf early, boolean down) {
    goesDown = down;
    home.enter();
    boolean attached = state instanceof State.Attached;
    home.metrics()
        .sessionState(
            Metrics.State.GREETING, attached ? Metrics.State.ATTACHED : Metrics.State.HIBERNATED);
    say(LoginReply.accepted(tag, conversation.capabilities()));
    if (state instanceof State.Attached(var backend)) {
      backend.begin();
    } else {
      home.metrics().answeredLocally(Verb.LOGIN.name());
      home.sessions().slept();
      countAsleep(true);
      rest.spoke(); // and goes on, most likely
    }
    client.begin(down ? early.clear() : early);
    settle();
  }

  EventLoop loop() {
    return home.loop();
  }

  // ── the client speaks ──

  @Override
  public void spoke() {
    switch (state) {
      case State.Attached(var backend) -> backend.clientSpoke();
      case State.Asleep _ -> rest.spoke();
      case State.AwaitingBackend _, State.Closed _ -> {}
    }
  }

  @Override
  public void toBackend(ByteBuf bytes) {
    if (state instanceof State.Attached(var backend)) {
      backend.send(bytes);
    } else {
      bytes.release();
    }
  }

  /// After whatever happened: send what was written, read as much as can be dealt with, and think of sleep.
  @Override
  public void settle() {
    if (closed()) {
      return;
    }
    client.pump();
    if (state instanceof State.Attached(var backend)) {
      backend.flush();
    }
    client.flush();
    if (goesDown && !midCommand()) {
      shutDownNow();
      return;
    }
    balance();
    quiet.consider();
    client.park();
    rest();
  }

  private void restAfterAll() {
    try {
      client.park();
      rest();
    } catch (RuntimeException e) {
      broken("rest", e);
    }
  }

  /// Leaves only what must be kept of it, if it can ([SessionRest]).
  @Override
  public void rest() {
    if (state instanceof State.Asleep(var doze) && !loggedOut && !goesDown && rest.begin(doze)) {
      state = new State.Closed();
      setting.sessions().rests(this);
    }
  }

  @Override
  public void parked() {
    rest();
  }

  UserMailboxes home() {
    return home;
  }

  ClientSide client() {
    return client;
  }

  /// Its sleep; it sleeps.
  Doze doze() {
    if (state instanceof State.Asleep(var doze)) {
      return doze;
    }
    throw new IllegalStateException("awake");
  }

  @Override
  public boolean canRest() {
    return state instanceof State.Asleep;
  }

  @Override
  public boolean goesOn() {
    return rest.goesOn();
  }

  @Override
  public void balance() {
    switch (state) {
      case State.Attached(var backend) -> {
        client.read(backend.keepsUp());
        backend.read(client.keepsUp());
      }
      case State.Asleep _ -> client.read(client.keepsUp());
      case State.AwaitingBackend _ -> client.read(true);
      case State.Closed _ -> {}
    }
  }

  @Override
  public boolean peeks(Verb verb) {
    return switch (verb) {
      case STATUS, LIST, LSUB -> home.answers().statuses().inUse();
      case NAMESPACE -> true;
      case SELECT, EXAMINE -> state instanceof State.Asleep;
      default -> false;
    };
  }

  @Override
  public CommandTracker.Decision decide(String tag, Verb verb, @Nullable String arguments) {
    if (goesDown && !undecided) {
      return CommandTracker.Decision.WAIT;
    }
    CommandTracker.Decision decision = decideNow(tag, verb, arguments);
    undecided = decision == CommandTracker.Decision.WAIT;
    return decision;
  }

  private CommandTracker.Decision decideNow(String tag, Verb verb, @Nullable String arguments) {
    return switch (state) {
      case State.Attached(var backend) -> backend.decide(tag, verb, arguments);
      case State.Asleep(var doze) -> {
        CommandTracker.Decision decision = doze.decide(verb, arguments);
        yield decision == null ? wake(doze, verb) : decision;
      }
      case State.AwaitingBackend _, State.Closed _ -> CommandTracker.Decision.WAIT;
    };
  }

  @Override
  public void named(Command begun) {
    conversation.named(begun);
  }

  @Override
  public void passedOn(Command command) {
    if (command.verb() != Verb.DONE) {
      conversation.forwarded(command);
    }
  }

  @Override
  public void answer(Command command) {
    if (command.verb() == Verb.COMPRESS) {
      client.compress(command);
      return;
    }
    if (command.verb() == Verb.LOGOUT) {
      answerLogout(command);
      return;
    }
    switch (state) {
      case State.Attached(var backend) -> backend.answer(command);
      case State.Asleep(var doze) -> {
        answeredLocally(command);
        doze.answer(command);
      }
      case State.AwaitingBackend _, State.Closed _ ->
          throw new IllegalStateException(command + " answered in " + state);
    }
  }

  private void answeredLocally(Command command) {
    home.metrics().answeredLocally(command.verb().name());
  }

  private void answerLogout(Command command) {
    answeredLocally(command);
    say("* BYE Logging out");
    say(command.tag() + " OK Logout completed.");
    close(CloseReason.CLIENT_LOGOUT);
  }

  // ── the backend speaks ──

  @Override
  public void continued() {
    client.commands().continued();
  }

  @Override
  public void ended(String tag, Verb verb, boolean ok) {
    client.commands().replied(tag);
    if (verb == Verb.IDLE && client.commands().idling()) {
      client.commands().leaveIdle();
    }
    if (verb == Verb.LOGOUT) {
      loggedOut = true;
    }
    if (ok && verb.surelyChanges()) {
      home.changes().expectEvent();
    }
  }

  @Override
  public boolean keeps(ResponseLine reply) {
    return state instanceof State.Attached(var backend) && backend.keeps(reply);
  }

  @Override
  public boolean bye() {
    return !(state instanceof State.Attached(var backend))
        || backend.bye(!conversation.loggingOut() && sleepsWithout(backend));
  }

  /// Whether the loss of the backend takes nothing from the client: it asks nothing, and has nothing selected, or all that it knows of its
  /// mailbox is known.
  private boolean sleepsWithout(BackendSide backend) {
    return calm(backend) && rules.needNoBackend(backend.lastView());
  }

  @Override
  public void backendClosed() {
    if (!(state instanceof State.Attached(var backend))) {
      return;
    }
    if (loggedOut) {
      close(CloseReason.CLIENT_LOGOUT);
    } else if (backend.byeSaid()) {
      close(CloseReason.BACKEND_GONE);
    } else if (sleepsWithout(backend) && conversation.betweenResponses()) {
      asleep(backend, conversation.idleTag(), backend.lastView());
    } else {
      end(CloseReason.BACKEND_GONE, BackendSide.LOST);
    }
  }

  // ── falling asleep ──

  /// Whether neither side is in the middle of anything.
  private boolean restful() {
    return state instanceof State.Attached(var backend)
        && calm(backend)
        && conversation.betweenResponses();
  }

  /// The same, whether or not the backend is in the middle of a response.
  private boolean calm(BackendSide backend) {
    return !client.waits() && backend.calm();
  }

  private void sleep() {
    if (!(state instanceof State.Attached(var backend))) {
      return;
    }
    StayReason reason = rules.reason(backend.features());
    if (reason != null) {
      stay(reason);
      return;
    }
    SelectedMailbox selected = conversation.selected();
    String idle = conversation.idleTag();
    if (selected == null) {
      asleep(backend, idle, null);
      return;
    }
    backend
        .takeView(selected, idle)
        .whenComplete((result, bug) -> {
          if (bug != null) {
            broken("snapshot", bug);
            return;
          }
          switch (result) {
            case Snapshot.Result.Taken taken -> asleep(backend, idle, taken);
            case Snapshot.Result.Declined(var why) -> {
              backend.stay(idle, client.waits());
              stay(why);
              settle();
            }
            case Snapshot.Result.Lost _ -> end(CloseReason.BACKEND_GONE, BackendSide.LOST);
          }
        });
  }

  private void stay(StayReason reason) {
    quiet.declined(reason);
    home.metrics().stayedAttached(reason.label());
    LOG.debug("stay", "session", who.sessionId(), "user", user, "reason", reason.label());
  }

  /// @param idle the tag of the client's IDLE, null if it runs none
  /// @param taken what the client knows of its mailbox; null if none is selected
  private void asleep(
      BackendSide backend, @Nullable String idle, Snapshot.Result.@Nullable Taken taken) {
    backend.release();
    conversation.forgetIdle();
    quiet.stop();
    home.sessions().slept();
    countAsleep(true);
    home.metrics().sessionState(Metrics.State.ATTACHED, Metrics.State.HIBERNATED);
    home.metrics().hibernated();
    LOG.debug("hibernate", "session", who.sessionId(), "user", user);
    Doze doze = doze(backend.features(), idle, /* neverAwake= */ false);
    state = new State.Asleep(doze);
    SelectedMailbox selected = conversation.selected();
    if (taken != null) {
      conversation.recent().set(taken.own().recent(), taken.view().uids());
    }
    if (taken != null && selected != null && grant != null) {
      doze.watch(taken, grant);
    }
    client.rest();
    settle();
  }

  /// @param idle the tag of the client's IDLE, null if it runs none
  private Doze doze(BackendFeatures features, @Nullable String idle, boolean neverAwake) {
    return new Doze(
        this,
        home,
        who,
        user,
        conversation,
        client.commands(),
        features,
        grant == null ? null : new StatusDesk.Asker(who, clientId, grant),
        idle,
        neverAwake);
  }

  private void countAsleep(boolean sleeps) {
    if (presence != null) {
      presence.sleeps(sleeps);
    }
  }

  private void connectionEnded() {
    if (presence != null) {
      presence.leave();
    }
    setting.sessions().ended(this);
  }

  /// One change may be longer than all that may wait, and whoever reads hears it to its end: what counts is what was there before it.
  @Override
  public void tell(ByteBuf lines) {
    if (!(state instanceof State.Asleep)) {
      lines.release();
      return;
    }
    if (!client.keepsUp() && client.unsentBytes() > MAX_UNSENT_BYTES) {
      lines.release();
      client.stalled();
      return;
    }
    conversation.fromBackend(lines);
    client.flush();
  }

  // ── waking ──

  private CommandTracker.Decision wake(Doze doze, Verb first) {
    if (grant == null) {
      throw new IllegalStateException("asleep without a way back");
    }
    Wake wake =
        new Wake(
            home,
            who,
            clientId,
            grant,
            conversation.features(),
            conversation.notifySet().command(),
            doze.sleeper(),
            doze::awaitsFirstLogin);
    Waking waking = new Waking(this, home, who, user, doze, first, wake);
    state = new State.AwaitingBackend(waking);
    home.sessions().stirred();
    countAsleep(false);
    waking.begin();
    return CommandTracker.Decision.WAIT;
  }

  @Override
  public void awake(Wake.Result.Awake awake, Verb first, boolean firstTime) {
    if (firstTime) { // which is no reason to let it sleep less
      quiet.touched();
    } else {
      quiet.woke();
    }
    client.stir();
    rest.cancel();
    BackendSide backend = backendSide(awake.connection(), awake.capabilities());
    state = new State.Attached(backend);
    conversation.tainted(awake.tainted() || awake.connection().condstore());
    conversation.recent().forget(awake.recent());
    conversation.fromBackend(awake.alerts());
    backend.begin(awake.catchUp(), first, awake.view());
    settle();
  }

  // ── the end ──

  @Override
  public void say(String line) {
    client.say(line);
  }

  @Override
  public void flush() {
    client.flush();
  }

  @Override
  public void broken(String what, Throwable bug) {
    LOG.error(bug, "broken", "session", who.sessionId(), "user", user, "in", what);
    end(CloseReason.INTERNAL_ERROR, "Internal error, please log in again");
  }

  /// Whether it is of this user, by the user's one name. Any thread.
  boolean isOf(String name) {
    return user.equals(name);
  }

  /// The user is sent away: nothing is kept for whoever comes next. Who was before, and still takes its last words, is cut.
  void kick() {
    home.backend().kicked();
    if (kicked) {
      client.cut();
    }
    kicked = true;
    end(CloseReason.KICKED, "Disconnected by the administrator");
  }

  /// Dormouse is going down: the session ends as soon as it is in the middle of nothing.
  void shutDown() {
    goesDown = true;
    if (!midCommand()) {
      shutDownNow();
    }
  }

  /// The same when there is no time left.
  void shutDownNow() {
    if (loggedOut) {
      close(CloseReason.CLIENT_LOGOUT);
      return;
    }
    end(CloseReason.SHUTDOWN, Drain.BYE);
  }

  private boolean midCommand() {
    return (undecided && client.waits())
        || (state instanceof State.Attached(var backend) && backend.midCommand());
  }

  @Override
  public void end(CloseReason reason, String bye) {
    if (closed()) {
      return;
    }
    if (!(state instanceof State.Attached(var backend)) || backend.lastWords()) {
      say("* BYE " + bye);
    }
    close(reason);
  }

  private void close(CloseReason reason) {
    State was = state;
    if (closed()) {
      return;
    }
    state = new State.Closed();
    quiet.stop();
    rest.cancel();
    switch (was) {
      case State.Attached(var backend) -> {
        home.metrics().sessionState(Metrics.State.ATTACHED, null);
        if (reason == CloseReason.CLIENT_LOGOUT || reason == CloseReason.CLIENT_GONE) {
          backend.releaseForGood();
        } else {
          backend.leave();
        }
      }
      case State.Asleep(var doze) -> {
        home.sessions().stirred();
        home.metrics().sessionState(Metrics.State.HIBERNATED, null);
        doze.end();
      }
      case State.AwaitingBackend(var waking) -> {
        home.metrics().sessionState(Metrics.State.WAKING, null);
        waking.cancel();
      }
      case State.Closed _ -> {}
    }
    home.metrics().closed(reason.label());
    LOG.info("close", "session", who.sessionId(), "user", user, "reason", reason.label());
    if (grant != null) {
      grant.wipe();
    }
    home.exit();
    if (reason == CloseReason.SLOW_CLIENT) {
      client.cut(); // it would not read our last words either
      return;
    }
    client.close();
  }

  private boolean closed() {
    return state instanceof State.Closed;
  }

  @Override
  public void gone() {
    close(loggedOut ? CloseReason.CLIENT_LOGOUT : CloseReason.CLIENT_GONE);
  }
}
