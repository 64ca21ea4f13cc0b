package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Reply;
import dormouse.imap.sleep.CatchUp;
import dormouse.imap.sleep.ListCache;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.StatusCache;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.Command;
import dormouse.imap.track.CommandTracker;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import dormouse.ops.Metrics;
import dormouse.session.Backlog;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The backend's side of an attached session: it relays, tells what the client missed in its sleep, and reads the
/// client's view off the connection before that is given up.
///
/// While commands of our own run, the client's wait ([ConnectionTurn]). One object from a login or wake to the release of its connection;
/// lives on the user's event loop.
final class BackendSide implements BackendConnection.Relay {
  /// The session that is attached.
  interface Host {
    /// As [Doze.Host#say].
    void say(String line);

    void flush();

    /// Something has happened after which client and backend can be read on.
    void settle();

    /// The backend takes more now, or less.
    void balance();

    /// The connection has ended, or is about to, and with it this object.
    void backendClosed();

    void broken(String what, Throwable bug);

    void end(CloseReason reason, String bye);
  }

  static final String LOST = "Connection to the mail server was lost";

  private static final int MAX_OUTSTANDING = 64;

  private final Host host;
  private final BackendConnection connection;
  private final BackendFeatures features;
  private final UserMailboxes home;
  private final Conversation conversation;
  private final CommandTracker commands;
  private final QuietClock quiet;
  private final MissedNews missed;
  private final KeptReplies kept;
  private final ConnectionTurn turn;
  private final RecentSearch search;
  private final ClientView view;
  private @Nullable Lag lag; // then all commands are ours
  private boolean lagged; // one of them runs
  private @Nullable String endedIdle; // tag of an IDLE that ended on the backend only
  private boolean byeSaid;
  private boolean dying; // the backend has said BYE, and the client need not hear of it

  BackendSide(
      Host host,
      BackendConnection connection,
      BackendFeatures features,
      UserMailboxes home,
      Conversation conversation,
      CommandTracker commands,
      QuietClock quiet) {
    this.host = host;
    this.connection = connection;
    this.features = features;
    this.home = home;
    this.conversation = conversation;
    this.commands = commands;
    this.quiet = quiet;
    this.turn = new ConnectionTurn(host, connection, this);
    this.search = new RecentSearch(connection, conversation, turn, host::settle);
    this.view = new ClientView(connection, features, home, conversation, turn, host::flush);
    this.missed = new MissedNews(conversation);
    this.kept = new KeptReplies(this, home, conversation, host::settle);
    home.changes().writes().joined(connection.sessionId());
  }

  /// Begins to relay.
  void begin() {
    turn.relay();
  }

  /// Begins behind a sleep.
  ///
  /// @param catchUp what happened in it, told as far as `first` allows, the command that ended it; null if nothing did
  /// @param told what the client knows once it has been told; null if that is not known
  void begin(@Nullable CatchUp catchUp, Verb first, @Nullable MailboxView told) {
    if (catchUp == null) {
      begin();
      view.remember(told);
      return;
    }
    if (!catchUp.expunges() || !Lag.lasts(first)) {
      tell(catchUp, first);
      begin();
      view.remember(first.leavesMailbox() ? null : told);
      return;
    }
    turn.take(/* aloud= */ true);
    home.metrics().lagged();
    Lag begun = new Lag(connection, conversation, catchUp, first);
    lag = begun;
    connection.onClose(host::backendClosed);
    connection.onUnasked(line -> {
      begun.hear(line);
      host.settle();
    });
  }

  private void tell(CatchUp catchUp, Verb first) {
    UidSet uids = catchUp.uids();
    if (uids != null) {
      conversation.recent().retainUnknown(uids);
    }
    missed.wake(catchUp, first);
    if (uids != null) {
      conversation.recent().place(uids);
    }
  }

  /// What the client knows of its mailbox, as far as that is known without asking the backend; null if it is not.
  Snapshot.Result.@Nullable Taken lastView() {
    return view.known();
  }

