package dormouse.imap;

import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.ImapString;
import dormouse.imap.sleep.ListCache;
import dormouse.imap.sleep.ListQuery;
import dormouse.imap.sleep.OwnSets;
import dormouse.imap.sleep.OwnWrite;
import dormouse.imap.sleep.OwnWrites;
import dormouse.imap.sleep.SelectCache;
import dormouse.imap.sleep.SelectQuery;
import dormouse.imap.sleep.StatusCache;
import dormouse.imap.sleep.StatusQuery;
import dormouse.imap.sleep.StayReason;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.Command;
import dormouse.imap.track.Kind;
import dormouse.imap.track.RecentMessages;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.ResponseTracker;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.track.Verdict;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What client and backend have said to each other, as far as hibernation must know: the commands that wait for their
/// reply, the mailbox that is selected, the features that are on. Everything that the client hears passes through here,
/// also what Dormouse says itself, so that what it was told has one truth.
///
/// Lives on its session's event loop.
final class Conversation implements ResponseTracker.Listener {
  /// What the session must do something about.
  interface Events {
    /// The backend said `+`.
    void continued();

    /// A command has its tagged reply.
    void ended(String tag, Verb verb, boolean ok);

    /// A tagged reply is on its way; returns whether the session keeps it to say it later.
    boolean keeps(ResponseLine reply);

    /// The backend says BYE; returns whether the client shall hear it.
    boolean bye();
  }

  private final Supplier<OwnWrites> writes;
  private final PassingAnswers answers;
  private final Events events;
  private final Consumer<ByteBuf> toClient;
  private final RecentMessages recent = new RecentMessages();
  private final ResponseTracker responses = new ResponseTracker(this, recent);
  private final CommandQueue queue = new CommandQueue();
  private final ClientFeatures features;
  private @Nullable SelectedMailbox selected;
  private @Nullable SelectedMailbox opening;
  private final boolean compress;
  private String capabilities;
  private boolean tainted;
  private boolean swallowContinuation;
  private NotifySet notify = NotifySet.NONE;
  private boolean notified; // at any time: Dovecot is deaf to a second set of NOTIFY
  private boolean searchContext;
  private boolean searchSaved;
  private boolean unknownCommand;

  /// @param capabilities the backend's, after the login
  /// @param compress whether the client may compress
  /// @param writes of all sessions of the user
  /// @param selects where answers are kept; null while the backend is one of which nothing is
  /// @param toClient takes what the client shall hear, in order; owns each buffer
  Conversation(
      Capabilities capabilities,
      boolean compress,
      Supplier<OwnWrites> writes,
      Supplier<@Nullable SelectCache> selects,
      Events events,
      Consumer<ByteBuf> toClient) {
    this.writes = writes;
    this.answers = new PassingAnswers(selects);
    this.compress = compress;
    this.capabilities = capabilities.forClient(compress);
    this.events = events;
    this.toClient = toClient;
    this.features = new ClientFeatures();
  }

  /// All that is to a conversation in which nothing is under way, but for its mailbox. Immutable.
  record Rest(
      String capabilities,
      ClientFeatures.Rest features,
      NotifySet notifySet,
      boolean notified,
      boolean compress,
      boolean tainted,
      boolean searchSaved) {}

  /// Goes on where [#rest] was.
  Conversation(
      Rest rest,
      @Nullable SelectedMailbox selected,
      Supplier<OwnWrites> writes,
      Supplier<@Nullable SelectCache> selects,
      Events events,
      Consumer<ByteBuf> toClient) {
    this.writes = writes;
    this.answers = new PassingAnswers(selects);
    this.compress = rest.compress();
    this.capabilities = rest.capabilities();
    this.events = events;
    this.toClient = toClient;
    this.features = new ClientFeatures(rest.features());
    this.selected = selected;
    this.notify = rest.notifySet();
    this.notified = rest.notified();
    this.searchSaved = rest.searchSaved();
    tainted(rest.tainted());
  }

  /// What must be kept of it; null if there is more to it now than can be.
  @Nullable Rest rest() {
    boolean more =
        busy()
            || opening != null
            || swallowContinuation
            || searchContext
            || unknownCommand
            || !betweenResponses();
    return more
        ? null
        : new Rest(capabilities, features.rest(), notify, notified, compress, tainted, searchSaved);
  }

  /// A client command begins to be passed on.
  void begins(String tag, Verb verb) {
    begins(tag, verb, null);
  }

