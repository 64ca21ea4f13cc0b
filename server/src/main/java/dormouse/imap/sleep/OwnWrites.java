package dormouse.imap.sleep;

import dormouse.imap.track.Command;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.session.TimerWheel;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The commands of a user's sessions that may change mailboxes and have no tagged reply yet. While one runs, nothing that
/// was learned of its mailboxes is said to anybody; what was learned before its reply is old behind it. So no client is
/// told less than it was told to have done.
///
/// Lives on the user's event loop.
public final class OwnWrites {
  /// Hears of each mailbox when a command that may have changed it has ended.
  interface Listener {
    /// @param mailbox null if it may be any
    /// @param ok whether the backend said OK
    void wrote(@Nullable String mailbox, boolean ok);
  }

  private final Listener listener;

  /// How long an echo may be late.
  static final Duration ECHO = Duration.ofSeconds(10);

  private static final int MANY = 100;
  private static final long STAYS = Long.MAX_VALUE;

  // what is empty is no collection of its own: there are as many of these as users
  private Set<OwnWrite> underWay = Set.of();
  private Map<String, Long> sessions = Map.of(); // until when, as the wheel counts
  private Map<String, Long> written = Map.of(); // mailboxes, until when they echo
  private @Nullable Epochs named; // of keywords; there once there is one
  private final TimerWheel wheel;

  OwnWrites(TimerWheel wheel, Listener listener) {
    this.wheel = wheel;
    this.listener = listener;
  }

  /// What was [#fold]ed.
  OwnWrites(FoldReader in, TimerWheel wheel, Listener listener) {
    this(wheel, listener);
    for (long left = in.number(); left > 0; left--) {
      note(in.text(), in.flag() ? STAYS : in.number());
    }
    for (long left = in.number(); left > 0; left--) {
      noteWritten(in.text(), in.number());
    }
    if (in.flag()) {
      named = new Epochs();
      named.unfold(in);
    }
  }

  /// Whether no command runs: then it can be [#fold]ed.
  boolean rests() {
    return underWay.isEmpty();
  }

  void fold(FoldWriter out) {
    out.number(sessions.size());
    sessions.forEach((session, untilMillis) -> {
      out.text(session);
      out.flag(untilMillis == STAYS);
      if (untilMillis != STAYS) {
        out.number(untilMillis);
      }
    });
    out.number(written.size());
    written.forEach((mailbox, untilMillis) -> {
      out.text(mailbox);
      out.number(untilMillis);
    });
    out.flag(named != null);
    if (named != null) {
      named.fold(out);
    }
  }

  /// A command begins to go to the backend; null if it changes nothing.
  ///
  /// @param here the mailbox that is selected when it runs; null if that is not known
  public @Nullable OwnWrite begun(Verb verb, @Nullable SelectedMailbox here) {
    if (!verb.writes()) {
      return null;
    }
    Set<String> touched = OwnWrite.touchedBy(verb, here);
    if (touched != null && touched.isEmpty()) {
      return null;
    }
    OwnWrite write = new OwnWrite(verb, touched);
    if (underWay.isEmpty()) {
      underWay = new HashSet<>(4);
    }
    underWay.add(write);
    return write;
  }

  /// What the command changes is known: all of it has gone, or as much of an APPEND as names its mailbox.
  ///
  /// @param utf8 whether its names are UTF-8
  public void known(OwnWrite write, Command command, boolean utf8, @Nullable SelectedMailbox here) {
    write.narrowTo(OwnWrite.touchedBy(command, utf8, here));
  }

  /// The command has its reply, which is not passed on yet; or there will be none.
  public void ended(OwnWrite write, boolean ok) {
    if (underWay.contains(write)) {
      underWay.remove(write);
      if (underWay.isEmpty()) {
        underWay = Set.of();
      }
    }
    Set<String> touched = write.mailboxes();
    if (write.names()) {
      noteNames(touched);
    }
    if (touched == null) {
      listener.wrote(null, ok);
    } else {
      touched.forEach(mailbox -> ended(mailbox, ok));
    }
  }

  private void noteNames(@Nullable Set<String> touched) {
    Epochs ofNames = named;
    if (ofNames == null) {
      ofNames = new Epochs();
      named = ofNames;
    }
    if (touched == null) {
      ofNames.next(null);
    } else {
      touched.forEach(ofNames::next);
    }
  }

  /// When one of the user's sessions may last have made a keyword in a mailbox; as [Epochs#of].
  long named(String mailbox) {
    return named == null ? 0 : named.of(mailbox);
  }

  private void ended(String mailbox, boolean ok) {
    listener.wrote(mailbox, ok);
    noteWritten(mailbox, echoesUntil());
  }

  private long echoesUntil() {
    return wheel.millis() + ECHO.toMillis();
  }

  private void noteWritten(String mailbox, long untilMillis) {
    if (written.isEmpty() || written.size() >= MANY) {
      written = new HashMap<>(4);
    }
    written.put(mailbox, untilMillis);
  }

  /// A session of the user begins to pass commands on to the backend.
  ///
  /// @param session what the backend calls it; "" if it has no name there that we know
  public void joined(String session) {
    forgetOld();
    note(session, STAYS);
  }

  /// It does not any more.
  ///
  /// @param allAnswered whether all that it has passed on has been answered, so that nothing can happen behind it
  public void left(String session, boolean allAnswered) {
    if (allAnswered) {
      note(session, echoesUntil());
    } else if (sessions.containsKey(session)) {
      sessions.remove(session);
    }
  }

  private void note(String session, long untilMillis) {
    if (sessions.isEmpty()) {
      sessions = new HashMap<>(4);
    }
    sessions.put(session, untilMillis);
  }

  /// Forgets sessions of which no echo comes any more.
  void forgetOld() {
    if (!sessions.isEmpty()) {
      sessions.values().removeIf(untilMillis -> untilMillis < wheel.millis());
    }
    if (sessions.isEmpty()) {
      sessions = Map.of();
      written = Map.of(); // an echo would be of one of them
    }
  }

  /// Whether an echo may come of a session that has left.
  boolean awaitsEchoes() {
    return sessions.values().stream().anyMatch(untilMillis -> untilMillis < STAYS);
  }

  /// Whether there is nothing to know here: who asks next may have another that is new.
  boolean isEmpty() {
    return underWay.isEmpty() && sessions.isEmpty() && named == null;
  }

  /// Whether a change of which a feed tells is one that is known, or about to be, by a reply to the session that made it: the
  /// feed says it once more. What a session did whose reply was never seen is not.
  ///
  /// @param mailbox null: it may be any
  boolean isEcho(@Nullable String session, @Nullable String mailbox) {
    if (session == null || session.isEmpty()) {
      return false;
    }
    return isDue(sessions.get(session))
        && (mailbox == null || mayChange(mailbox) || isDue(written.get(Epochs.key(mailbox))));
  }

  private boolean isDue(@Nullable Long untilMillis) {
    return untilMillis != null && untilMillis >= wheel.millis();
  }

  /// Whether a command runs that may change something.
  boolean mayChangeAny() {
    return !underWay.isEmpty();
  }

  /// Whether a command runs that may change the mailbox.
  ///
  /// @param mailbox as for [Epochs#of]
  boolean mayChange(String mailbox) {
    return !underWay.isEmpty() && underWay.stream().anyMatch(write -> write.mayChange(mailbox));
  }
}
