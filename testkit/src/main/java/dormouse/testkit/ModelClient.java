package dormouse.testkit;

import dormouse.testkit.ServerTraits.Quirk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// An IMAP client that models its view of a mailbox from what the server tells it, and fails when the
/// server says what it must not.
///
/// Blocks; for one thread at a time.
public final class ModelClient implements AutoCloseable {
  private static final int MAX_LEARNING_ROUNDS = 20;
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private final ImapClient client;
  private final ModelMode mode;
  private final ModelView view;
  private final boolean hidesModSequences;
  private final Random cuts = new Random(1);
  private int tags;
  private String mailbox = "";
  private boolean readOnly;
  private @Nullable String idleTag;
  private Set<String> offered = Set.of();
  private Notify notify = Notify.NONE;
  private boolean holding; // what is heard is looked at when the command is over

  /// What is told of the selected mailbox without being asked for (RFC 5465).
  enum Notify {
    /// Nothing, as long as it has not asked.
    NONE,
    /// Everything, at any time.
    SELECTED,
    /// Everything but what is gone, which waits for a command that may say so.
    SELECTED_DELAYED
  }

  /// The answer to one command.
  ///
  /// @param status OK, NO or BAD
  /// @param code the response code with its arguments, "" if there is none
  /// @param untagged all that was heard before, literals folded in
  public record Answer(String status, String code, List<String> untagged) {
    /// Whether it succeeded.
    public boolean ok() {
      return status.equals("OK");
    }
  }

  private ModelClient(ImapClient client, ModelMode mode, ServerTraits traits) {
    this.client = client;
    this.mode = mode;
    this.view = new ModelView(mode, traits);
    this.hidesModSequences = !traits.has(Quirk.TELLS_MOD_SEQUENCES);
  }

  /// Connects, logs in, and enables what the mode says.
  public static ModelClient login(
      Endpoint endpoint, String user, String password, ModelMode mode, ServerTraits traits) {
    var client = new ModelClient(ImapClient.connect(endpoint), mode, traits);
    client.mustOk("LOGIN " + ImapClient.quoted(user) + " " + ImapClient.quoted(password));
    if (endpoint.compress()) {
      client.client.compress();
    }
    if (mode != ModelMode.PLAIN) {
      client.mustOk("ENABLE " + mode);
    }
    for (String response : client.mustOk("CAPABILITY").untagged()) {
      client.offered = Set.of(response.toUpperCase(Locale.ROOT).split(" "));
    }
    return client;
  }

  /// What it has enabled.
  public ModelMode mode() {
    return mode;
  }

  /// Whether the server said that it can do this.
  boolean offers(String capability) {
    return offered.contains(capability);
  }

  /// From now on answers may take this long.
  public ModelClient patience(Duration patience) {
    client.patience(patience);
    return this;
  }

  /// The selected mailbox, "" for none.
  public String mailbox() {
    return mailbox;
  }

  /// Whether the mailbox was EXAMINEd.
  public boolean readOnly() {
    return readOnly;
  }

  /// Whether it is in IDLE.
  public boolean idling() {
    return idleTag != null;
  }

  /// EXISTS as told, less what was expunged.
  public int size() {
    return view.size();
  }

  /// The UID of a sequence number, 0 if it has not been told.
  public long uid(int seq) {
    return view.uid(seq);
  }

  /// The highest mod-sequence that the server has named of this mailbox, 0 for none.
  public long highestModseq() {
    return view.highestModseq();
  }

  /// SELECT or EXAMINE.
  public void select(String name, boolean examine) {
    select(name, examine, null);
  }