  /// The same of a STATUS whose answer may be kept.
  void begins(String tag, Verb verb, StatusCache.@Nullable Asked asked) {
    CommandQueue.Outstanding command = add(tag, verb);
    if (asked != null) {
      answers.gather(command, asked);
    }
    noteQueue();
  }

  /// The same of a [ListQuery], whose answer may be kept; nothing else is under way.
  void beginsList(String tag, Verb verb, ListCache.Asked asked) {
    answers.gather(add(tag, verb), asked);
    noteQueue();
  }

  private CommandQueue.Outstanding add(String tag, Verb verb) {
    answers.begins();
    OwnWrite write = writes.get().begun(verb, selectedForSure());
    CommandQueue.Outstanding command = queue.add(tag, verb, write);
    openHead();
    return command;
  }

  /// The mailbox that will be selected when the next command runs; null if that is not known yet.
  private @Nullable SelectedMailbox selectedForSure() {
    return queue.leavesMailbox() ? null : selected;
  }

  /// An APPEND is being passed on, and its mailbox is known.
  void named(Command begun) {
    CommandQueue.Outstanding last = queue.last();
    if (last != null && last.tag.equals(begun.tag()) && last.write != null) {
      writes.get().known(last.write, begun, features.utf8(), selectedForSure());
    }
  }

  /// All of a client command has been passed on.
  void forwarded(Command command) {
    CommandQueue.Outstanding last = queue.last();
    if (last != null && last.tag.equals(command.tag())) {
      last.command = command;
      if (last.write != null) {
        writes.get().known(last.write, command, features.utf8(), selectedForSure());
      }
      openHead();
    }
    if (command.mentionsModseq()) {
      features.mentionedModseq();
      hideModseq();
    }
    searchContext |= command.updatesContext();
    unknownCommand |= command.verb() == Verb.OTHER;
  }

  /// Responses now belong to the mailbox that the command at the head opens.
  private void openHead() {
    CommandQueue.Outstanding head = queue.head();
    if (head == null || opening != null || head.command == null || !opens(head.verb)) {
      return;
    }
    String arguments = new String(head.command.arguments(), StandardCharsets.ISO_8859_1);
    String read = ImapString.mailbox(arguments);
    String name = read == null ? "" : read;
    String inUtf7 = features.utf8() ? ImapString.inUtf7(name) : name;
    opening = new SelectedMailbox(name, inUtf7, head.verb == Verb.EXAMINE);
    answers.opens(head, selectToKeep(head.verb, arguments));
  }

  private static boolean opens(Verb verb) {
    return verb == Verb.SELECT || verb == Verb.EXAMINE;
  }

  /// Bytes of the backend, on their way to the client.
  ///
  /// @param bytes owned by this method
  void fromBackend(ByteBuf bytes) {
    try {
      responses.read(bytes, toClient);
    } finally {
      bytes.release();
    }
  }

  /// A whole response of the backend that came between commands of our own.
  void fromBackend(ResponseLine line) {
    fromBackend(Unpooled.copiedBuffer(line.text() + "\r\n", StandardCharsets.ISO_8859_1));
  }

  @Override
  public Verdict line(ResponseLine line) {
    answers.passes(line);
    switch (line.kind()) {
      case CONTINUATION -> {
        boolean swallow = swallowContinuation;
        swallowContinuation = false;
        events.continued();
        return swallow ? Verdict.DROP : Verdict.PASS;
      }
      case TAGGED -> {
        return ended(line);
      }
      case CAPABILITY -> {
        capabilities = Capabilities.parse(line.data()).forClient(compress);
        return replace("* CAPABILITY " + capabilities);
      }
      case ENABLED -> {
        features.enabled(line.data());
        hideModseq();
      }
      case BYE -> {
        return events.bye() ? Verdict.PASS : Verdict.DROP;
      }
      case OK -> {
        if (isTaint(line)) {
          return Verdict.DROP;
        }
        if (line.codeName().equals("CAPABILITY")) {
          return replace(withOurCapabilities(line));
        }
        if (line.codeName().equals("NOTIFICATIONOVERFLOW")) { // RFC 5465 §5.8
          notify = NotifySet.NONE;
        }
        hear(line);
      }
      default -> {
        return aboutMailbox(line);
      }
    }
    return Verdict.PASS;
  }