  BackendFeatures features() {
    return features;
  }

  // ── the client speaks ──

  /// The client has sent something: what was begun because it was quiet ends at the next step.
  void clientSpoke() {
    view.clientSpoke();
  }

  /// @param arguments of a STATUS that is looked at first ([CommandTracker.Listener#begins]), or null
  CommandTracker.Decision decide(String tag, Verb verb, @Nullable String arguments) {
    if (dying) {
      return CommandTracker.Decision.WAIT; // for another backend
    }
    if (lag != null) {
      return decideLagging(lag, tag, verb, arguments);
    }
    if (turn.ours() || search.waits() || conversation.swallowsContinuation()) {
      return CommandTracker.Decision
          .WAIT; // the backend is busy with us, or takes up the client's IDLE again
    }
    if (verb == Verb.DONE) {
      quiet.touched();
      return endedIdle != null ? CommandTracker.Decision.ANSWER : CommandTracker.Decision.FORWARD;
    }
    if (endsHere(verb)
        || (verb == Verb.LOGOUT && home.backend().awaitsOthers() && mayServeOthers())) {
      return free() ? CommandTracker.Decision.ANSWER : CommandTracker.Decision.WAIT;
    }
    if (search.isFor(verb)) {
      return searches();
    }
    if (conversation.outstanding() >= MAX_OUTSTANDING) {
      return CommandTracker.Decision.WAIT;
    }
    if (missed.flagsDue() || (missed.owesFlags() && conversation.busy())) {
      return CommandTracker.Decision.WAIT;
    }
    return arguments != null && KeptReplies.areOf(verb)
        ? kept.decide(tag, verb, arguments)
        : forward(tag, verb, null);
  }

  /// Whether the user's others are at this backend too ([UserBackend#isAt]).
  boolean isHome() {
    return home.backend().isAt(connection.backend());
  }

  /// Whether the client can be answered now, in its turn.
  boolean free() {
    return !conversation.busy() && conversation.betweenResponses();
  }

  /// Lets the backend have a command.
  ///
  /// @param asked of a STATUS whose answer is to be kept
  CommandTracker.Decision forward(String tag, Verb verb, StatusCache.@Nullable Asked asked) {
    quiet.touched();
    kept.passed();
    conversation.begins(tag, verb, asked);
    return CommandTracker.Decision.FORWARD;
  }

  /// The same of a command whose answer is to be kept; nothing else is under way.
  CommandTracker.Decision forwardList(String tag, Verb verb, ListCache.Asked asked) {
    quiet.touched();
    conversation.beginsList(tag, verb, asked);
    return CommandTracker.Decision.FORWARD;
  }

  private CommandTracker.Decision searches() {
    if (conversation.busy()) {
      return CommandTracker.Decision.WAIT;
    }
    quiet.touched();
    return CommandTracker.Decision.COLLECT;
  }

  /// Asks the backend something in the client's name; meanwhile its commands wait.
  void ask(Function<BackendConnection, CompletableFuture<Reply>> question) {
    turn.take(/* aloud= */ false);
    turn.follow(
        question.apply(connection),
        "status",
        Reply::lost,
        _ -> {
          turn.relay();
          host.settle();
        });
  }

  private CommandTracker.Decision decideLagging(
      Lag lagging, String tag, Verb verb, @Nullable String arguments) {
    if (lagged || !connection.restful()) {
      return CommandTracker.Decision.WAIT;
    }
    quiet.touched();
    if (endsHere(verb)) {
      return CommandTracker.Decision.ANSWER;
    }
    if (Lag.lasts(verb)) {
      return CommandTracker.Decision.COLLECT;
    }
    if (!verb.leavesMailbox()) {
      lagging.tellAll();
    }
    endLag();
    return decide(tag, verb, arguments);
  }

  private void endLag() {
    lag = null;
    connection.onUnasked(_ -> {});
    turn.relay();
  }