  /// SELECT or EXAMINE, with QRESYNC if something was kept of the mailbox.
  void select(String name, boolean examine, @Nullable OfflineView kept) {
    view.close();
    mailbox = "";
    String parameters = kept == null ? "" : " " + kept.parameters();
    String command = (examine ? "EXAMINE " : "SELECT ") + ImapClient.quoted(name) + parameters;
    holding = notify != Notify.NONE;
    var answer = run(command);
    require(answer.ok(), "the mailbox cannot be selected");
    if (holding) {
      holding = false;
      ofTheNewMailbox(answer.untagged()).forEach(line -> hear(line, ModelCommand.of(command)));
    }
    mailbox = name;
    readOnly = answer.code().equalsIgnoreCase("READ-ONLY");
    require(readOnly == examine, "selected as " + answer.code());
    if (kept != null) {
      check(() -> view.resume(kept), "the answer to SELECT with QRESYNC");
    }
  }

  /// Who hears at any time may hear of the old mailbox until the server reads SELECT. Of the new one it hears from the last
  /// FLAGS before its UIDVALIDITY on.
  private static List<String> ofTheNewMailbox(List<String> heard) {
    int from = 0;
    for (int i = 0; i < heard.size() && !heard.get(i).startsWith("* OK [UIDVALIDITY"); i++) {
      from = heard.get(i).startsWith("* FLAGS") ? i : from;
    }
    return heard.subList(from, heard.size());
  }

  /// What a client with QRESYNC keeps on disk of its view, null if that is not enough to begin with again.
  @Nullable OfflineView offline() {
    return view.offline();
  }

  /// What it is told without asking.
  Notify notifying() {
    return notify;
  }

  /// NOTIFY for all that happens in the selected mailbox. There is no way back: behind NOTIFY NONE nothing is told, not even
  /// what NOOP tells to who has never used it (RFC 5465 §3.1).
  void notify(Notify wanted) {
    view.unasked(wanted == Notify.SELECTED || notify == Notify.SELECTED);
    String which = wanted.name().replace('_', '-');
    mustOk("NOTIFY SET (" + which + " (MessageNew MessageExpunge FlagChange))");
    notify = wanted;
    view.unasked(wanted == Notify.SELECTED);
  }

  /// Saves a search result in `$`; empty when the search fails.
  ///
  /// @param uids what it is going to find, as far as that is known before; else the server must tell
  void save(String search, Set<Long> uids) {
    view.save(uids);
    mustOk(search);
  }

  /// The UIDs saved in `$`, less what was expunged since; null if they cannot be known.
  @Nullable Set<Long> saved() {
    return view.saved();
  }

  /// The numbers of these messages, less those that are gone.
  List<Integer> numbers(Set<Long> uids) {
    return view.numbers(uids);
  }

  /// CLOSE, or another command that leaves the mailbox.
  public void leave(String command) {
    mustOk(command);
    view.close();
    mailbox = "";
  }

  /// STORE or UID STORE of flags such as `\Seen`; silently, the view does by itself what it will do.
  ///
  /// @param item `+FLAGS`, `-FLAGS` or `FLAGS`
  public Answer store(
      Collection<Integer> seqs, boolean byUid, String item, boolean silent, Set<String> flags) {
    return store(set(seqs, byUid), seqs, byUid, item, silent, flags);
  }

  /// The same for a set that means these messages.
  Answer store(
      String set,
      Collection<Integer> seqs,
      boolean byUid,
      String item,
      boolean silent,
      Set<String> flags) {
    if (silent) {
      view.store(
          seqs,
          item,
          flags.stream().map(flag -> flag.toLowerCase(Locale.ROOT)).collect(Collectors.toSet()));
      if (notify != Notify.NONE) {
        view.storing(seqs);
      }
    }
    var answer =
        run(
            (byUid ? "UID STORE " : "STORE ")
                + set
                + " "
                + item
                + (silent ? ".SILENT (" : " (")
                + String.join(" ", flags)
                + ")");
    view.stored();
    if (silent && !answer.ok()) {
      view.forgetFlags();
    }
    return answer;
  }

  /// The messages of these sequence numbers as an IMAP set of numbers or of UIDs.
  public String set(Collection<Integer> seqs, boolean byUid) {
    return seqs.stream()
        .map(seq -> Long.toString(byUid ? view.uid(seq) : seq))
        .collect(Collectors.joining(","));
  }

