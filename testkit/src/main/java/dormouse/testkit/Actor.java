package dormouse.testkit;

import dormouse.testkit.ModelClient.Notify;
import dormouse.testkit.ServerTraits.Quirk;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One client of a [Differential]: does steps, those on messages by [MessageSteps], login after login.
///
/// For one thread at a time.
final class Actor implements AutoCloseable {
  /// Ends the name of a mailbox that comes and goes.
  static final String SPARE = "z";

  private static final Duration COME_BACK = Duration.ofSeconds(30);
  private static final Pattern FAREWELL =
      Pattern.compile("S: \\* BYE (Connection to .* lost|\\[UNAVAILABLE] .*|Server shutting.*)");

  private final DifferentialPlan plan;
  private final Endpoint endpoint;
  private final ModelMode mode;
  private final List<String> mailboxes;
  private final Map<String, Integer> bodies;
  private final boolean atOnce;
  private final Map<String, OfflineView> kept = new HashMap<>();
  private ModelClient client;
  private MessageSteps messages;
  private String before = "";
  private @Nullable Direct direct; // null: answers are not compared
  private Duration lateAnswers = Duration.ZERO;
  private boolean comparesAnswers = true;

  /// @param bodies hashes by mailbox and UID, shared by all clients of a run; concurrent
  /// @param atOnce whether the others act at the same time
  Actor(
      DifferentialPlan plan,
      Endpoint endpoint,
      ModelMode mode,
      List<String> mailboxes,
      Map<String, Integer> bodies,
      boolean atOnce) {
    this.plan = plan;
    this.endpoint = endpoint;
    this.mode = mode;
    this.mailboxes = mailboxes;
    this.bodies = bodies;
    this.atOnce = atOnce;
    this.client = login();
    this.messages = messages();
  }

  private ModelClient login() {
    return ModelClient.login(endpoint, plan.user(), plan.password(), mode, plan.traits())
        .patience(plan.patience().plus(ImapClient.PATIENCE));
  }

  private MessageSteps messages() {
    return new MessageSteps(plan.traits(), client, mode, mailboxes, bodies, atOnce);
  }

  /// Begins anew, with nothing selected.
  private void loginAgain() {
    before = client.transcript() + "\n";
    client = login();
    messages = messages();
  }

  /// The same, as soon as that works.
  void comeBack() {
    client.close();
    long deadline = System.nanoTime() + COME_BACK.toNanos();
    while (true) {
      try {
        loginAgain();
        return;
      } catch (AssertionError | RuntimeException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(100_000_000);
      }
    }
  }

  /// Leaves before the server goes.
  void leave() {
    keep();
    client.drop();
  }

  /// Whether it speaks with the server itself.
  boolean isDirect() {
    return endpoint.equals(plan.truth());
  }

  ModelClient client() {
    return client;
  }

  /// Whether it must be told of everything without IDLE. Dovecot 2.3 by itself tells of a lone change only with the next.
  boolean hearsUnasked() {
    return client.notifying() == Notify.SELECTED && !isDirect();
  }

  /// The conversation so far, with the one before the last login.
  String transcript() {
    return before + client.transcript();
  }

  /// Whether its client, whose last command failed, has been told that its backend is gone, or that there is none.
  boolean sentAway() {
    client.hearOut();
    return client.transcript().lines().anyMatch(line -> FAREWELL.matcher(line).matches());
  }

  /// Does one step.
  void act(Step step) {
    client.note(step.toString());
    var random = new Random(step.choice());
    var operation = step.operation();
    if (client.idling() && !operation.staysInIdle()) {
      if (pipelined(operation, random)) {
        return;
      }
      client.done();
    }
    switch (operation) {
      case SELECT, EXAMINE -> select(random, operation == Operation.EXAMINE);
      case NOOP, CAPABILITY -> client.mustOk(operation.name());
      case STATUS -> askTwice(status(random));
      case LIST -> askTwice(list(random));
      case MAILBOX -> makeMailbox(random);
      case NOTIFY -> notifyMe(random);
      case RESTART -> {} // nobody's doing
      case APPEND -> messages.append(random);
      case LOGOUT -> {
        keep();
        client.logout();
        loginAgain();
      }
      case DROP -> {
        keep();
        client.drop();
        loginAgain();
      }
      case SELECT_AGAIN,
          SAVE,
          USE_SAVED,
          LEAVE,
          CHECK,
          FETCH_FLAGS,
          FETCH_BODY,
          FETCH_CHANGES,
          STORE,
          COPY,
          MOVE,
          EXPUNGE,
          UID_EXPUNGE,
          SEARCH,
          IDLE,
          DONE,
          DONE_IDLE,
          HEAR ->
          actSelected(operation, random);
    }
  }