  /// Commands that would take the stream or the user away from under the session.
  private static boolean endsHere(Verb verb) {
    return switch (verb) {
      case COMPRESS, STARTTLS, LOGIN, AUTHENTICATE, UNAUTHENTICATE -> true;
      default -> false;
    };
  }

  /// Answers a command that the backend shall not have.
  void answer(Command command) {
    Verb verb = command.verb();
    if (verb == Verb.DONE) {
      host.say(endedIdle + " OK Idle completed.");
      endedIdle = null;
      return;
    }
    if (lag != null && !endsHere(verb)) {
      runLagging(lag, command);
      return;
    }
    if (verb.searches()) {
      search.take(command);
      return;
    }
    List<String> lines = kept.take(command);
    if (lines != null) {
      lines.forEach(host::say);
      return;
    }
    host.say(command.tag() + " BAD " + verb + " is not for a session that is logged in.");
  }

  private void runLagging(Lag lagging, Command command) {
    lagged = true;
    turn.follow(
        lagging.run(command),
        "lag",
        lost -> lost,
        _ -> {
          lagged = false;
          if (lagging.over()) {
            endLag();
          }
          host.settle();
        });
  }

  /// The client's bytes, sent at the next [#flush].
  ///
  /// @param bytes owned by this method
  void send(ByteBuf bytes) {
    if (!connection.open()) {
      bytes.release();
      return;
    }
    Backlog.add(connection.channel(), bytes);
  }

  void flush() {
    if (!turn.ours()) {
      connection.channel().flush();
    }
  }

  /// Whether the backend keeps up with what the client sends.
  boolean keepsUp() {
    return turn.ours() || connection.channel().isWritable();
  }

  /// Answers to our own commands are read whatever the client does, but for those that the client hears: they must not wait here
  /// until they are all there, nor be read faster than it takes them.
  ///
  /// @param wanted whether the client keeps up with what the backend says
  void read(boolean wanted) {
    if (!turn.ours() || turn.heard()) {
      connection.channel().config().setAutoRead(wanted);
    }
    if (turn.heard() && !wanted) {
      host.flush();
    }
  }

  // ── the backend speaks ──

