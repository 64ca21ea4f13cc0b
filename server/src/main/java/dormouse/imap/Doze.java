package dormouse.imap;

import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.ListQuery;
import dormouse.imap.sleep.MailboxWatch;
import dormouse.imap.sleep.OwnSets;
import dormouse.imap.sleep.SelectCache;
import dormouse.imap.sleep.SelectQuery;
import dormouse.imap.sleep.Sleeper;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.StatusCache;
import dormouse.imap.sleep.StatusDesk;
import dormouse.imap.sleep.StatusOutcome;
import dormouse.imap.sleep.StatusQuery;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.Command;
import dormouse.imap.track.CommandTracker;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.UidSet;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import dormouse.session.Timer;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One sleep of a session: what it answers by itself, and what its client is told meanwhile.
///
/// Lives on the user's event loop; begins with the sleep and ends with it.
final class Doze implements Sleeper.Listener {
  /// The session that sleeps.
  interface Host {
    /// A line for the client, or some, without the last CRLF.
    void say(String line);

    /// Response lines for the client; owned by the receiver.
    void tell(ByteBuf lines);

    /// The client's next commands can be looked at again.
    void settle();

    void end(CloseReason reason, String bye);

    /// The client has been told; no more is kept than must be.
    void rest();
  }

  private static final Duration AUTOLOGOUT = Duration.ofMinutes(30); // RFC 9051 §5.4

  private final Host host;
  private final Runnable settle; // one, however often it waits
  private final UserMailboxes home;
  private final Client client;
  private final Conversation conversation;
  private final CommandTracker commands;
  private final BackendFeatures backend;
  private final StatusDesk.@Nullable Asker asker;
  private final boolean neverAwake;
  private final KeepAlive keepAlive;
  private final Instant since;
  private @Nullable String idleTag;
  private @Nullable Sleeper sleeper;
  private @Nullable MailboxWatch watch;
  private @Nullable Timer patience;
  private long patientUntilMillis; // as the wheel counts
  private boolean looking;
  private boolean looked;
  private StatusCache.@Nullable Answer kept; // for the STATUS that is to be answered
  private StatusDesk.@Nullable Question question; // that this STATUS waits for
  private boolean desked; // it has been asked
  private @Nullable List<String> list; // for the LIST that is to be answered
  private SelectCache.@Nullable Found opening; // for the SELECT that is to be answered

  /// @param backend what the backend offers, so that it may be answered here
  /// @param asker in whose name STATUS is asked; null if it must not be
  /// @param idleTag of the client's IDLE; null if no command of the client runs
  /// @param neverAwake whether the session begins with it, and has not logged in at a backend yet
  Doze(
      Host host,
      UserMailboxes home,
      Client client,
      String user,
      Conversation conversation,
      CommandTracker commands,
      BackendFeatures backend,
      StatusDesk.@Nullable Asker asker,
      @Nullable String idleTag,
      boolean neverAwake) {
    this(
        host,
        home,
        client,
        user,
        conversation,
        commands,
        backend,
        asker,
        neverAwake,
        home.clock().instant());
    this.idleTag = idleTag;
    if (idleTag != null) {
      keepAlive.start();
    }
    expectMore();
  }

  private Doze(
      Host host,
      UserMailboxes home,
      Client client,
      String user,
      Conversation conversation,
      CommandTracker commands,
      BackendFeatures backend,
      StatusDesk.@Nullable Asker asker,
      boolean neverAwake,
      Instant since) {
    this.host = host;
    this.settle = host::settle;
    this.home = home;
    this.client = client;
    this.conversation = conversation;
    this.commands = commands;
    this.backend = backend;
    this.asker = asker;
    this.neverAwake = neverAwake;
    this.since = since;
    this.keepAlive = new KeepAlive(home, client, user, () -> host.say(KeepAlive.LINE));
  }

  /// Goes on where a session rested.
  static Doze resumed(
      Host host,
      RestingSession from,
      OwnFacts own,
      Client client,
      Conversation conversation,
      CommandTracker commands) {
    UserMailboxes home = from.setting.home();
    Doze doze =
        new Doze(
            host,
            home,
            client,
            from.setting.user(),
            conversation,
            commands,
            from.shared.backend(),
            from.asker(client),
            own.neverAwake(),
            own.since());
    doze.idleTag = own.idleTag();
    doze.sleeper = from.sleeper;
    doze.watch = from.sleeper == null ? null : from.sleeper.watch();
    if (from.sleeper != null) {
      from.sleeper.listener(doze);
    }
    if (own.idleTag() == null) {
      doze.expectMoreUntil(own.patientUntilMillis());
    } else {
      commands.enterIdle();
      doze.keepAlive.start(from.spoken());
    }
    return doze;
  }

