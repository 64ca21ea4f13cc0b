package dormouse.testkit;

import dormouse.testkit.ServerTraits.Quirk;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a client knows of its selected mailbox, learned from untagged responses alone.
///
/// Applying a response that the rules forbid (RFC 9051 §7, RFC 7162) is a [Violation]. For one thread.
final class ModelView {
  /// A keyword that is stored after EXAMINE only, so that no message ever has it.
  static final String FORBIDDEN = "$forbidden";

  private static final Pattern NUMBERED = Pattern.compile("\\* (\\d+) ([A-Za-z]+)(?s)( .*)?");
  private static final Pattern NUMBER = Pattern.compile("\\d+");
  private static final Pattern STATUS =
      Pattern.compile("\\* OK(?: \\[([A-Za-z0-9-]+)( [^]]*)?])?(?s).*");
  private static final Pattern VANISHED =
      Pattern.compile("\\* VANISHED( \\(EARLIER\\))? ([0-9:,]+)");
  private static final Pattern ALL_FOUND = Pattern.compile(" ALL ([0-9:,]+)");
  private static final Set<String> SELECT_CODES =
      Set.of(
          "UIDVALIDITY",
          "UIDNEXT",
          "UNSEEN",
          "NOMODSEQ",
          "MAILBOXID",
          "CLOSED",
          "MYRIGHTS", // Courier
          "URLMECH", // RFC 4467
          "ANNOTATIONS"); // RFC 5257
  private static final Set<String> ANY_TIME_CODES =
      Set.of("PERMANENTFLAGS", "HIGHESTMODSEQ", "ALERT", "COPYUID");

  /// One message, as far as it is known.
  private static final class Message {
    /// 0 if unknown.
    long uid;

    /// The highest UID that had been told when this message was announced: its own is higher.
    final long above;

    /// Null if unknown.
    @Nullable Set<String> flags;

    /// Whether it has been `\Recent`, which it then is as long as the mailbox is selected.
    boolean recent;

    Message(long above) {
      this.above = above;
    }
  }

  private final ModelMode mode;
  private final boolean namesKeywords;
  private final boolean keepsRecent;
  private final List<Message> messages = new ArrayList<>();
  private Set<String> named = Set.of();
  private final Set<Long> vanishedEarlier = new TreeSet<>();
  private final Set<Long> vanished = new TreeSet<>(); // since the mailbox was opened
  private boolean open;
  private long uidValidity;
  private long highestModseq;
  private long highestUid; // of those told, gone or not
  private @Nullable Set<Long> saved = new TreeSet<>(); // null: it cannot be known
  private boolean unasked;
  private final Set<Message> storing = Collections.newSetFromMap(new IdentityHashMap<>());

  ModelView(ModelMode mode, ServerTraits traits) {
    this.mode = mode;
    this.namesKeywords = !traits.has(Quirk.KEYWORDS_UNNAMED);
    this.keepsRecent = !traits.has(Quirk.FORGETS_RECENT);
  }

  /// No mailbox is selected any more, or a new one is about to be.
  void close() {
    messages.clear();
    named = Set.of();
    vanishedEarlier.clear();
    vanished.clear();
    saved = new TreeSet<>();
    open = false;
    uidValidity = 0;
    highestModseq = 0;
    highestUid = 0;
  }

  /// What a client keeps on disk of this view; null if it does not know enough to begin with that again.
  @Nullable OfflineView offline() {
    if (!open || mode != ModelMode.QRESYNC || highestModseq == 0 || !unknown().isEmpty()) {
      return null;
    }
    var kept = new TreeMap<Long, Set<String>>();
    for (var message : messages) {
      kept.put(message.uid, Objects.requireNonNull(message.flags));
    }
    return new OfflineView(uidValidity, highestModseq, kept);
  }