  /// Counts the messages that the backend has forgotten to be `\Recent`.
  private Verdict aboutMailbox(ResponseLine line) {
    SelectedMailbox mailbox = selected;
    if (opening != null || mailbox == null || recent.isEmpty()) {
      if (opening != null && line.kind() == Kind.EXISTS) {
        recent.clear(); // what comes now is of the mailbox that opens, if it is the same one too
      }
      hear(line);
      return Verdict.PASS;
    }
    int before = recent.size();
    switch (line.kind()) {
      case RECENT -> {
        return replace(countRecent(mailbox, line.number() + recent.size()));
      }
      case EXPUNGE -> recent.expunged(line.number());
      case VANISHED -> {
        UidSet gone = line.data().startsWith("(") ? null : UidSet.parse(line.data().trim());
        if (gone != null) {
          recent.vanished(gone);
        }
      }
      default -> {}
    }
    hear(line);
    int fewer = before - recent.size();
    return fewer == 0
        ? Verdict.PASS
        : replace(line.text() + "\r\n" + countRecent(mailbox, mailbox.recent() - fewer));
  }

  /// `* n RECENT`, and never more than there are.
  private static String countRecent(SelectedMailbox mailbox, long count) {
    String line = "* " + Math.clamp(count, 0, mailbox.exists()) + " RECENT";
    mailbox.hear(ResponseLine.parse(line));
    return line;
  }

  /// Whether only our own commands made the backend say it (HIBERNATION §3.5).
  private boolean isTaint(ResponseLine line) {
    return tainted
        && opening == null
        && features.told() == Told.PLAIN
        && line.codeName().equals("HIGHESTMODSEQ");
  }

  private String withOurCapabilities(ResponseLine line) {
    capabilities = Capabilities.parse(line.codeArguments()).forClient(compress);
    return line.text().replace("[" + line.code() + "]", "[CAPABILITY " + capabilities + "]");
  }

  private static Verdict replace(String text) {
    return Verdict.replace(Unpooled.copiedBuffer(text + "\r\n", StandardCharsets.ISO_8859_1));
  }

  private void hear(ResponseLine line) {
    if (answers.take(line)) {
      return;
    }
    SelectedMailbox mailbox = opening != null ? opening : selected;
    if (mailbox != null) {
      mailbox.hear(line);
    }
  }

  @Override
  public void begins(Kind kind) {
    answers.passesUnread(kind);
    if (kind == Kind.FETCH && selected != null) {
      selected.fetched();
    }
  }

  @Override
  public void vanished(boolean earlier, long count) {
    SelectedMailbox mailbox = opening != null ? opening : selected;
    if (mailbox != null && !earlier) {
      mailbox.vanished(count);
      recent.clear(); // too many to know which they were
    }
  }

  private Verdict ended(ResponseLine line) {
    CommandQueue.Outstanding done = queue.take(line.tag());
    if (done == null) {
      return Verdict.PASS;
    }
    settleWrite(done, line.isOk());
    swallowContinuation &= done.verb != Verb.IDLE; // refused: no "+" will come
    if (done.command != null) {
      settle(done, done.command, line);
    }
    answers.ended(done, line, selected, opening);
    noteQueue();
    events.ended(done.tag, done.verb, line.isOk());
    openHead();
    if (events.keeps(line)) {
      return Verdict.DROP;
    }
    return line.codeName().equals("CAPABILITY") ? replace(withOurCapabilities(line)) : Verdict.PASS;
  }

  /// The selected mailbox is still the one in which the command ran.
  private void settleWrite(CommandQueue.Outstanding done, boolean ok) {
    if (done.write == null) {
      return;
    }
    if (done.command != null) {
      writes.get().known(done.write, done.command, features.utf8(), selected);
    }
    writes.get().ended(done.write, ok);
  }

  /// Whether the client has the mailbox selected, or is just opening it.
  boolean isSelected(StatusQuery query) {
    return query.isOf(selected) || query.isOf(opening);
  }

  /// A LIST, LSUB or NAMESPACE whose answer is kept; null if it must not be.
  @Nullable ListQuery listToKeep(Verb verb, String arguments) {
    return notified() ? null : ListQuery.of(verb, arguments, features);
  }

  /// A SELECT or EXAMINE whose answer is kept; null if it must not be.
  @Nullable SelectQuery selectToKeep(Verb verb, String arguments) {
    return notified() || features.uidOnly() ? null : SelectQuery.of(verb, arguments, features);
  }

  /// Whether an answer that the backend gave to somebody else will do. One with mod-sequences switches CONDSTORE on, which
  /// must be so on the backend too.
  boolean mayAnswer(StatusQuery query) {
    return !query.asksForModSeq() || features.told() != Told.PLAIN;
  }

  /// Whether a command that may change a mailbox waits for its reply.
  boolean writing() {
    return queue.writes();
  }

