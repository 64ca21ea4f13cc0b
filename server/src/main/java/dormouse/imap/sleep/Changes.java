package dormouse.imap.sleep;

import dormouse.backend.Backend;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feed;
import dormouse.feed.FeedState;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.ImapString;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.session.Timer;
import io.netty.channel.EventLoop;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// When the mailboxes of a user may have changed, and who would have told of it: the backend's feeds, a connection in NOTIFY, the user's own
/// sessions. What was learned of a mailbox is good for as long as somebody would have told, and nobody has.
///
/// Lives on the user's event loop.
public final class Changes implements BackendFeeds.Listener, OwnWrites.Listener {
  private final UserMailboxes home;
  private final Epochs epochs = new Epochs();
  private BackendFeeds feeds;
  private int turns; // of the feeds, as far as they were heard
  // what many users never need, or not for long, is there when it is asked for
  private @Nullable Namespaces namespaces;
  private @Nullable OwnWrites writes;
  private @Nullable Timer echoes;

  Changes(UserMailboxes home, BackendFeeds feeds) {
    this.home = home;
    this.feeds = feeds;
  }

  /// Whether nothing is under way.
  boolean rests() {
    return !missesTurn() && (writes == null || writes.rests());
  }

  void fold(FoldWriter out) {
    epochs.fold(out);
    out.number(turns);
    Namespaces told = namespaces == null || !namespaces.known() ? null : namespaces;
    out.flag(told != null);
    if (told != null) {
      told.fold(out);
    }
    OwnWrites written = writes == null || writes.isEmpty() ? null : writes;
    out.flag(written != null);
    if (written != null) {
      written.fold(out);
    }
    if (echoes != null && echoes.isWaiting()) {
      out.due(home.wheel().left(echoes));
      echoes.cancel();
    }
  }

  void unfold(FoldReader from) {
    epochs.unfold(from);
    turns = (int) from.number();
    if (from.flag()) {
      namespaces().unfold(from);
    }
    if (from.flag()) {
      writes = new OwnWrites(from, home.wheel(), this);
      forgetEchoes(); // those whose time has come meanwhile
    }
  }

  // ── when ──

  /// What is known of when mailboxes may have changed.
  public Epochs epochs() {
    return epochs;
  }

  /// A proof that begins now.
  Proof proof(String mailbox) {
    return new Proof(epochs.of(mailbox), home.wheel().millis());
  }

  /// The same of what a backend says; if the user is not [UserBackend#isAt] it, what it says is old at once.
  Proof proof(String mailbox, Backend by) {
    return home.backend().isAt(by) ? proof(mailbox) : Proof.STALE;
  }

  /// A mailbox may have changed.
  ///
  /// @param mailbox in modified UTF-7 as an IMAP string; null: any
  void mayHaveChanged(@Nullable String mailbox) {
    epochs.next(mailbox);
    home.stirred(mailbox);
  }

  // ── the feeds ──

  /// Those of the backend.
  public BackendFeeds feeds() {
    return feeds;
  }

  /// Begins to hear them.
  void listen() {
    feeds.subscribe(home.host().user(), home.host().heardBy(this));
    turns = feeds.turns(); // of those that come behind it is told
  }

  /// Hears them no more.
  void leave() {
    feeds.unsubscribe(home.host().user(), home.host().heardBy(this));
  }

  /// Those of another server tell from now on; to be followed by [#turned].
  void listenTo(BackendFeeds others) {
    leave();
    feeds = others;
    namespaces = null; // each server has its own
    listen();
    epochs.next(null); // what they have told meanwhile was not heard
  }

  @Override
  public void changed(Feed by, @Nullable String named) {
    changed(by, named, null);
  }

  @Override
  public void changed(Feed by, @Nullable String named, @Nullable String session) {
    String mailbox = named == null ? null : ImapString.mailboxNamed(named);
    if (writes == null || !writes.isEcho(session, mailbox)) {
      epochs.next(mailbox);
    }
    home.stirred(mailbox);
  }

  @Override
  public EventLoop toldOn() {
    return home.loop();
  }

  /// Whether the feeds have become reliable, or have ceased to be, and [#turned] has not been heard yet.
  public boolean missesTurn() {
    return turns != feeds.turns();
  }

  @Override
  public void turned() {
    turns = feeds.turns();
    home.considerNotify();
    listens();
  }

