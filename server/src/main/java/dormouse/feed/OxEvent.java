package dormouse.feed;

import java.util.Map;

/// A new message in INBOX as Dovecot's push notification driver `ox` puts it.
/// ```json
/// {"user":"ann","event":"messageNew","folder":"INBOX","imap-uidvalidity":1795341821,"imap-uid":1,"unseen":1}
/// ```
/// The user is whoever the account's METADATA names.
final class OxEvent {
  private OxEvent() {}

  static Heard parse(byte[] json) {
    Map<String, String> said = JsonStrings.of(json);
    if (said == null) {
      return new Heard.Malformed("wanted one JSON object");
    }
    if (!"messageNew".equals(said.get("event"))) {
      return new Heard.Nothing();
    }
    String user = said.get("user");
    return user == null
        ? new Heard.Malformed("wanted user")
        : new Heard.Changed(user, said.get("folder"));
  }
}
