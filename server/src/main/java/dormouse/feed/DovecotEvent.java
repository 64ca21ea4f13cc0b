package dormouse.feed;

import java.util.Map;
import java.util.Set;

/// An event `push_notification_finished` as Dovecot's event exporter writes it in JSON; one a transaction, when it is done.
/// ```json
/// {"event":"push_notification_finished","hostname":"mx1",
///  "fields":{"user":"ann","session":"Czfz…","cmd_name":"STORE","mailbox":"INBOX"}}
/// ```
/// Read off Dovecot 2.3.19. Its `mailbox` is not always the one that changed: COPY and MOVE name the selected one instead of
/// their target, RENAME none of the children, and LMTP and doveadm none at all. So it counts only for commands that are
/// known to name theirs.
final class DovecotEvent {
  private static final Set<String> NAME_THEIR_MAILBOX =
      Set.of(
          "APPEND",
          "STORE",
          "UID STORE",
          "EXPUNGE",
          "UID EXPUNGE",
          "FETCH",
          "UID FETCH",
          "CLOSE",
          "CREATE",
          "SUBSCRIBE",
          "UNSUBSCRIBE");

  /// What a client does by these it is told to have done: others change mailboxes by the way.
  private static final Set<String> ASKED_FOR =
      Set.of(
          "APPEND",
          "STORE",
          "UID STORE",
          "EXPUNGE",
          "UID EXPUNGE",
          "FETCH",
          "UID FETCH",
          "CLOSE",
          "COPY",
          "UID COPY",
          "MOVE",
          "UID MOVE");

  private DovecotEvent() {}

  static Heard parse(byte[] json) {
    Map<String, String> said = JsonStrings.of(json);
    if (said == null) {
      return new Heard.Malformed("wanted one JSON object");
    }
    if (!"push_notification_finished".equals(said.get("event"))) {
      return new Heard.Nothing();
    }
    String user = said.get("fields.user");
    if (user == null) {
      return new Heard.Malformed("wanted fields.user");
    }
    String command = said.getOrDefault("fields.cmd_name", "");
    boolean named = NAME_THEIR_MAILBOX.contains(command);
    return new Heard.Changed(
        user,
        named ? said.get("fields.mailbox") : null,
        ASKED_FOR.contains(command) ? said.get("fields.session") : null);
  }
}