  /// What tells of changes does so from now on, or no more.
  void listens() {
    epochs.next(null); // what was heard or not until now proves nothing about what comes
    home.feedTurned();
  }

  /// A mailbox of the user was changed just now, for sure: where feeds are said to tell, one must tell of it.
  public void expectEvent() {
    if (feeds.state() == FeedState.UP) {
      Instant now = home.clock().instant();
      home.wheel().after(Feed.WITHIN, () -> feeds.check(now));
    }
  }

  /// How far the feeds tell of a mailbox. A mailbox of somebody else, or of all, changes in other users' names: of it they
  /// tell nothing. As long as a turn is missed they count as down: what is known may be from before a gap.
  ///
  /// @param mailbox as for [Epochs#of]
  public FeedState heard(String mailbox) {
    boolean own = mailbox.equals("INBOX") || (namespaces != null && namespaces.isOwn(mailbox));
    if (!own) {
      return FeedState.UNHEARD;
    }
    if (home.notified()) {
      return FeedState.UP;
    }
    return missesTurn() ? FeedState.DOWN : feeds.state();
  }

  /// Whether feeds tell of every mailbox that the user can see: there are none of others.
  boolean hearsOfAll() {
    return feeds.state() == FeedState.UP
        && !missesTurn()
        && namespaces != null
        && namespaces.areAllOwn();
  }

  // ── whose mailboxes they are ──

  /// What the user's server has said, or will be asked, of whose the mailboxes are. An answer belongs to who was there when it was asked for.
  Namespaces namespaces() {
    Namespaces there = namespaces;
    if (there == null) {
      there = new Namespaces();
      namespaces = there;
    }
    return there;
  }

  /// Whether feeds tell of the user's own mailboxes, and it is not known yet whether this is one.
  public boolean asksForNamespaces() {
    return asksForNamespaces("");
  }

  /// The same of one mailbox.
  public boolean asksForNamespaces(String mailbox) {
    return !mailbox.equals("INBOX")
        && feeds.state() != FeedState.UNHEARD
        && namespaces().isDue(home.clock().millis());
  }

  /// Asks which mailboxes are not the user's own.
  ///
  /// @param utf8 whether names are UTF-8 on the connection ([dormouse.imap.track.ClientFeatures#utf8])
  /// @param others hears what else is said meanwhile
  public CompletableFuture<Reply> askForNamespaces(
      BackendConnection on, boolean utf8, Consumer<ResponseLine> others) {
    Namespaces asked = namespaces(); // of this server, wherever the user is when it answers
    return on.run(
            "NAMESPACE",
            line -> {
              if (!asked.hear(line, utf8)) {
                others.accept(line);
              }
            })
        .thenApply(reply -> {
          if (!reply.lost()) {
            asked.asked(reply, home.clock().millis());
          }
          return reply;
        });
  }

  // ── the user's own sessions ──

  /// What they are just changing.
  public OwnWrites writes() {
    OwnWrites there = writes;
    if (there == null) {
      there = new OwnWrites(home.wheel(), this);
      writes = there;
    }
    return there;
  }

  /// One has finished a command that may have changed a mailbox: whoever sleeps there looks at once, without waiting for the backend to tell.
  ///
  /// @param mailbox as for [Epochs#of]; null if it may be any
  /// @param ok whether the backend said OK; what it refused may be done in part, but is nothing to be told in haste
  @Override
  public void wrote(@Nullable String mailbox, boolean ok) {
    epochs.next(mailbox);
    if (ok) {
      home.stirred(mailbox);
    }
  }

  /// One passes nothing on to the backend any more.
  ///
  /// @param session what the backend calls it
  /// @param allAnswered as for [OwnWrites#left]
  public void left(String session, boolean allAnswered) {
    writes().left(session, allAnswered);
    if (echoes == null || !echoes.isWaiting()) {
      awaitEchoes();
    }
  }

  private void awaitEchoes() {
    echoes = home.wheel().after(OwnWrites.ECHO.plusSeconds(1), this::forgetEchoes);
  }

  private void forgetEchoes() {
    echoes = null;
    writes().forgetOld();
    if (writes().awaitsEchoes()) {
      awaitEchoes();
    } else if (writes().isEmpty()) {
      writes = null;
    }
    home.rests();
  }
}
