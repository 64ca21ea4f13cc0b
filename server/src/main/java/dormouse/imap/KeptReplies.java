package dormouse.imap;

import dormouse.imap.sleep.ListQuery;
import dormouse.imap.sleep.Proof;
import dormouse.imap.sleep.StatusCache;
import dormouse.imap.sleep.StatusOutcome;
import dormouse.imap.sleep.StatusQuery;
import dormouse.imap.sleep.StatusRefresh;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.Command;
import dormouse.imap.track.CommandTracker.Decision;
import dormouse.imap.track.Verb;
import dormouse.imap.view.Told;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The replies to STATUS, LIST and LSUB that an attached client hears without its backend: they are kept
/// ([dormouse.imap.sleep.Answers]), and good. Other commands go to the backend, and what it says to these is kept.
///
/// Lives on its session's event loop.
final class KeptReplies {
  private final BackendSide side;
  private final UserMailboxes home;
  private final Conversation conversation;
  private final Runnable again;
  private StatusCache.@Nullable Answer status; // for the STATUS that is to be answered
  private @Nullable Proof refreshed; // for the STATUS that is looked at, since then
  private @Nullable List<String> list; // for the LIST that is to be answered

  /// @param again looks at the client's command again
  KeptReplies(BackendSide side, UserMailboxes home, Conversation conversation, Runnable again) {
    this.side = side;
    this.home = home;
    this.conversation = conversation;
    this.again = again;
  }

  /// Whether replies to such commands are kept.
  static boolean areOf(Verb verb) {
    return verb == Verb.STATUS || ListQuery.isOne(verb);
  }

  Decision decide(String tag, Verb verb, String arguments) {
    return verb == Verb.STATUS ? decideStatus(tag, arguments) : decideList(tag, verb, arguments);
  }

  /// LIST and LSUB are answered from what is kept, in their turn; else they go to the backend, and what it says is kept if
  /// nothing else is under way. NAMESPACE is asked anew at each login.
  private Decision decideList(String tag, Verb verb, String arguments) {
    ListQuery query = conversation.listToKeep(verb, arguments);
    if (query == null || !side.free() || !side.isHome()) {
      return side.forward(tag, verb, null);
    }
    if (verb != Verb.NAMESPACE) {
      if (home.changes().asksForNamespaces()) {
        return learnNamespaces();
      }
      list = home.answers().lists().find(query, tag, conversation.selected());
      if (list != null) {
        return Decision.ANSWER;
      }
    }
    return side.forwardList(tag, verb, home.answers().lists().ask(query));
  }

  /// STATUS is answered from what is kept, or with what another session hears that has just asked the same; a client that
  /// only polls is quiet. Else it goes to the backend.
  private Decision decideStatus(String tag, String arguments) {
    StatusCache cache = home.answers().statuses();
    StatusQuery query = cache.query(arguments, conversation.features());
    if (query == null
        || conversation.notified()
        || conversation.isSelected(query)
        || !side.isHome()) {
      home.metrics().status(StatusOutcome.NOT_KEPT.label());
      return side.forward(tag, Verb.STATUS, null);
    }
    if (home.changes().asksForNamespaces(query.mailbox()) && side.free()) {
      return learnNamespaces();
    }
    StatusCache.Answer found = conversation.mayAnswer(query) ? find(cache, query) : null;
    if (found != null && side.free()) {
      status = found;
      return Decision.ANSWER;
    }
    if (found != null || cache.await(query, again)) {
      return Decision.WAIT;
    }
    boolean modSeqs = conversation.features().told() != Told.PLAIN;
    if (side.free()
        && canRefresh()
        && StatusRefresh.isDue(cache, query, modSeqs, conversation.selected())) {
      refreshed = cache.proof(query.mailbox());
      return refresh(cache, modSeqs);
    }
    home.metrics().status(cache.whyNot(query).label());
    return side.forward(tag, Verb.STATUS, cache.ask(query));
  }

  private StatusCache.@Nullable Answer find(StatusCache cache, StatusQuery query) {
    return refreshed == null ? cache.find(query) : cache.find(query, refreshed);
  }

  /// The command that was looked at has been answered or passed on: what was asked for it is no proof for the next.
  void passed() {
    refreshed = null;
  }

  private boolean canRefresh() {
    return refreshed == null && side.features().listStatus() && !conversation.features().utf8();
  }

  /// Asks once, in the client's name, which mailboxes are not its own, so that feeds do not tell of them.
  private Decision learnNamespaces() {
    boolean utf8 = conversation.features().utf8();
    side.ask(on -> home.changes().askForNamespaces(on, utf8, conversation::fromBackend));
    return Decision.WAIT;
  }

  /// Asks at once for all that may have changed.
  private Decision refresh(StatusCache cache, boolean modSeqs) {
    side.ask(on ->
        StatusRefresh.run(on, cache, modSeqs, conversation.selected(), conversation::fromBackend));
    return Decision.WAIT;
  }

  /// What the client hears, one behind the other, whose command was to be answered; null if this one was not.
  @Nullable List<String> take(Command command) {
    return switch (command.verb()) {
      case LIST, LSUB -> takeList(command.verb());
      case STATUS -> takeStatus(command.tag());
      default -> null;
    };
  }

  private @Nullable List<String> takeList(Verb verb) {
    List<String> lines = list;
    list = null;
    if (lines != null) {
      home.metrics().answeredLocally(verb.name());
    }
    return lines;
  }

  private @Nullable List<String> takeStatus(String tag) {
    StatusCache.Answer answer = status;
    status = null;
    if (answer == null) {
      return null;
    }
    passed();
    home.metrics().status(StatusOutcome.CACHED.label());
    home.metrics().answeredLocally(Verb.STATUS.name());
    return List.of(answer.text(tag));
  }
}
