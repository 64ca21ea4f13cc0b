package dormouse.feed;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An event as Cyrus hands it to `notify_external`, in JSON (RFC 5423).
/// ```json
/// {"event":"MessageAppend","uri":"imap://mx1/user/ann;UIDVALIDITY=1795343010/;UID=1","user":"ann","modseq":2}
/// ```
/// Read off Cyrus 3.6.1. `user` is who did it, and may be empty: whose mailbox it is stands in the URI (RFC 5092), in the
/// server's own form of its name, `user/ann/Work@example.org`, or with dots where `unixhierarchysep` is off. How the owner
/// sees it is not known (`altnamespace`), so that any but INBOX counts as any.
final class CyrusEvent {
  /// Each change is told once more by an event of its own kind.
  private static final Set<String> TOLD_TWICE = Set.of("MailboxModseq");

  private CyrusEvent() {}

  static Heard parse(byte[] json) {
    Map<String, String> said = JsonStrings.of(json);
    if (said == null) {
      return new Heard.Malformed("wanted one JSON object");
    }
    String uri = said.get("uri");
    if (uri == null || said.get("event") == null) {
      return new Heard.Malformed("wanted event and uri");
    }
    if (TOLD_TWICE.contains(said.get("event"))) {
      return new Heard.Nothing();
    }
    String mailbox = mailbox(uri);
    return mailbox == null ? new Heard.Nothing() : ofOwner(mailbox);
  }

  /// The mailbox of `imap://[user@]host/mailbox[;UIDVALIDITY=…][/;UID=…]`; null if there is none.
  private static @Nullable String mailbox(String uri) {
    int host = uri.startsWith("imap://") ? "imap://".length() : -1;
    int path = host < 0 ? -1 : uri.indexOf('/', host);
    if (path < 0) {
      return null;
    }
    int end = uri.indexOf(';', path);
    String encoded = uri.substring(path + 1, end < 0 ? uri.length() : end);
    return decoded(encoded.endsWith("/") ? encoded.substring(0, encoded.length() - 1) : encoded);
  }

  private static Heard ofOwner(String mailbox) {
    if (!mailbox.startsWith("user/") && !mailbox.startsWith("user.")) {
      return new Heard.Nothing(); // shared by all
    }
    char separator = mailbox.charAt(4);
    int domain = mailbox.lastIndexOf('@');
    String name = mailbox.substring(5, domain < 0 ? mailbox.length() : domain);
    int below = name.indexOf(separator);
    String local = below < 0 ? name : name.substring(0, below);
    if (local.isEmpty()) {
      return new Heard.Malformed("wanted an owner in uri");
    }
    String owner = separator == '.' ? local.replace('^', '.') : local;
    return new Heard.Changed(
        domain < 0 ? owner : owner + mailbox.substring(domain), below < 0 ? "INBOX" : null);
  }

  /// With each `%2F` as what it stands for, in UTF-8.
  private static String decoded(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] raw = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < raw.length; i++) {
      int high = raw[i] == '%' && i + 2 < raw.length ? Character.digit(raw[i + 1], 16) : -1;
      int low = high < 0 ? -1 : Character.digit(raw[i + 2], 16);
      bytes.write(low < 0 ? raw[i] : high << 4 | low);
      i += low < 0 ? 0 : 2;
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
