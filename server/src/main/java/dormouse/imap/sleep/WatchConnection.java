package dormouse.imap.sleep;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.MailboxView;
import dormouse.ops.EventLog;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// One connection of a watch: reads the mailbox for all who sleep there, and waits for the next reading.
/// ```text
/// EXAMINE ──▶ reading ──all told──▶ idling ──a word from the backend, a look──▶ reading
///                └─────feeds──────▶ lingering ─────────────a look─────────────▶ reading
/// ```
/// Lives on the user's event loop.
final class WatchConnection {
  /// The watch.
  interface Host {
    /// Whether changes are told without a connection of this watch.
    boolean told();

    /// What a reading has found is what is there.
    ///
    /// @param result as metrics say it
    void proven(String result, Proof begun);

    /// The sleepers are about to be told what was read.
    ///
    /// @param byItself whether the backend told of a change before it was asked
    void changed(boolean byItself);

    /// All is told: the connection lingers until it is let go, or told to [#idle].
    void rests();

    /// The backend tells of a change while it idles.
    void stirred();

    /// What was found cannot be right, for those whom it concerns.
    void doubted(Refusal refusal, Predicate<Sleeper> whom);

    /// The connection has ended.
    void lost();
  }

  private enum State {
    READING,
    IDLING,
    /// At rest, in case that more changes.
    LINGERING
  }

  private static final EventLog LOG = EventLog.of(WatchConnection.class);

  private final Host host;
  private final UserMailboxes home;
  private final String mailbox;
  private final Sleepers sleepers;
  private final BackendConnection connection;
  private final MailboxReader reader;
  private State state = State.READING;
  private boolean again; // another reading is due behind the one that is under way
  private boolean stirred; // the backend told of a change that has not been read
  private boolean ending; // DONE was said, or the backend ended the IDLE
  private boolean over; // it was lost, left or lent: what it still says is of no use

  /// @param mailbox as [MailboxReader] takes it
  WatchConnection(
      Host host,
      UserMailboxes home,
      String mailbox,
      Sleepers sleepers,
      BackendConnection connection,
      BackendFeatures features) {
    this.host = host;
    this.home = home;
    this.mailbox = mailbox;
    this.sleepers = sleepers;
    this.connection = connection;
    this.reader =
        new MailboxReader(connection, features, mailbox, home.settings().plainMaxMessages());
  }

  void begin() {
    connection.onClose(this::lost);
    connection.onUnasked(_ -> {});
    if (home.changes().asksForNamespaces(mailbox)) {
      askWhose(this::examine);
    } else {
      examine();
    }
  }

  /// Whose the mailbox is decides whether the feeds tell of it.
  private void askWhose(Runnable then) {
    home.changes()
        .askForNamespaces(
            connection,
            /* utf8= */ false,
            line -> {
              reader.hear(line);
              stirred |= MailboxReader.tellsOfChange(line);
            })
        .thenAccept(reply -> {
          if (!over && !reply.lost()) {
            then.run();
          }
        })
        .exceptionally(this::broke);
  }

  private void examine() {
    Proof begun = home.changes().proof(mailbox);
    List<Sleeper> served = sleepers.reading();
    again = false;
    reader
        .examine()
        .thenAccept(reply -> {
          if (reply.lost() || over) {
            return; // the end of the connection tries again
          }
          if (!reply.ok()) {
            Refusal refusal = Refusal.ofSelect(reply);
            if (refusal == null) {
              giveUp();
              return;
            }
            host.doubted(refusal, _ -> true);
            return;
          }
          Refusal strangeness = Sleepers.strangeness(served, reader);
          if (strangeness != null) {
            host.doubted(strangeness, one -> strangeness.equals(reader.refusal(one.view())));
            return;
          }
          stirred = false;
          boolean expectsNothing = host.told(); // else it would have been told
          tell(served, begun, reader.first(served, expectsNothing));
        })
        .exceptionally(this::broke);
  }

  /// Reads once more, as soon as that can be done.
  void look() {
    switch (state) {
      case READING -> again = true;
      case IDLING -> endIdle();
      case LINGERING -> readAgain();
    }
  }

  private void readAgain() {
    state = State.READING;
    if (home.changes().asksForNamespaces(mailbox)) { // no feed had been heard when it was examined
      askWhose(this::readAgain);
      return;
    }
    Proof begun = home.changes().proof(mailbox);
    List<Sleeper> served = sleepers.reading();
    boolean heard = stirred;
    again = false;
    stirred = false;
    tell(served, begun, reader.next(served, heard));
  }