  /// Whether it only waits for what comes next.
  boolean atRest() {
    return !looking
        && !looked
        && kept == null
        && question == null
        && !desked
        && list == null
        && opening == null;
  }

  /// Keeps what the client knows of its mailbox, and has the mailbox watched.
  void watch(Snapshot.Result.Taken taken, Grant grant) {
    Sleeper who =
        new Sleeper(
            taken, conversation.features().told(), conversation.features().rev2(), grant, this);
    sleeper = who;
    who.hears(hears());
    home.sessions().kept(who.keptBytes());
    watch = home.join(who);
  }

  private Sleeper.Hears hears() {
    return idleTag != null ? Sleeper.Hears.ALL : conversation.notifySet().hears();
  }

  /// Whether the command can be answered in sleep: [CommandTracker.Decision#ANSWER], not yet
  /// ([CommandTracker.Decision#WAIT]), or null if it takes a backend.
  ///
  /// @param arguments of a STATUS that is looked at first ([CommandTracker.Listener#begins]), or null
  CommandTracker.@Nullable Decision decide(Verb verb, @Nullable String arguments) {
    if (looking) {
      return CommandTracker.Decision.WAIT;
    }
    return switch (verb) {
      case LOGOUT, CAPABILITY, COMPRESS -> CommandTracker.Decision.ANSWER;
      case DONE, NOOP -> whenCurrent();
      case CHECK -> sleeper == null ? null : whenCurrent();
      case IDLE -> answerIf(backend.idle());
      case ID -> answerIf(home.backend().now().identity() != null);
      case UNSELECT -> answerIf(sleeper != null && backend.unselect());
      case CLOSE -> answerIf(sleeper != null && sleeper.examines()); // else it expunges
      case ENABLE -> answerIf(sleeper == null && !backend.enables().isEmpty());
      case LIST, LSUB, NAMESPACE -> arguments == null ? null : decideList(verb, arguments);
      case STATUS -> arguments == null ? null : decideStatus(arguments);
      case SELECT, EXAMINE -> arguments == null ? null : decideSelect(verb, arguments);
      default -> null;
    };
  }

  private static CommandTracker.@Nullable Decision answerIf(boolean possible) {
    return possible ? CommandTracker.Decision.ANSWER : null;
  }

  private CommandTracker.@Nullable Decision decideList(Verb verb, String arguments) {
    ListQuery query = conversation.listToKeep(verb, arguments);
    list = query == null ? null : home.answers().lists().find(query, "", conversation.selected());
    return answerIf(list != null);
  }

  private CommandTracker.@Nullable Decision decideStatus(String arguments) {
    StatusCache statuses = home.answers().statuses();
    StatusQuery query = statuses.query(arguments, conversation.features());
    if (query == null || conversation.isSelected(query) || !conversation.mayAnswer(query)) {
      return null;
    }
    if (!desked && question == null) {
      kept = statuses.find(query);
      if (kept != null) {
        home.metrics().status(StatusOutcome.CACHED.label());
        return CommandTracker.Decision.ANSWER;
      }
      StatusDesk.Asker inWhoseName = asker;
      if (inWhoseName == null || awaitsFirstLogin() || query.names() != 0) {
        return null; // its first login is the wake's; the connection that asks takes other names
      }
      if (statuses.await(query, settle)) {
        forgetPatience();
        return CommandTracker.Decision.WAIT;
      }
      home.metrics().status(statuses.whyNot(query).label());
      ask(query, inWhoseName);
    }
    if (question != null) {
      return CommandTracker.Decision.WAIT;
    }
    desked = false;
    return answerIf(kept != null);
  }

