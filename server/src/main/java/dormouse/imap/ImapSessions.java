package dormouse.imap;

import dormouse.imap.backend.ConnectionPool;
import dormouse.listen.EventLoops;
import dormouse.ops.EventLog;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The clients there are, logged in or about to, but for those who rest, who are only counted; and how all end by our word: those of one user who is sent away, or everybody when
/// Dormouse stops.
///
/// Any thread, but for what says otherwise; a session tells of itself on its loop.
public final class ImapSessions {
  private static final EventLog LOG = EventLog.of(ImapSessions.class);

  private final ImapUsers users;
  private final EventLoops loops;
  private final Parkings parkings;
  private final InstantSource clock;
  private final Set<ImapSession> sessions = ConcurrentHashMap.newKeySet();
  private final LongAdder resting = new LongAdder(); // sessions that are not among those
  private volatile @Nullable Drain draining;
  private final Dialogues dialogues = new Dialogues(this::goDown, this::oneLess);

  /// @param users whose sessions they are
  ImapSessions(ImapUsers users, EventLoops loops, Parkings parkings, InstantSource clock) {
    this.users = users;
    this.loops = loops;
    this.parkings = parkings;
    this.clock = clock;
  }

  /// The clients who are about to log in.
  public Dialogues dialogues() {
    return dialogues;
  }

  /// How many clients are logged in.
  public int size() {
    return sessions.size() + resting.intValue();
  }

  private int left() {
    return dialogues.size() + size();
  }

  /// Whether Dormouse is going down.
  boolean goDown() {
    return draining != null;
  }

  /// Whether it is, and nobody is waited for any more who is not done.
  boolean areNearlyOver() {
    Drain stop = draining;
    return stop != null && stop.isNearlyOver();
  }

  // ── they come and go ──

  void begun(ImapSession session) {
    sessions.add(session);
  }

  /// A session rests; it is made again when it does not any more.
  void rests(ImapSession session) {
    resting.increment();
    sessions.remove(session);
    session.home().rests();
  }

  /// A session that rested was made again; returns whether Dormouse is going down.
  boolean resumed(ImapSession session) {
    sessions.add(session);
    resting.decrement();
    return goDown();
  }

  /// A session has no connection any more; may be told more than once.
  void ended(ImapSession session) {
    sessions.remove(session);
    oneLess();
  }

  private void oneLess() {
    Drain waiting = draining;
    if (waiting != null && left() == 0) {
      waiting.over();
    }
  }

  // ── they are ended ──

  /// Sends a user's clients away, and lets go of the connections that are kept of the user. Not from a loop: waits until that is done.
  ///
  /// @param user by the user's one name, as in the log
  /// @return how many clients there were
  public int kick(String user) {
    EventLoop loop = loops.loopOf(user);
    int count =
        loop.submit(
                () -> {
                  FoldedUsers folded = users.foldedOf(loop);
                  if (folded != null) {
                    folded.unfold(user);
                  }
                  resting(loop)
                      .filter(one -> one.setting.user().equals(user))
                      .forEach(RestingSession::session);
                  List<ImapSession> theirs =
                      sessions.stream().filter(one -> one.isOf(user)).toList();
                  theirs.forEach(ImapSession::kick);
                  users.poolOf(loop).kicked(user);
                  return theirs.size();
                })
            .syncUninterruptibly()
            .getNow();
    LOG.info("kick", "user", user, "sessions", count);
    return count;
  }

  /// Says goodbye to every client, as soon as it is done with what it is in, and waits until they are gone. Not from a loop.
  ///
  /// @param within how long all that may take; who is not done shortly before its end is not waited for
  public void shutDown(Duration within) {
    Drain drain = new Drain(within, clock);
    draining = drain;
    loops
        .all()
        .forEach(loop ->
            loop.execute(
                () -> drain.of(loops.wheel(loop), () -> shutDown(loop), () -> shutDownNow(loop))));
    try {
      if (left() > 0 && !drain.await()) {
        LOG.warn("drain", "left", left());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void shutDown(EventLoop loop) {
    Drain.each(Stream.of(users.poolOf(loop)), ConnectionPool::close);
    Drain.each(resting(loop), RestingSession::session);
    Drain.each(of(loop), ImapSession::shutDown);
    Drain.each(dialogues.of(loop), ImapDialogue::shutDown);
    FoldedUsers folded = users.foldedOf(loop);
    if (folded != null) { // together they are many
      folded.unfoldAll(/* inTurns= */ true, ImapSessions::shutDown);
    }
  }

  private void shutDownNow(EventLoop loop) {
    Drain.each(of(loop), ImapSession::shutDownNow);
    Drain.each(dialogues.of(loop), ImapDialogue::shutDownNow);
    FoldedUsers folded = users.foldedOf(loop);
    if (folded != null) {
      folded.unfoldAll(/* inTurns= */ false, ImapSessions::shutDown);
    }
  }

  private static void shutDown(FoldedUsers.Unfolded one) {
    Drain.each(one.sessions().stream(), resting -> resting.session().shutDown());
  }

  /// The sessions of a loop that do not rest.
  private Stream<ImapSession> of(EventLoop loop) {
    return sessions.stream().filter(session -> session.loop().equals(loop));
  }

  /// The sessions that rest on the loop, on which this is called, of those who are not folded.
  private Stream<RestingSession> resting(EventLoop loop) {
    Parking parking = parkings.of(loop);
    return parking == null
        ? Stream.of()
        : parking.owners().stream()
            .filter(RestingSession.class::isInstance)
            .map(RestingSession.class::cast);
  }
}