  @Override
  public void fromBackend(ByteBuf bytes) {
    if (turn.over()) {
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
    if (dying && !turn.over()) {
      host.backendClosed();
      return;
    }
    view.consider();
    tellFlagsOwed();
    search.run();
    host.settle();
  }

  @Override
  public void backendWritabilityChanged(boolean writable) {
    if (!turn.ours()) {
      host.balance();
    }
  }

  @Override
  public void backendClosed() {
    if (!turn.ours() && !turn.over()) {
      host.backendClosed();
    }
  }

  /// Whether a tagged reply is kept to be said later; not when there will be no later.
  boolean keeps(ResponseLine reply) {
    return !byeSaid && missed.keeps(reply);
  }

  /// The backend says BYE; returns whether the client shall hear it.
  ///
  /// @param dispensable whether the session can go on without this backend
  boolean bye(boolean dispensable) {
    if (turn.ours()) {
      return false;
    }
    dying = dispensable || missed.flagsDue(); // which it is too late to ask for
    byeSaid |= !dying;
    return !dying;
  }

  /// Whether the client has heard the backend's BYE.
  boolean byeSaid() {
    return byeSaid;
  }

  private void tellFlagsOwed() {
    if (turn.ours() || turn.over() || !missed.flagsDue() || !conversation.betweenResponses()) {
      return;
    }
    turn.take(/* aloud= */ true);
    turn.follow(
        missed.tellFlags(connection),
        "flags",
        Reply::lost,
        _ -> {
          turn.relay();
          sayKept();
          host.settle();
        });
  }

  private void sayKept() {
    String reply = missed.takeStoreReply();
    if (reply != null) {
      host.say(reply);
    }
  }

  /// The session ends: says what replies wait for something that will not come any more.
  ///
  /// @return whether the client may hear BYE, too: not in the middle of a response, nor twice
  boolean lastWords() {
    if (!turn.ours() && !conversation.betweenResponses()) {
      return false;
    }
    sayKept();
    if (lag != null) {
      lag.tellKnown();
    }
    return !byeSaid;
  }

  /// Whether the client is in the middle of a command or of a response. IDLE is no command to wait for.
  boolean midCommand() {
    boolean idles = commands.idling() && conversation.idleTag() != null;
    return search.waits()
        || missed.flagsDue()
        || !commands.atRest()
        || (conversation.busy() && !idles)
        || (!turn.ours() && !conversation.betweenResponses());
  }

  // ── the view is read off ──

  /// Whether neither side is in the middle of anything, as far as commands go; the backend may be in a response.
  boolean calm() {
    return !turn.ours()
        && !search.waits()
        && missed.isEmpty()
        && !byeSaid
        && !conversation.swallowsContinuation()
        && (conversation.busy()
            ? commands.idling() && conversation.idleTag() != null
            : commands.atCommandStart());
  }

  /// Reads what the client knows of its mailbox, as [ClientView#read]. Only when it is calm.
  CompletableFuture<Snapshot.Result> takeView(SelectedMailbox selected, @Nullable String idle) {
    return view.read(selected, idle);
  }

  /// Relays again after a view that was not taken. A client in IDLE still believes in it: the backend must take it up
  /// again, unless the client has just ended it.
  ///
  /// @param idle the tag of the IDLE, or null
  void stay(@Nullable String idle, boolean clientWaits) {
    turn.relay();
    if (idle == null) {
      return;
    }
    if (clientWaits) {
      endedIdle = idle;
      return;
    }
    conversation.begins(idle, Verb.IDLE);
    conversation.swallowContinuation();
    connection.write(idle + " IDLE\r\n");
  }

  /// Whether nothing that the client did forbids to lend the connection to others once it is done.
  private boolean mayServeOthers() {
    return lag == null
        && !byeSaid
        && !dying
        && conversation.leavesNoTrace()
        && home.backend().mayKeep(connection, conversation.selected() != null);
  }

  /// The session sleeps: the connection is given to whoever may need it next, or left.
  void release() {
    if (!turn.over() && mayServeOthers() && atRest()) {
      keep(/* afterLogout= */ false);
      return;
    }
    leave();
  }

  /// The same when the client has gone.
  void releaseForGood() {
    if (!turn.over() && home.backend().awaitsOthers() && mayServeOthers() && atRest()) {
      keep(/* afterLogout= */ true);
      return;
    }
    leave();
  }

  private boolean atRest() {
    return turn.ours() ? connection.restful() : calm() && conversation.betweenResponses();
  }

  private void keep(boolean afterLogout) {
    String idle = conversation.idleTag();
    if (!turn.ours()) {
      connection.stopRelay();
    }
    if (idle != null) {
      connection.adoptIdle(idle);
    }
    turn.end();
    view.forget();
    missed.forget();
    boolean nothingWritten = !conversation.writing();
    connection.switchedOn(conversation.features().enabledNames(), conversation.numbersChanges());
    home.backend().keep(connection, conversation.selected() != null, afterLogout);
    home.changes().left(connection.sessionId(), nothingWritten);
    conversation.abandoned();
  }

  /// Leaves the backend politely where it can hear us. In the middle of a command it cannot: LOGOUT would become part of
  /// a half-sent literal, and end in a mailbox.
  void leave() {
    turn.end();
    view.forget();
    missed.forget();
    if (lag != null) {
      lag.forget();
    }
    boolean nothingWritten = !conversation.writing();
    sayLogout();
    home.changes().left(connection.sessionId(), nothingWritten);
    conversation.abandoned();
  }

  private void sayLogout() {
    if (!connection.open()) {
      return;
    }
    if (dying) {
      connection.close();
      return;
    }
    if (conversation.idleTag() != null && commands.idling()) {
      connection.write("DONE\r\n");
    } else if (!commands.idling() && !commands.atCommandStart()) {
      connection.close();
      return;
    }
    connection.leave();
  }
}
