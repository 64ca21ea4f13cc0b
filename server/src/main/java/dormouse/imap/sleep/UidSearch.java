package dormouse.imap.sleep;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.UidSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A UID SEARCH of our own, with or without RETURN (RFC 4731).
///
/// Used once, on the user's event loop.
final class UidSearch {
  private final Consumer<ResponseLine> untagged;
  private @Nullable UidSet found = UidSet.EMPTY;

  /// @param untagged hears every untagged response but the answer
  UidSearch(Consumer<ResponseLine> untagged) {
    this.untagged = untagged;
  }

  /// @return NO also for an answer that cannot be read
  CompletableFuture<Reply> run(BackendConnection connection, String command) {
    return connection
        .run(command, this::hear)
        .thenApply(reply -> reply.ok() && found == null ? new Reply(Reply.Status.NO, null) : reply);
  }

  private void hear(ResponseLine line) {
    if (!isAnswer(line)) {
      untagged.accept(line);
      return;
    }
    found = uids(line);
  }

  /// The UIDs found; none before the reply.
  UidSet found() {
    return found == null ? UidSet.EMPTY : found;
  }

  static boolean isAnswer(ResponseLine line) {
    return line.kind() == Kind.ESEARCH || line.kind() == Kind.SEARCH;
  }

  /// The UIDs in an answer; null if they cannot be read.
  static @Nullable UidSet uids(ResponseLine answer) {
    return answer.kind() == Kind.ESEARCH
        ? all(answer.data())
        : UidSet.parseList(answer.data().trim());
  }

  /// The set in `(TAG "zz1") UID ALL 1:5`; no ALL means that nothing was found (RFC 4731 §3.1).
  private static @Nullable UidSet all(String data) {
    int tagEnd = data.startsWith("(") ? data.indexOf(')') + 1 : 0;
    String[] words = data.substring(tagEnd).trim().split(" +");
    for (int i = 0; i < words.length - 1; i++) {
      if (words[i].equalsIgnoreCase("ALL")) {
        return UidSet.parse(words[i + 1]);
      }
    }
    return UidSet.EMPTY;
  }
}
