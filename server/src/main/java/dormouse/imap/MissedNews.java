package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Reply;
import dormouse.imap.sleep.CatchUp;
import dormouse.imap.track.FetchLine;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.Verb;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.imap.view.ViewDiff;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Flags changed in a client's sleep that cannot be told before its first command, because that is a STORE: a client takes
/// flags told in it for the outcome, so they are told behind it, as they are then.
///
/// Lives on its session's event loop.
final class MissedNews {
  private static final int MAX_SET_CHARS = 4096;

  private final Conversation conversation;
  private @Nullable String flagsCommand; // asks for the flags to tell behind a STORE
  private boolean numbered; // changes have mod-sequences there
  private @Nullable String storeReply;

  MissedNews(Conversation conversation) {
    this.conversation = conversation;
  }

  /// Tells what the client's first command allows, and keeps the rest.
  void wake(CatchUp catchUp, Verb first) {
    if (first.leavesMailbox()) {
      return;
    }
    if (first == Verb.STORE || first == Verb.UID_STORE) {
      conversation.fromBackend(catchUp.linesWithoutFlags());
      oweFlags(catchUp, first == Verb.UID_STORE);
      return;
    }
    conversation.fromBackend(catchUp.linesAndAllBehind());
  }

  /// By number if the client's STORE is, for in that command it must not hear of messages gone.
  private void oweFlags(CatchUp catchUp, boolean byUid) {
    UidSet which = byUid ? catchUp.flagged() : catchUp.flaggedNumbers();
    if (which.isEmpty()) {
      return;
    }
    numbered = catchUp.numbered();
    String set = which.toString();
    flagsCommand =
        (byUid ? "UID FETCH " : "FETCH ")
            + (set.length() > MAX_SET_CHARS ? which.first() + ":" + which.last() : set);
  }

  /// Whether there is nothing left to tell.
  boolean isEmpty() {
    return flagsCommand == null;
  }

  /// Whether flags are to be told behind the STORE that runs.
  boolean owesFlags() {
    return flagsCommand != null;
  }

  /// Keeps the reply to the STORE until the flags are told; returns whether it did.
  boolean keeps(ResponseLine reply) {
    if (flagsCommand == null) {
      return false;
    }
    storeReply = reply.text();
    return true;
  }

  /// Whether the STORE is answered, so that [#tellFlags] is due.
  boolean flagsDue() {
    return storeReply != null;
  }

  /// Asks for the flags owed and tells them; completes with the connection's state.
  ///
  /// @param on not relaying
  CompletableFuture<Reply> tellFlags(BackendConnection on) {
    String command = flagsCommand;
    flagsCommand = null;
    Told form = conversation.features().told();
    return on.run(command + " " + form.flagItems(numbered), line -> tell(line, form));
  }

  private void tell(ResponseLine line, Told form) {
    FetchLine fetch = FetchLine.parse(line);
    if (fetch == null || fetch.uid() == 0 || fetch.flags() == null || fetch.more()) {
      conversation.fromBackend(line);
      return;
    }
    ByteBuf told = Unpooled.buffer(64);
    ViewDiff.writeFetch(told, fetch.seq(), fetch.uid(), fetch.flags(), fetch.modseq(), form);
    conversation.fromBackend(told);
  }

  /// The reply to the STORE, now to be said; null if none is kept.
  @Nullable String takeStoreReply() {
    String reply = storeReply;
    storeReply = null;
    return reply;
  }

  /// Nobody will hear it any more.
  void forget() {
    flagsCommand = null;
    storeReply = null;
  }
}