  /// No reply comes any more.
  void abandoned() {
    queue.abandon(writes.get());
    answers.abandon();
    noteQueue();
  }

  private void settle(CommandQueue.Outstanding done, Command command, ResponseLine line) {
    switch (done.verb) {
      case SELECT, EXAMINE -> {
        SelectedMailbox opened = opening;
        opening = null;
        answers.opened(done, line, opened, selected);
        if (line.isOk()) {
          select(opened);
        } else if (line.status().equals("NO")) {
          select(null);
        }
      }
      case CLOSE, UNSELECT -> {
        if (line.isOk()) {
          select(null);
        }
      }
      case NOTIFY -> {
        if (line.isOk()) {
          notify = NotifySet.parse(command.argumentsText());
          notified |= !notify.equals(NotifySet.NONE);
        }
      }
      case STORE, UID_STORE -> {
        if (selected != null) {
          selected.fetched(); // with .SILENT the client knows of what it is not told
        }
      }
      default -> searchSaved |= command.savesSearch() && !line.status().equals("BAD");
    }
  }

  /// Dormouse itself has closed the mailbox, or opened another.
  void selected(@Nullable SelectedMailbox mailbox) {
    select(mailbox);
  }

  /// Dormouse itself has answered ENABLE, and will do it at the next backend.
  void enabled(String names) {
    features.enabled(names);
  }

  private void select(@Nullable SelectedMailbox mailbox) {
    selected = mailbox;
    searchSaved = false;
    searchContext = false;
    recent.clear();
  }

  private void noteQueue() {
    responses.fetching(queue.fetches());
    responses.holdStatus(answers.wantStatus());
    responses.holdLists(answers.wantLists());
  }

  /// Our own commands have switched CONDSTORE on at this connection, or it is a fresh one.
  void tainted(boolean on) {
    tainted = on;
    hideModseq();
  }

  private void hideModseq() {
    responses.hideModseq(tainted && features.told() == Told.PLAIN);
  }

  /// The next `+` answers Dormouse, not the client.
  void swallowContinuation() {
    swallowContinuation = true;
  }

  boolean swallowsContinuation() {
    return swallowContinuation;
  }

  /// Whether a client command waits for its reply.
  boolean busy() {
    return !queue.isEmpty();
  }

  int outstanding() {
    return queue.size();
  }

  /// The tag of the one command that runs, if that is IDLE; else null.
  @Nullable String idleTag() {
    return queue.idleTag();
  }

  /// The client's IDLE has been answered by Dormouse, or is Dormouse's to answer.
  void forgetIdle() {
    queue.clear();
    swallowContinuation = false;
    noteQueue();
  }

  /// Whether the command that waits longest, or any that waits, is LOGOUT.
  boolean loggingOut() {
    return queue.logsOut();
  }

  boolean betweenResponses() {
    return responses.atLineStart();
  }

  /// Whether the backend tells of mailboxes unasked.
  boolean notified() {
    return !notify.equals(NotifySet.NONE);
  }

  /// What in the session forbids it to sleep, or null.
  @Nullable StayReason reasonToStay() {
    if (notify.reason() != null) {
      return notify.reason();
    }
    if (searchContext) {
      return StayReason.SEARCH_CONTEXT;
    }
    if (selected != null && features.uidOnly()) {
      return StayReason.UID_ONLY;
    }
    return unknownCommand ? StayReason.UNKNOWN_COMMAND : null;
  }

  /// What the session has in its mailbox that no other connection would know.
  OwnSets.Wanted ownSets() {
    boolean mayHaveRecent = !features.rev2() && selected != null && selected.recent() > 0;
    return new OwnSets.Wanted(searchSaved, mayHaveRecent, recent.uids());
  }

  /// The messages that are `\Recent` to the client only; changed by whoever takes a view or brings the client to one.
  RecentMessages recent() {
    return recent;
  }

  /// What the client wants to be told without asking.
  NotifySet notifySet() {
    return notify;
  }

  /// Whether the backend connection is, but for what is enabled and selected on it, as good as a new one.
  boolean leavesNoTrace() {
    return reasonToStay() == null && !notified;
  }

  /// Whether the backend has been made to tell mod-sequences, by the client or by us.
  boolean numbersChanges() {
    return tainted || features.told() != Told.PLAIN;
  }

  ClientFeatures features() {
    return features;
  }

  @Nullable SelectedMailbox selected() {
    return selected;
  }

  /// As the client was last told.
  String capabilities() {
    return capabilities;
  }
}