  private void tell(
      List<Sleeper> served, Proof begun, CompletableFuture<MailboxReader.Reading> reading) {
    reading
        .thenAccept(outcome -> {
          if (over) {
            return;
          }
          switch (outcome) {
            case MailboxReader.Reading.NothingNew _ -> {
              host.proven("nothing-new", begun);
              home.saw(mailbox, reader.view(), begun);
              sleepers.nothingNew(served);
              rest();
            }
            case MailboxReader.Reading.Read read -> {
              host.proven("done", begun);
              if (host.told() && sleepers.surprised(served, reader)) {
                home.changes().feeds().missed();
                home.changes().expectEvent();
              }
              again |= read.unsettled();
              if (!again) {
                home.saw(mailbox, reader.view(), begun);
              }
              host.changed(read.changed());
              sleepers.tell(served, reader, read);
              rest();
            }
            case MailboxReader.Reading.TooLarge _ ->
                host.doubted(Refusal.TOO_LARGE, one -> reader.isTooLargeFor(one.view()));
            case MailboxReader.Reading.Failed _ -> giveUp();
            case MailboxReader.Reading.Lost _ -> {} // the end of the connection tries again
          }
        })
        .exceptionally(this::broke);
  }

  private void rest() {
    if (over) {
      return;
    }
    if (again) {
      sleepers.doubt(); // what was heard while it was read may not be in it
    }
    if (again || sleepers.wantMore(reader)) {
      readAgain();
      return;
    }
    sleepers.settle(reader);
    state = State.LINGERING;
    host.rests();
  }

  /// Waits in IDLE, where the backend has that; else only for the next look.
  void idle() {
    state = State.IDLING;
    ending = false;
    if (!reader.canIdle()) {
      return;
    }
    connection
        .idle(this::hearWhileIdle, () -> {})
        .thenAccept(this::idleEnded)
        .exceptionally(this::broke);
  }

  private void hearWhileIdle(ResponseLine line) {
    if (over) {
      return;
    }
    reader.hear(line);
    if (MailboxReader.tellsOfChange(line)) {
      stirred = true;
      host.stirred();
    }
  }

  private void endIdle() {
    if (ending) {
      return;
    }
    ending = true;
    if (reader.canIdle()) {
      connection.done();
    } else {
      readAgain();
    }
  }

  private void idleEnded(Reply reply) {
    if (over || reply.lost()) {
      return;
    }
    if (!reply.ok()) {
      giveUp();
    } else if (state == State.IDLING) {
      readAgain();
    }
  }

  // ── what it knows ──

  /// Whether the mailbox is being read.
  boolean reads() {
    return state == State.READING;
  }

  boolean lingers() {
    return state == State.LINGERING;
  }

  /// Whether all changes are told while it idles.
  boolean tellsAll() {
    return reader.canIdle() && reader.numbersChanges();
  }

  /// Whether changes that have mod-sequences are told now.
  boolean hears() {
    return idles() && reader.numbersChanges();
  }

  /// Whether it idles at a mailbox that is as the view, as far as the backend has told.
  boolean isAt(MailboxView view) {
    return idles() && !stirred && reader.isRead(view);
  }

  /// Whether it is in IDLE; without that nothing is heard between two looks.
  private boolean idles() {
    return state == State.IDLING && !ending && reader.canIdle();
  }

  /// Whether it idles, or waits for the next look, and nothing was told since the last reading.
  boolean knowsOfNothing() {
    return state == State.IDLING && !stirred;
  }

  // ── its end ──

  /// A bug of ours: it ends this connection, not the watch.
  private @Nullable Void broke(Throwable bug) {
    LOG.error(bug, "watch-failed", "mailbox", mailbox);
    if (!over) {
      giveUp();
    }
    return null;
  }

  private void giveUp() {
    connection.close();
    lost();
  }

  private void lost() {
    if (!over) {
      over = true;
      host.lost();
    }
  }

  /// Leaves the backend if the user is served there no more, also in the middle of a reading.
  void rerouted() {
    if (!home.backend().route().keeps(connection.backend())) {
      connection.leave();
      lost();
    }
  }

  /// Gives the connection up, to whoever may need it next.
  void leave() {
    over = true;
    if (!connection.restful() && !connection.idling()) {
      connection.leave();
      return;
    }
    tellWhatIsOn();
    home.backend().keep(connection, /* selected= */ true, /* afterLogout= */ false);
  }

  /// Gives the connection up to who needs it now; null if it does not do for that, or must stay.
  @Nullable BackendConnection spare(Predicate<BackendConnection> does) {
    if (state != State.LINGERING
        || !does.test(connection)
        || !connection.restful()
        || !home.backend().mayKeep(connection, /* selected= */ true)) {
      return null;
    }
    over = true;
    tellWhatIsOn();
    home.backend().unselect(connection);
    return connection;
  }

  private void tellWhatIsOn() {
    connection.switchedOn(connection.enabled(), connection.condstore() || reader.condstore());
  }
}