  private CommandTracker.@Nullable Decision decideSelect(Verb verb, String arguments) {
    SelectQuery query = conversation.selectToKeep(verb, arguments);
    boolean kept = query != null && asker != null;
    SelectCache.Found found =
        query == null || asker == null
            ? null
            : home.answers().selects().find(query, conversation.selected() != null);
    boolean fits =
        found != null
            && Snapshot.unfit(found.mailbox(), backend, home.settings()) == null
            && home.sessions().noRoomFor(found.view().keptBytes()) == null;
    opening = fits ? found : null;
    if (found != null || !kept) {
      home.metrics().select((fits ? StatusOutcome.CACHED : StatusOutcome.NOT_KEPT).label());
    }
    return answerIf(fits);
  }

  private void ask(StatusQuery query, StatusDesk.Asker inWhoseName) {
    forgetPatience();
    question =
        new StatusDesk.Question(
            query,
            inWhoseName,
            answer -> {
              question = null;
              kept = answer;
              desked = true;
              expectMore();
              host.settle();
            });
    home.answers().desk().ask(question);
  }

  /// Answers at once what is proven, else looks at the mailbox first: news comes before the tagged reply. A backend that
  /// cannot be asked in time is no reason to keep the client waiting: it will hear the news when there is some.
  private CommandTracker.Decision whenCurrent() {
    Sleeper who = sleeper;
    MailboxWatch where = watch;
    if (looked || who == null || where == null || where.proven(who)) {
      return CommandTracker.Decision.ANSWER;
    }
    looking = true;
    forgetPatience();
    patience =
        home.wheel()
            .after(
                home.settings().wakeTimeout(),
                () -> {
                  who.stopWaiting();
                  looked();
                });
    where.look(who);
    return CommandTracker.Decision.WAIT;
  }

  @Override
  public void looked() {
    if (!looking) {
      return;
    }
    looking = false;
    looked = true;
    forgetPatience();
    expectMore();
    host.settle();
  }

  /// Answers a command that [#decide] said can be answered.
  void answer(Command command) {
    String tag = command.tag();
    looked = false;
    switch (command.verb()) {
      case DONE -> answerDone();
      case IDLE -> answerIdle(tag);
      case NOOP -> host.say(tag + " OK NOOP completed.");
      case CHECK -> host.say(tag + " OK Check completed.");
      case CAPABILITY -> {
        host.say("* CAPABILITY " + conversation.capabilities());
        host.say(tag + " OK Capability completed.");
      }
      case ID -> {
        host.say("* ID " + home.backend().now().identity());
        host.say(tag + " OK ID completed.");
      }
      case UNSELECT -> answerUnselect(tag + " OK Unselect completed.");
      case CLOSE -> answerUnselect(tag + " OK Close completed.");
      case ENABLE -> answerEnable(command);
      case LIST, LSUB, NAMESPACE -> answerList(tag);
      case STATUS -> answerStatus(tag);
      case SELECT, EXAMINE -> answerSelect(tag);
      default -> throw new IllegalStateException(command.verb() + " takes a backend");
    }
    expectMore();
  }

  private void answerList(String tag) {
    List<String> lines = Objects.requireNonNull(list, "decided on");
    list = null;
    lines.subList(0, lines.size() - 1).forEach(host::say);
    host.say(tag + lines.getLast());
  }

  private void answerStatus(String tag) {
    StatusCache.Answer answer = Objects.requireNonNull(kept, "decided on");
    kept = null;
    host.say(answer.text(tag));
  }

  /// What happened in the old mailbox is not told (RFC 9051 §6.3.2).
  private void answerSelect(String tag) {
    SelectCache.Found found = Objects.requireNonNull(opening, "decided on");
    StatusDesk.Asker who = Objects.requireNonNull(asker, "decided on");
    opening = null;
    Sleeper before = sleeper;
    MailboxWatch watchBefore = watch;
    conversation.selected(found.mailbox());
    found.lines().forEach(host::say);
    host.say(tag + " " + found.reply());
    var taken = new Snapshot.Result.Taken(found.view(), found.since(), OwnSets.NONE);
    watch(taken, who.grant());
    leave(before, watchBefore); // now, for the watch may be the same
  }

  private void answerDone() {
    host.say(idleTag + " OK Idle completed.");
    idleTag = null;
    keepAlive.stop();
    if (sleeper != null) {
      sleeper.hears(hears());
    }
  }

  private void answerIdle(String tag) {
    host.say("+ idling");
    idleTag = tag;
    commands.enterIdle();
    keepAlive.start();
    Sleeper dozing = sleeper;
    MailboxWatch watching = watch;
    if (dozing == null || watching == null) {
      return;
    }
    dozing.hears(hears());
    if (!watching.proven(dozing)) {
      watching.look();
    }
  }

