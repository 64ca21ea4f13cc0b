package dormouse.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What a mailbox really holds, asked of the server itself. Immutable.
///
/// @param messages in the order of their UIDs
record Truth(List<Message> messages) {
  /// One message.
  ///
  /// @param flags in lower case, without `\recent`
  record Message(long uid, Set<String> flags) {}

  /// Asks over a connection of its own, by EXAMINE, which changes nothing.
  static Truth of(ImapClient direct, String mailbox) {
    int exists = -1;
    for (String response : direct.ok("EXAMINE " + ImapClient.quoted(mailbox))) {
      if (response.endsWith(" EXISTS")) {
        exists = Integer.parseInt(response.split(" ", 3)[1]);
      }
    }
    var messages = new ArrayList<Message>();
    if (exists > 0) {
      for (String response : direct.ok("UID FETCH 1:* (FLAGS)")) {
        var fetch = FetchItems.parse(response);
        var flags = fetch == null ? null : fetch.flags();
        if (fetch != null && flags != null) {
          messages.add(new Message(fetch.uid(), flags));
        }
      }
    }
    if (messages.size() != exists) {
      throw direct.failure("EXISTS " + exists + ", but " + messages.size() + " fetched", null);
    }
    return new Truth(messages);
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    for (int i = 0; i < messages.size(); i++) {
      var message = messages.get(i);
      text.append(i + 1).append(": ").append(message.uid()).append(' ');
      text.append(message.flags()).append('\n');
    }
    return text.toString();
  }
}