  /// After SELECT with QRESYNC: what was kept, less what vanished, is what there is, with what was told of it. New
  /// messages need not be told, as they are not among the known ones (RFC 7162 §3.2.5).
  void resume(OfflineView kept) {
    if (kept.uidValidity() != uidValidity) {
      return;
    }
    var all = new TreeMap<>(kept.messages());
    all.keySet().removeAll(vanishedEarlier);
    for (var message : messages) {
      if (message.uid != 0 && message.flags != null) {
        all.put(message.uid, message.flags);
      }
    }
    require(
        all.size() <= messages.size(),
        "QRESYNC leaves " + all.size() + " messages, EXISTS says " + messages.size());
    int seq = 0;
    for (var entry : all.entrySet()) {
      learnUid(++seq, entry.getKey());
      messages.get(seq - 1).flags = entry.getValue();
    }
  }

  /// The UIDs saved in `$` (RFC 5182), less what was expunged since; null if they cannot be known.
  @Nullable Set<Long> saved() {
    return saved == null ? null : new TreeSet<>(saved);
  }

  /// A search begins whose result, of these UIDs, is saved.
  void save(Collection<Long> uids) {
    saved = new TreeSet<>(uids);
  }

  /// The numbers of these messages, less those that are gone.
  List<Integer> numbers(Collection<Long> uids) {
    var numbers = new ArrayList<Integer>();
    for (int i = 0; i < messages.size(); i++) {
      if (uids.contains(messages.get(i).uid)) {
        numbers.add(i + 1);
      }
    }
    return numbers;
  }

  /// Whether from now on anything may be told at any time (NOTIFY of SELECTED, RFC 5465 §5.1).
  void unasked(boolean anything) {
    unasked = anything;
  }

  /// EXISTS as told, less what was expunged.
  int size() {
    return messages.size();
  }

  /// The highest mod-sequence that the server has named, 0 for none.
  long highestModseq() {
    return highestModseq;
  }

  /// The UID of a sequence number, 0 if unknown.
  long uid(int seq) {
    return messages.get(seq - 1).uid;
  }

  /// The highest UID known, 0 for none.
  long lastUid() {
    return messages.stream().mapToLong(message -> message.uid).max().orElse(0);
  }

  /// The sequence numbers whose UID or flags are not known.
  List<Integer> unknown() {
    var unknown = new ArrayList<Integer>();
    for (int i = 0; i < messages.size(); i++) {
      if (messages.get(i).uid == 0 || messages.get(i).flags == null) {
        unknown.add(i + 1);
      }
    }
    return unknown;
  }

  /// Takes in one untagged response, heard while this command runs.
  void apply(String response, ModelCommand running) {
    var numbered = NUMBERED.matcher(response);
    if (numbered.matches()) {
      applyNumbered(
          Integer.parseInt(numbered.group(1)),
          numbered.group(2).toUpperCase(Locale.ROOT),
          response,
          running);
      return;
    }
    String name = response.substring(2).split("[ \r]", 2)[0].toUpperCase(Locale.ROOT);
    switch (name) {
      case "OK" -> applyStatus(response, running);
      case "FLAGS" -> {
        open = open || running.selects();
        require(open, "FLAGS with no mailbox selected");
        named = FetchItems.flags(response.substring("* FLAGS ".length()));
      }
      case "VANISHED" -> applyVanished(response, running);
      case "SEARCH" -> {
        require(running.asksFor(name), name + " that nobody asked for");
        if (!running.uid()) {
          NUMBER
              .matcher(response)
              .results()
              .map(MatchResult::group)
              .map(Integer::valueOf)
              .forEach(this::requireInRange);
        }
      }
      case "ESEARCH" -> {
        require(running.asksFor(name), name + " that nobody asked for");
        if (running.saves()) {
          applySaved(response, running);
        }
      }
      case "CAPABILITY", "ENABLED", "STATUS", "LIST", "LSUB", "ID", "NAMESPACE" ->
          require(running.asksFor(name), name + " that nobody asked for");
      default -> throw new Violation("unexpected response: " + response);
    }
  }

  /// The result of a search that is saved: UIDs, or numbers of messages whose UIDs are known, as a rule.
  private void applySaved(String response, ModelCommand running) {
    var all = ALL_FOUND.matcher(response);
    var found = new TreeSet<Long>();
    if (all.find()) {
      for (long number : NumberSet.of(all.group(1))) {
        found.add(running.uid() ? number : uid((int) number));
      }
    }
    saved = found.contains(0L) ? null : found;
  }

