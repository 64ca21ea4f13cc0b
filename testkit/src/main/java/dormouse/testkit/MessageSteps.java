package dormouse.testkit;

import dormouse.testkit.ModelClient.Notify;
import dormouse.testkit.ServerTraits.Quirk;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What an [Actor] does to messages, from one login to the next; it notes the bodies it reads.
///
/// All but [#append] needs a selected mailbox. For one thread at a time.
final class MessageSteps {
  private static final int FULL = 40;
  private static final Pattern COPIED = Pattern.compile("COPYUID \\d+ ([0-9:,]+) [0-9:,]+");
  private static final List<String> FLAGS =
      List.of("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "$Junk", "dormouse");

  private final ServerTraits traits;
  private final ModelClient client;
  private final ModelMode mode;
  private final List<String> mailboxes;
  private final Map<String, Integer> bodies;
  private final boolean atOnce;

  /// @param mailboxes to put messages into
  /// @param bodies hashes by mailbox and UID, shared by all clients of a run; concurrent
  /// @param atOnce whether others act at the same time
  MessageSteps(
      ServerTraits traits,
      ModelClient client,
      ModelMode mode,
      List<String> mailboxes,
      Map<String, Integer> bodies,
      boolean atOnce) {
    this.traits = traits;
    this.client = client;
    this.mode = mode;
    this.mailboxes = mailboxes;
    this.bodies = bodies;
    this.atOnce = atOnce;
  }

  void append(Random random) {
    String mailbox = any(mailboxes, random);
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

  void fetchFlags(Random random) {
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

  void fetchBody(Random random) {
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

  void fetchChanges() {
    if (mode == ModelMode.PLAIN || client.highestModseq() == 0) {
      client.mustOk("UID FETCH 1:* (FLAGS)");
      return;
    }
    client.learn(); // who does not know its UIDs cannot tell which of VANISHED (EARLIER) it had
    String vanished = mode == ModelMode.QRESYNC ? " VANISHED" : "";
    client.mustOk("UID FETCH 1:* (FLAGS) (CHANGEDSINCE " + client.highestModseq() + vanished + ")");
  }

  void store(Random random) {
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
    String item = any(List.of("+FLAGS", "-FLAGS", "FLAGS"), random);
    boolean silent = random.nextInt(3) == 0 && (!has(Quirk.REPLACE_ADDS) || !item.equals("FLAGS"));
    client.requireOkOrExpunged(client.store(seqs, byUid, item, silent, flags(random)));
  }

  void copy(Operation operation, Random random) {
    String target = any(mailboxes, random);
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

  void expunge(Random random) {
    if (client.readOnly()) {
      return;
    }
    mark(random);
    client.mustOk("EXPUNGE");
  }

  void uidExpunge(Random random) {
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

  void search(Random random) {
    String key = searchKey(random);
    String uid = byUid(random) ? "UID " : "";
    client.requireOkOrExpunged(client.run(uid + "SEARCH " + key));
  }

  void save(Random random) {
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
  void useSaved(Random random) {
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
        String target = any(mailboxes, random);
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

  private static String searchKey(Random random) {
    return any(
        List.of("ALL", "DELETED", "UNSEEN", "FLAGGED", "NOT SEEN", "KEYWORD dormouse"), random);
  }

  /// Whether to name messages by UID: who may hear of EXPUNGE at any time cannot use numbers.
  private boolean byUid(Random random) {
    return random.nextBoolean() || client.notifying() == Notify.SELECTED;
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

  private Set<String> flags(Random random) {
    var flags = new TreeSet<String>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      flags.add(any(FLAGS, random));
    }
    return flags;
  }

  private boolean has(Quirk quirk) {
    return traits.has(quirk);
  }

  /// One of them.
  static <T> T any(List<T> of, Random random) {
    return of.get(random.nextInt(of.size()));
  }
}