  private void answerUnselect(String reply) {
    leaveMailbox();
    conversation.selected(null);
    host.say(reply);
  }

  /// What the backend offers is on from now on, and is enabled there at the wake, or the session ends.
  private void answerEnable(Command command) {
    String names =
        Arrays.stream(command.argumentsText().toUpperCase(Locale.ROOT).trim().split(" +"))
            .filter(backend.enables()::contains)
            .distinct()
            .collect(Collectors.joining(" "));
    if (!names.isEmpty()) {
      conversation.enabled(names);
      host.say("* ENABLED " + names);
    }
    host.say(command.tag() + " OK Enabled.");
  }

  @Override
  public void changes() {}

  @Override
  public void changed(ByteBuf lines) {
    keepAlive.spoke();
    Sleeper who = sleeper;
    UidSet now = who == null ? UidSet.EMPTY : who.view().uids();
    conversation.recent().retainUnknown(now);
    host.tell(lines);
    conversation.recent().place(now);
    host.rest();
  }

  @Override
  public void lost(CloseReason reason, String bye) {
    host.end(reason, bye);
  }

  @Override
  public Client client() {
    return client;
  }

  @Override
  public boolean awaitsFirstLogin() {
    return neverAwake && (asker == null || !asker.grant().hasLetInSince(since));
  }

  /// Whether the session began with it.
  boolean neverAwake() {
    return neverAwake;
  }

  @Override
  public SelectedMailbox told() {
    return Objects.requireNonNull(conversation.selected());
  }

  /// Outside IDLE a client must speak from time to time.
  private void expectMore() {
    if (looking) {
      return;
    }
    if (idleTag != null) {
      forgetPatience();
      return;
    }
    expectMoreUntil(home.wheel().millis() + AUTOLOGOUT.toMillis());
  }

  /// A timer that waits already is not set anew with each command: it looks at its end how long there is still to wait.
  private void expectMoreUntil(long untilMillis) {
    patientUntilMillis = untilMillis;
    if (patience == null) {
      awaitMore(untilMillis - home.wheel().millis());
    }
  }

  private void awaitMore(long leftMillis) {
    patience =
        home.wheel()
            .after(
                Duration.ofMillis(leftMillis),
                () -> {
                  long more = patientUntilMillis - home.wheel().millis();
                  if (more > 0) {
                    awaitMore(more);
                  } else {
                    outOfPatience();
                  }
                });
  }

  void outOfPatience() {
    host.end(CloseReason.IDLE_TIMEOUT, "Disconnected for inactivity.");
  }

  private void forgetPatience() {
    if (patience != null) {
      patience.cancel();
      patience = null;
    }
  }

  /// What the client knows of its mailbox; null if it has none selected.
  @Nullable Sleeper sleeper() {
    return sleeper;
  }

  Instant since() {
    return since;
  }

  @Nullable String idleTag() {
    return idleTag;
  }

  /// Until when a client that is not in IDLE may be silent, as the wheel counts.
  long patientUntilMillis() {
    return patientUntilMillis;
  }

  /// When a client in IDLE was told something last.
  Instant spoken() {
    return keepAlive.spoken();
  }

  BackendFeatures backend() {
    return backend;
  }

  /// The client asks for more than can be answered in sleep: only a wake goes on from here, but the mailbox stays watched.
  void stir() {
    stopClocks();
    if (sleeper != null) {
      sleeper.hears(Sleeper.Hears.NOTHING); // the wake tells all that is news
    }
  }

  /// Nothing happens by itself any more.
  void stopClocks() {
    forgetPatience();
    keepAlive.stop();
  }

  /// Nothing is kept any more.
  void end() {
    forgetPatience();
    if (question != null) {
      home.answers().desk().forget(question);
      question = null;
    }
    keepAlive.stop();
    leaveMailbox();
  }

  private void leaveMailbox() {
    leave(sleeper, watch);
    sleeper = null;
    watch = null;
  }

  private void leave(@Nullable Sleeper who, @Nullable MailboxWatch where) {
    if (who == null) {
      return;
    }
    home.sessions().kept(-who.keptBytes());
    if (where != null) {
      where.leave(who);
    }
  }
}