  private void applyNumbered(int number, String name, String response, ModelCommand running) {
    if (running.selects() && name.equals("EXISTS")) {
      open = true;
      messages.clear();
    }
    require(open, name + " with no mailbox selected");
    switch (name) {
      case "EXISTS" -> {
        require(number >= messages.size(), "EXISTS shrinks from " + messages.size());
        while (messages.size() < number) {
          messages.add(new Message(highestUid));
        }
      }
      case "RECENT" -> require(number <= messages.size(), "more RECENT than EXISTS");
      case "EXPUNGE" -> {
        require(mode != ModelMode.QRESYNC, "EXPUNGE to a client with QRESYNC");
        require(unasked || running.allowsExpunge(), "EXPUNGE while " + shown(running));
        requireInRange(number);
        gone(messages.remove(number - 1));
      }
      case "FETCH" -> applyFetch(response, running);
      default -> throw new Violation("unexpected response: " + response);
    }
  }

  private void applyFetch(String response, ModelCommand running) {
    var fetch = FetchItems.parse(response);
    if (fetch == null) {
      throw new Violation("malformed FETCH");
    }
    requireInRange(fetch.seq());
    require(
        mode != ModelMode.PLAIN || !fetch.has("MODSEQ"), "MODSEQ to a client without CONDSTORE");
    require(
        running.fetches() || fetch.has("FLAGS") || fetch.has("MODSEQ"),
        "a FETCH that says nothing");
    require(
        mode == ModelMode.PLAIN || !fetch.has("FLAGS") || fetch.has("MODSEQ") || running.fetches(),
        "FLAGS without MODSEQ to a client with CONDSTORE");
    require(
        mode != ModelMode.QRESYNC || fetch.has("UID") || running.fetches(),
        "FETCH without UID to a client with QRESYNC");
    if (fetch.uid() != 0) {
      learnUid(fetch.seq(), fetch.uid());
    }
    var flags = fetch.flags();
    if (flags != null) {
      require(!flags.contains(FORBIDDEN), "STORE after EXAMINE has changed a message");
      requireNamed(flags);
      var message = messages.get(fetch.seq() - 1);
      message.flags = storing.contains(message) ? null : flags;
      require(fetch.recent() || !message.recent || !keepsRecent, "a message is \\Recent no longer");
      message.recent = fetch.recent();
    }
  }

  private void learnUid(int seq, long uid) {
    var message = messages.get(seq - 1);
    require(
        message.uid == 0 || message.uid == uid,
        "message " + seq + " has UID " + message.uid + ", not " + uid);
    for (int i = 0; i < messages.size(); i++) {
      long other = messages.get(i).uid;
      require(
          other == 0 || i == seq - 1 || (other < uid) == (i < seq - 1),
          "UID " + uid + " of message " + seq + " is out of order: " + (i + 1) + " has " + other);
    }
    message.uid = uid;
    highestUid = Math.max(highestUid, uid);
  }

  private void requireNamed(Set<String> flags) {
    if (!namesKeywords) {
      return;
    }
    for (String flag : flags) {
      require(named.contains(flag), "the FLAGS response has not named " + flag);
    }
  }

  private void applyVanished(String response, ModelCommand running) {
    require(mode == ModelMode.QRESYNC, "VANISHED to a client without QRESYNC");
    var words = VANISHED.matcher(response);
    require(words.matches(), "malformed VANISHED");
    boolean earlier = words.group(1) != null;
    require(!earlier || running.asksForVanished(), "VANISHED (EARLIER) that nobody asked for");
    require(earlier || unasked || running.allowsExpunge(), "VANISHED while " + shown(running));
    for (long uid : NumberSet.of(words.group(2))) {
      if (running.selects()) {
        vanishedEarlier.add(uid);
        continue;
      }
      if (earlier && vanished.contains(uid)) {
        continue; // else one not known by its UID would be taken for it
      }
      boolean was = vanish(uid);
      require(was || earlier, "VANISHED names UID " + uid + ", which was not there");
      vanished.add(uid);
    }
  }

