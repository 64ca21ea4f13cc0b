package dormouse.imap;

import dormouse.imap.sleep.Sleeper;
import dormouse.imap.sleep.StayReason;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a client wants to be told without asking (NOTIFY, RFC 5465). Immutable.
///
/// A sleeper can be told of all that happens in its mailbox. What it wants to hear of other mailboxes, what it wants to see
/// of new messages, and that it wants to hear less than an ordinary client: for these it needs its backend.
///
/// @param command says so to a new backend; "" if nothing is wanted
/// @param hears what a sleeper hears outside IDLE
/// @param reason why the client cannot sleep, or null
record NotifySet(String command, Sleeper.Hears hears, @Nullable StayReason reason) {
  static final NotifySet NONE = new NotifySet("", Sleeper.Hears.NOTHING, null);

  private static final Pattern SELECTED =
      Pattern.compile("SET(?: STATUS)? (\\((SELECTED|SELECTED-DELAYED) \\(([^()]*)\\)\\))");
  private static final Pattern OTHER_MAILBOXES =
      Pattern.compile("\\((PERSONAL|INBOXES|SUBSCRIBED|SUBTREE|MAILBOXES)\\b");
  private static final Set<String> ALL_EVENTS =
      Set.of("MESSAGENEW", "MESSAGEEXPUNGE", "FLAGCHANGE");

  /// @param arguments of a NOTIFY that the backend has accepted
  static NotifySet parse(String arguments) {
    String text = arguments.trim().toUpperCase(Locale.ROOT);
    if (text.equals("NONE")) {
      return NONE;
    }
    Matcher selected = SELECTED.matcher(text);
    if (selected.matches() && events(selected.group(3)).equals(ALL_EVENTS)) {
      boolean delayed = selected.group(2).equals("SELECTED-DELAYED");
      return new NotifySet(
          "NOTIFY SET " + selected.group(1),
          delayed ? Sleeper.Hears.ALL_BUT_GONE : Sleeper.Hears.ALL,
          null);
    }
    return new NotifySet("", Sleeper.Hears.NOTHING, why(text));
  }

  private static Set<String> events(String list) {
    return new HashSet<>(List.of(list.trim().split(" +"))); // twice is once
  }

  private static StayReason why(String text) {
    if (OTHER_MAILBOXES.matcher(text).find()) {
      return StayReason.NOTIFY_MAILBOXES;
    }
    return text.contains("MESSAGENEW (") ? StayReason.NOTIFY_FETCH : StayReason.NOTIFY_EVENTS;
  }
}
