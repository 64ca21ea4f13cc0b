package dormouse.testkit;

import dormouse.testkit.ModelClient.Notify;
import dormouse.testkit.ServerTraits.Quirk;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One client of a [Differential]: does steps, and notes the bodies it reads.
///
/// For one thread at a time.
final class Actor implements AutoCloseable {
  /// Ends the name of a mailbox that comes and goes.
  static final String SPARE = "z";

  private static final int FULL = 40;
  private static final Duration COME_BACK = Duration.ofSeconds(30);
  private static final Pattern COPIED = Pattern.compile("COPYUID \\d+ ([0-9:,]+) [0-9:,]+");
  private static final List<String> FLAGS =
      List.of("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "$Junk", "dormouse");

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
  }

  private ModelClient login() {
    return ModelClient.login(endpoint, plan.user(), plan.password(), mode, plan.traits())
        .patience(plan.patience().plus(ImapClient.PATIENCE));
  }

  /// Begins anew, with nothing selected.
  private void loginAgain() {
    before = client.transcript() + "\n";
    client = login();
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
      case APPEND -> append(random);
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
      case SAVE -> save(random);
      case USE_SAVED -> useSaved(random);
      case LEAVE -> leave(random);
      case CHECK -> client.mustOk("CHECK");
      case FETCH_FLAGS -> fetchFlags(random);
      case FETCH_BODY -> fetchBody(random);
      case FETCH_CHANGES -> fetchChanges();
      case STORE -> store(random);
      case COPY, MOVE -> copy(operation, random);
      case EXPUNGE -> expunge(random);
      case UID_EXPUNGE -> uidExpunge(random);
      case SEARCH -> search(random);
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
    String mailbox = mailbox(random);
    client.select(mailbox, examine, random.nextInt(3) == 0 ? null : kept.get(mailbox));
  }