  private void gone(Message message) {
    if (saved != null) {
      saved.remove(message.uid);
    }
  }

  /// Removes the message of this UID, or one of those whose UID is not known and may be this.
  private boolean vanish(long uid) {
    int unknown = -1;
    for (int i = 0; i < messages.size(); i++) {
      long other = messages.get(i).uid;
      if (other == uid) {
        gone(messages.remove(i));
        return true;
      }
      if (other > uid) {
        break;
      }
      if (other != 0) {
        unknown = -1;
      } else if (uid > messages.get(i).above) {
        unknown = i;
      }
    }
    if (unknown < 0) {
      return false;
    }
    messages.remove(unknown);
    for (var message : messages) {
      message.flags = message.uid == 0 ? null : message.flags; // they may be the vanished one's
    }
    return true;
  }

  private void applyStatus(String response, ModelCommand running) {
    var status = STATUS.matcher(response);
    require(status.matches(), "malformed OK");
    String code = status.group(1);
    if (code == null) {
      return;
    }
    String name = code.toUpperCase(Locale.ROOT);
    require(
        ANY_TIME_CODES.contains(name) || (SELECT_CODES.contains(name) && running.selects()),
        "unexpected code " + name);
    if (name.equals("HIGHESTMODSEQ")) {
      require(
          mode != ModelMode.PLAIN || running.selects(),
          "HIGHESTMODSEQ to a client without CONDSTORE");
      highestModseq = Long.parseLong(status.group(2).trim());
    }
    if (name.equals("UIDVALIDITY")) {
      uidValidity = Long.parseLong(status.group(2).trim());
    }
  }

  /// What STORE will make of the flags that are known: `+FLAGS`, `-FLAGS` or `FLAGS`.
  void store(Collection<Integer> seqs, String item, Set<String> flags) {
    for (int seq : seqs) {
      var message = messages.get(seq - 1);
      if (message.flags == null) {
        continue;
      }
      var after = new TreeSet<String>(item.equals("FLAGS") ? Set.of() : message.flags);
      if (item.equals("-FLAGS")) {
        after.removeAll(flags);
      } else {
        after.addAll(flags);
      }
      message.flags = after;
    }
  }

  /// A silent STORE of these messages has been sent by a client who may be told of flags at any time: what it hears of theirs may be
  /// from before or behind it, so that they are not known.
  void storing(Collection<Integer> seqs) {
    seqs.forEach(seq -> storing.add(messages.get(seq - 1)));
  }

  /// It was answered.
  void stored() {
    storing.clear();
  }

  /// The flags of these messages are not known any more.
  void forgetFlags() {
    messages.forEach(message -> message.flags = null);
  }

  /// Where this view differs from the server's truth, null if nowhere. What is not known does not differ.
  @Nullable String difference(Truth truth) {
    if (truth.messages().size() != messages.size()) {
      return messages.size() + " messages known, " + truth.messages().size() + " there";
    }
    for (int i = 0; i < messages.size(); i++) {
      var known = messages.get(i);
      var there = truth.messages().get(i);
      if (known.uid != 0 && known.uid != there.uid()) {
        return "message " + (i + 1) + " known as UID " + known.uid + ", is " + there.uid();
      }
      if (known.flags != null && !known.flags.equals(there.flags())) {
        return "UID " + there.uid() + " known as " + known.flags + ", is " + there.flags();
      }
    }
    return null;
  }

  private void requireInRange(int seq) {
    require(
        seq >= 1 && seq <= messages.size(),
        "sequence number " + seq + " of " + messages.size() + " messages");
  }

  private static String shown(ModelCommand running) {
    return running.name().isEmpty() ? "no command runs" : running.text();
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new Violation(otherwise);
    }
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    for (int i = 0; i < messages.size(); i++) {
      var message = messages.get(i);
      text.append(i + 1).append(": ").append(message.uid == 0 ? "?" : message.uid).append(' ');
      text.append(message.flags == null ? "?" : message.flags).append('\n');
    }
    return text.toString();
  }
}