  private void actSelected(Operation operation, Random random) {
    if (client.mailbox().isEmpty()) {
      select(random, random.nextInt(6) == 0);
      if (!operation.staysInIdle()) {
        return;
      }
    }
    switch (operation) {
      case SELECT_AGAIN -> client.select(client.mailbox(), client.readOnly());
      case SAVE -> messages.save(random);
      case USE_SAVED -> messages.useSaved(random);
      case LEAVE -> leave(random);
      case CHECK -> client.mustOk("CHECK");
      case FETCH_FLAGS -> messages.fetchFlags(random);
      case FETCH_BODY -> messages.fetchBody(random);
      case FETCH_CHANGES -> messages.fetchChanges();
      case STORE -> messages.store(random);
      case COPY, MOVE -> messages.copy(operation, random);
      case EXPUNGE -> messages.expunge(random);
      case UID_EXPUNGE -> messages.uidExpunge(random);
      case SEARCH -> messages.search(random);
      case IDLE, HEAR -> idle();
      case DONE -> {
        if (client.idling()) {
          client.done();
        }
      }
      case DONE_IDLE -> {
        if (client.idling()) {
          client.doneAndIdle();
        }
        idle();
      }
      default -> throw new IllegalArgumentException(operation.toString());
    }
  }

  private void select(Random random, boolean examine) {
    keep();
    String mailbox = MessageSteps.any(mailboxes, random);
    client.select(mailbox, examine, random.nextInt(3) == 0 ? null : kept.get(mailbox));
  }

  private void leave(Random random) {
    if (!plan.traits().has(Quirk.NO_UNSELECT) && random.nextBoolean()) {
      keep();
      client.leave("UNSELECT");
      return;
    }
    kept.remove(client.mailbox()); // CLOSE expunges without a word
    client.leave("CLOSE");
  }

  /// Keeps what the client knows, for a SELECT with QRESYNC.
  private void keep() {
    var offline = client.offline();
    if (offline != null) {
      kept.put(client.mailbox(), offline);
    }
  }

  private void idle() {
    if (!client.idling()) {
      client.startIdle();
    }
  }

  /// In IDLE: some commands may come in one segment with DONE.
  private boolean pipelined(Operation operation, Random random) {
    if (random.nextInt(3) != 0) {
      return false;
    }
    String command =
        switch (operation) {
          case NOOP, CHECK, CAPABILITY -> operation.name();
          case FETCH_FLAGS -> "UID FETCH 1:* (FLAGS)";
          case SEARCH -> "UID SEARCH ALL";
          case STATUS -> status(random);
          default -> "";
        };
    if (command.isEmpty()) {
      return false;
    }
    var answer = client.doneAnd(command);
    client.require(answer.ok(), command + " failed");
    if (operation == Operation.STATUS) {
      compareAnswers(command, answer);
    }
    return true;
  }

  /// From now on STATUS and LIST must say what the server itself says then.
  ///
  /// @param direct to the server itself
  /// @param within how long they may say something else, over and over
  void compareAnswersWith(Direct direct, Duration within) {
    this.direct = direct;
    this.lateAnswers = within;
  }

  /// Whether they are compared now.
  void compareAnswers(boolean now) {
    comparesAnswers = now;
  }

  /// Says something, so that it hears if it is no longer connected.
  void stir() {
    if (client.idling()) {
      client.done();
    }
    client.mustOk("NOOP");
  }

  /// The second answer may come out of a cache.
  private void askTwice(String command) {
    ask(command);
    ask(command);
  }

  private void ask(String command) {
    compareAnswers(command, client.mustOk(command));
  }

  private void compareAnswers(String command, ModelClient.Answer answer) {
    if (direct == null || !comparesAnswers) {
      return;
    }
    var server = direct.get();
    server.ok("EXAMINE INBOX"); // of the selected mailbox, servers may say what the session knows
    long deadline = System.nanoTime() + lateAnswers.toNanos();
    for (var said = answer; ; said = client.mustOk(command)) {
      var heard = MailboxAnswers.of(said.untagged(), client.mailbox());
      var there = MailboxAnswers.of(server.ok(command), client.mailbox());
      if (heard.equals(there)) {
        return;
      }
      if (System.nanoTime() - deadline >= 0) {
        throw client.failure(command + " says " + heard + ", the server itself " + there);
      }
      LockSupport.parkNanos(50_000_000);
    }
  }

  private String list(Random random) {
    String pattern = ImapClient.quoted(commonName() + "*");
    return switch (random.nextInt(3)) {
      case 0 -> "LSUB \"\" " + pattern;
      case 1 ->
          client.offers("LIST-STATUS")
              ? "LIST \"\" " + pattern + " RETURN (STATUS (MESSAGES UIDNEXT UNSEEN))"
              : "LIST \"\" " + pattern;
      default -> "LIST \"\" " + pattern;
    };
  }

  /// What the names of all mailboxes of a run begin with.
  private String commonName() {
    String name = mailboxes.getFirst();
    return name.substring(0, name.length() - 1);
  }

  /// Makes, deletes, or changes the subscription of a mailbox that nobody selects; it may be there or not.
  private void makeMailbox(Random random) {
    String command =
        MessageSteps.any(List.of("CREATE", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE"), random);
    client.run(command + " " + commonName() + SPARE);
    ask("LIST \"\" " + ImapClient.quoted(commonName() + "*"));
  }

  private void notifyMe(Random random) {
    if (!client.offers("NOTIFY")) {
      return;
    }
    client.notify(random.nextBoolean() ? Notify.SELECTED_DELAYED : Notify.SELECTED);
  }

  private String status(Random random) {
    String items = mode == ModelMode.PLAIN ? "" : " HIGHESTMODSEQ";
    String mailbox = MessageSteps.any(mailboxes, random);
    return "STATUS " + mailbox + " (MESSAGES UIDNEXT UNSEEN" + items + ")";
  }

  @Override
  public void close() {
    client.close();
  }
}