  /// Runs a command that must succeed.
  public Answer mustOk(String command) {
    var answer = run(command);
    require(answer.ok(), command + " failed");
    return answer;
  }

  /// Runs any command but SELECT, EXAMINE, CLOSE, UNSELECT, IDLE and LOGOUT. Synchronizing literals are waited for.
  public Answer run(String command) {
    String tag = "m" + ++tags;
    var running = ModelCommand.of(command);
    var heard = new ArrayList<String>();
    var pieces = CommandPieces.of(tag + " " + command + "\r\n");
    for (String piece : pieces.subList(0, pieces.size() - 1)) {
      send(piece);
      var answer = hearAnswer(tag, running, heard, /* continued */ true);
      if (answer != null) {
        return answer;
      }
    }
    send(pieces.getLast());
    return answer(tag, running, heard);
  }

  /// Sends in one write, or sometimes in two.
  private void send(String text) {
    if (cuts.nextInt(5) != 0) {
      client.send(text);
      return;
    }
    int cut = cuts.nextInt(text.length());
    client.send(text.substring(0, cut)).send(text.substring(cut));
  }

  private Answer answer(String tag, ModelCommand running, List<String> heard) {
    var answer = hearAnswer(tag, running, heard, /* continued */ false);
    if (answer == null) {
      throw client.failure("a continuation that nobody asked for", null);
    }
    return answer;
  }

  /// Reads up to the tagged answer, or, if it may be `continued`, to a `+`: null.
  private @Nullable Answer hearAnswer(
      String tag, ModelCommand running, List<String> heard, boolean continued) {
    while (true) {
      String response = client.readResponse();
      if (response.startsWith("+")) {
        require(continued, "a continuation that nobody asked for");
        return null;
      }
      if (response.startsWith(tag + " ")) {
        return answer(response.substring(tag.length() + 1), heard);
      }
      if (!holding) {
        hear(response, running);
      }
      requireOwn(response, tag);
      heard.add(response);
    }
  }

  private Answer answer(String text, List<String> heard) {
    String status = text.split(" ", 2)[0].toUpperCase(Locale.ROOT);
    require(Set.of("OK", "NO", "BAD").contains(status), "malformed answer: " + text);
    String code = "";
    if (text.startsWith("[", status.length() + 1)) {
      code = text.substring(status.length() + 2, text.indexOf(']'));
    }
    if (code.startsWith("HIGHESTMODSEQ") && (mode != ModelMode.PLAIN || hidesModSequences)) {
      hear("* OK [" + code + "]", ModelCommand.NONE);
    }
    return new Answer(status, code, heard);
  }

  private void hear(String response, ModelCommand running) {
    require(response.startsWith("* "), "neither untagged nor with a tag of ours: " + response);
    if (response.startsWith("* BYE") && running.name().equals("LOGOUT")) {
      return;
    }
    check(() -> view.apply(response, running), response);
  }

  private void check(Runnable rule, String heard) {
    try {
      rule.run();
    } catch (Violation e) {
      throw client.failure(e.getMessage() + "\n   heard: " + heard, e);
    }
  }

  private void requireOwn(String response, String tag) {
    require(
        !response.startsWith("* ESEARCH (TAG ")
            || response.startsWith("* ESEARCH (TAG \"" + tag + "\")"),
        "an ESEARCH for another command");
  }

  /// IDLE, up to its `+`.
  public void startIdle() {
    idleTag = "m" + ++tags;
    send(idleTag + " IDLE\r\n");
    awaitIdling(idleTag);
  }

  private void awaitIdling(String tag) {
    var answer = hearAnswer(tag, ModelCommand.of("IDLE"), new ArrayList<>(), /* continued */ true);
    require(answer == null, "IDLE was refused");
  }

  /// DONE, up to the tagged answer.
  public void done() {
    String tag = idling(null);
    send("DONE\r\n");
    answerIdle(tag);
  }