  private void leave(Random random) {
    if (!has(Quirk.NO_UNSELECT) && random.nextBoolean()) {
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
    String command = List.of("CREATE", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE").get(random.nextInt(4));
    client.run(command + " " + commonName() + SPARE);
    ask("LIST \"\" " + ImapClient.quoted(commonName() + "*"));
  }

  private void notifyMe(Random random) {
    if (!client.offers("NOTIFY")) {
      return;
    }
    client.notify(random.nextBoolean() ? Notify.SELECTED_DELAYED : Notify.SELECTED);
  }

  /// Whether to name messages by UID: who may hear of EXPUNGE at any time cannot use numbers.
  private boolean byUid(Random random) {
    return random.nextBoolean() || client.notifying() == Notify.SELECTED;
  }

  private void save(Random random) {
    if (!client.offers("SEARCHRES")) {
      return;
    }
    client.learn();
    String uid = byUid(random) ? "UID " : "";
    if (random.nextBoolean()) {
      client.save(uid + "SEARCH RETURN (SAVE ALL) " + searchKey(random), Set.of());
      return;
    }
    var seqs = messages(random);
    if (!seqs.isEmpty()) {
      var uids = seqs.stream().map(client::uid).collect(Collectors.toSet());
      client.save(uid + "SEARCH RETURN (SAVE) UID " + client.set(seqs, true), uids);
    }
  }

  /// Does something to the messages in `$`, and looks whether it was those.
  private void useSaved(Random random) {
    client.learn();
    var saved = client.saved();
    if (saved == null || !client.offers("SEARCHRES")) {
      return;
    }
    String uid = byUid(random) ? "UID " : "";
    switch (random.nextInt(4)) {
      case 0 -> {
        var answer = client.run(uid + "FETCH $ (UID RFC822.SIZE)");
        requireSaved(saved, answer, FetchItems.uidsWith("RFC822.SIZE", answer.untagged()));
      }
      case 1 -> {
        if (!client.readOnly()) {
          var seqs = client.numbers(saved);
          client.requireOkOrExpunged(
              client.store("$", seqs, !uid.isEmpty(), "+FLAGS", true, flags(random)));
        }
      }
      case 2 -> {
        String target = mailbox(random);
        if (client.size() <= FULL || !target.equals(client.mailbox())) {
          var answer = client.run(uid + "COPY $ " + target);
          var copied = COPIED.matcher(answer.code());
          Set<Long> uids = copied.matches() ? NumberSet.of(copied.group(1)) : Set.of();
          requireSaved(saved, answer, uids);
        }
      }
      default -> {
        var answer = client.run("UID SEARCH $");
        requireSaved(saved, answer, MailboxAnswers.found(answer.untagged()));
      }
    }
  }

  /// What a command did to `$` it must have done to each message in it that is not gone, and to no other.
  private void requireSaved(Set<Long> saved, ModelClient.Answer answer, Set<Long> done) {
    client.requireOkOrExpunged(answer);
    client.require(saved.containsAll(done), "$ is " + saved + ", but meant " + done);
    if (!answer.ok()) {
      return;
    }
    var missing = new TreeSet<>(saved);
    missing.removeAll(done);
    if (!client.numbers(missing).isEmpty()) {
      client.mustOk("NOOP"); // they are gone, and this may say so
    }
    client.require(client.numbers(missing).isEmpty(), "$ is " + saved + ", but meant only " + done);
  }

  private boolean has(Quirk quirk) {
    return plan.traits().has(quirk);
  }

  private String mailbox(Random random) {
    return mailboxes.get(random.nextInt(mailboxes.size()));
  }

  private String status(Random random) {
    String items = mode == ModelMode.PLAIN ? "" : " HIGHESTMODSEQ";
    return "STATUS " + mailbox(random) + " (MESSAGES UIDNEXT UNSEEN" + items + ")";
  }

  private void append(Random random) {
    String mailbox = mailbox(random);
    boolean within = mailbox.equals(client.mailbox());
    if (within && client.readOnly() && has(Quirk.NO_APPEND_AFTER_EXAMINE)) {
      return;
    }
    if (within && client.size() > FULL) {
      expunge(random);
      return;
    }
    String message = SampleMessage.of(random);
    boolean plus = random.nextBoolean() && !has(Quirk.NO_LITERAL_PLUS);
    String literal = plus ? "+}\r\n" : "}\r\n";
    client.mustOk(
        "APPEND "
            + mailbox
            + (" (" + String.join(" ", flags(random)) + ") {")
            + (message.length() + literal + message));
  }

  private Set<String> flags(Random random) {
    var flags = new TreeSet<String>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      flags.add(FLAGS.get(random.nextInt(FLAGS.size())));
    }
    return flags;
  }

  /// One to four messages of the view, ascending; none if there is none. All have known UIDs.
  private List<Integer> messages(Random random) {
    client.learn();
    var seqs = new TreeSet<Integer>();
    for (int i = random.nextInt(4); i >= 0 && client.size() > 0; i--) {
      seqs.add(1 + random.nextInt(client.size()));
    }
    return List.copyOf(seqs);
  }

  private void fetchFlags(Random random) {
    if (random.nextInt(3) == 0 || client.notifying() == Notify.SELECTED) {
      client.mustOk("UID FETCH 1:* (FLAGS)");
      return;
    }
    client.learn(); // who does not know its UIDs cannot tell which of VANISHED (EARLIER) it had
    var seqs = messages(random);
    if (!seqs.isEmpty()) {
      client.requireOkOrExpunged(client.run("FETCH " + client.set(seqs, false) + " (UID FLAGS)"));
    }
  }

  private void fetchBody(Random random) {
    var seqs = messages(random);
    if (seqs.isEmpty()) {
      return;
    }
    boolean byUid = byUid(random);
    String item = random.nextBoolean() ? "BODY[]" : "BODY.PEEK[]";
    var answer =
        client.run(
            (byUid ? "UID FETCH " : "FETCH ")
                + client.set(seqs, byUid)
                + (" (UID " + item + " FLAGS)"));
    client.requireOkOrExpunged(answer);
    noteBodies(answer.untagged());
  }

  private void noteBodies(Collection<String> responses) {
    for (String response : responses) {
      var fetch = FetchItems.parse(response);
      String body = fetch == null ? null : fetch.text("BODY[]");
      if (fetch == null || body == null || isMadeUp(body)) {
        continue;
      }
      String key = client.mailbox() + " " + fetch.uid();
      Integer before = bodies.putIfAbsent(key, body.hashCode());
      client.require(
          before == null || before == body.hashCode(), "the body of " + key + " has changed");
    }
  }

  private boolean isMadeUp(String body) {
    return has(Quirk.MAKES_UP_BODIES) && body.contains("\r\nSubject: message unavailable\r\n");
  }

  private void fetchChanges() {
    if (mode == ModelMode.PLAIN || client.highestModseq() == 0) {
      client.mustOk("UID FETCH 1:* (FLAGS)");
      return;
    }
    client.learn(); // who does not know its UIDs cannot tell which of VANISHED (EARLIER) it had
    String vanished = mode == ModelMode.QRESYNC ? " VANISHED" : "";
    client.mustOk("UID FETCH 1:* (FLAGS) (CHANGEDSINCE " + client.highestModseq() + vanished + ")");
  }

  private void store(Random random) {
    var seqs = messages(random);
    if (seqs.isEmpty()) {
      return;
    }
    boolean byUid = byUid(random);
    if (client.readOnly()) {
      if (!has(Quirk.STORES_AFTER_EXAMINE)) {
        client.store(seqs, byUid, "+FLAGS", false, Set.of(ModelView.FORBIDDEN));
      }
      return;
    }
    String item = List.of("+FLAGS", "-FLAGS", "FLAGS").get(random.nextInt(3));
    boolean silent = random.nextInt(3) == 0 && (!has(Quirk.REPLACE_ADDS) || !item.equals("FLAGS"));
    client.requireOkOrExpunged(client.store(seqs, byUid, item, silent, flags(random)));
  }

  private void copy(Operation operation, Random random) {
    String target = mailbox(random);
    var seqs = messages(random);
    boolean within = target.equals(client.mailbox());
    if (seqs.isEmpty() || (within && client.size() > FULL)) {
      return;
    }
    if (within && client.readOnly() && has(Quirk.NO_APPEND_AFTER_EXAMINE)) {
      return;
    }
    boolean move = operation == Operation.MOVE && !client.readOnly() && !(within && mustNotMove());
    boolean byUid = byUid(random);
    client.requireOkOrExpunged(
        client.run(
            (byUid ? "UID " : "")
                + (move ? "MOVE " : "COPY ")
                + (client.set(seqs, byUid) + " " + target)));
  }

  /// Whether the server does not get a MOVE within a mailbox right.
  private boolean mustNotMove() {
    return has(Quirk.NUMBERS_SHIFT) || (atOnce && has(Quirk.MOVE_HIDES_MESSAGES));
  }

  private void expunge(Random random) {
    if (client.readOnly()) {
      return;
    }
    mark(random);
    client.mustOk("EXPUNGE");
  }

  private void uidExpunge(Random random) {
    if (client.readOnly()) {
      return;
    }
    String uids = mark(random);
    if (!uids.isEmpty()) {
      client.mustOk("UID EXPUNGE " + uids);
    }
  }

  /// Marks some messages as deleted: their UIDs, "" if there is none.
  private String mark(Random random) {
    var seqs = messages(random);
    String uids = client.set(seqs, true);
    if (!seqs.isEmpty()) {
      boolean silent = random.nextBoolean();
      client.requireOkOrExpunged(
          client.store(
              seqs, client.notifying() == Notify.SELECTED, "+FLAGS", silent, Set.of("\\Deleted")));
    }
    return uids;
  }

  private void search(Random random) {
    String key = searchKey(random);
    String uid = byUid(random) ? "UID " : "";
    client.requireOkOrExpunged(client.run(uid + "SEARCH " + key));
  }

  private static String searchKey(Random random) {
    return List.of("ALL", "DELETED", "UNSEEN", "FLAGGED", "NOT SEEN", "KEYWORD dormouse")
        .get(random.nextInt(6));
  }

  @Override
  public void close() {
    client.close();
  }
}