  /// DONE and IDLE in one segment.
  public void doneAndIdle() {
    String next = "m" + ++tags;
    String tag = idling(next);
    send("DONE\r\n" + next + " IDLE\r\n");
    answerIdle(tag);
    awaitIdling(next);
  }

  /// DONE and a command without sequence numbers or literals in one segment.
  public Answer doneAnd(String command) {
    String next = "m" + ++tags;
    String tag = idling(null);
    send("DONE\r\n" + next + " " + command + "\r\n");
    answerIdle(tag);
    return answer(next, ModelCommand.of(command), new ArrayList<>());
  }

  private String idling(@Nullable String next) {
    String tag = idleTag;
    if (tag == null) {
      throw new IllegalStateException("not in IDLE");
    }
    idleTag = next;
    return tag;
  }

  private void answerIdle(String tag) {
    var answer = answer(tag, ModelCommand.of("IDLE"), new ArrayList<>());
    require(answer.ok(), "DONE was not answered by OK");
  }

  /// Listens until the view agrees with the truth as far as it is known; says whether it does in time.
  boolean hearUntil(Truth truth, Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    var idle = idling() ? ModelCommand.of("IDLE") : ModelCommand.NONE;
    while (view.difference(truth) != null) {
      String response = client.readResponseOrNull(deadline);
      if (response == null) {
        return false;
      }
      hear(response, idle);
    }
    return true;
  }

  /// Asks for the UIDs and flags that it does not know, until it knows all.
  public void learn() {
    for (int round = 0; round < MAX_LEARNING_ROUNDS; round++) {
      var unknown = view.unknown();
      if (unknown.isEmpty()) {
        return;
      }
      if (notify == Notify.SELECTED) { // whose numbers may be others when the command arrives
        mustOk("UID FETCH 1:* (FLAGS)");
        continue;
      }
      boolean onlyNew = unknown.stream().allMatch(seq -> view.uid(seq) == 0);
      var answer =
          onlyNew && round % 2 == 0
              ? run("UID FETCH " + (view.lastUid() + 1) + ":* (UID FLAGS)")
              : run("FETCH " + set(unknown, false) + " (UID FLAGS)");
      requireOkOrExpunged(answer);
      if (answer.code().equals("EXPUNGEISSUED")) {
        mustOk("NOOP");
      }
    }
    throw client.failure("UIDs or flags of " + view.unknown() + " are not told", null);
  }

  /// Fails if a command by sequence number was refused otherwise than for messages that are gone.
  public void requireOkOrExpunged(Answer answer) {
    require(
        answer.ok() || (answer.status().equals("NO") && answer.code().equals("EXPUNGEISSUED")),
        "refused: " + answer.status() + " [" + answer.code() + "]");
  }

  /// Where the view differs from the truth, null if nowhere.
  @Nullable String difference(Truth truth) {
    return view.difference(truth);
  }

  /// LOGOUT: BYE, OK, and the close.
  public void logout() {
    mustOk("LOGOUT");
    require(client.expectClosed().isEmpty(), "more after LOGOUT");
    close();
  }

  /// Notes what the server has said before it closed; of use only for a connection that is no longer.
  void hearOut() {
    client.patience(LAST_WORDS);
    try {
      client.expectClosed();
    } catch (AssertionError e) {
      client.note(String.valueOf(e.getMessage()).split("\n", 2)[0]);
    }
  }

  /// Ends the connection without a word.
  public void drop() {
    client.reset();
  }

  /// The conversation so far.
  public String transcript() {
    return client.transcript();
  }

  /// A note in the transcript.
  public void note(String text) {
    client.note(text);
  }

  /// An error that shows the view and the conversation.
  public AssertionError failure(String message) {
    return client.failure(message + "\n--- the view of " + mailbox + "\n" + view, null);
  }

  /// Fails unless this holds.
  public void require(boolean holds, String otherwise) {
    if (!holds) {
      throw failure(otherwise);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
