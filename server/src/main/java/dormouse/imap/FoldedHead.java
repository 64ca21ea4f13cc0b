package dormouse.imap;

import dormouse.config.HibernateSettings;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is at hand of a folded user, to say its keep-alives and find its sockets; behind the name it is found by.
/// ```text
/// 0 when keep-alives were looked after last, ms of the wheel   6 until when nothing but keep-alives is due, ms of the wheel
/// 12 for each session: 0 its slot   4 when its client was told something last, ms   10 its beat   14 whether it is in IDLE
/// ```
/// What the wheel counts goes on where the clock is set back, whose time keep-alives go by.
final class FoldedHead {
  static final int MOST_SESSIONS = 255;

  private static final int MILLIS_BYTES = 6;
  private static final int AT_UNTIL = MILLIS_BYTES;
  private static final int AT_SESSIONS = 2 * MILLIS_BYTES;
  private static final int AT_SPOKEN = Integer.BYTES;
  private static final int AT_BEAT = AT_SPOKEN + MILLIS_BYTES;
  private static final int AT_IDLES = AT_BEAT + Integer.BYTES;
  private static final int SESSION_BYTES = AT_IDLES + 1;

  private final byte[] bytes;
  private final int at;
  private final int sessions;

  /// @param bytes of the record, from its first
  /// @param at where in it this begins
  /// @param sessions how many there are
  FoldedHead(byte[] bytes, int at, int sessions) {
    this.bytes = bytes;
    this.at = at;
    this.sessions = sessions;
  }

  static int size(int sessions) {
    return AT_SESSIONS + sessions * SESSION_BYTES;
  }

  /// Of the record, from its first to the end of this at least.
  byte[] bytes() {
    return bytes;
  }

  int at() {
    return at;
  }

  int sessions() {
    return sessions;
  }

  /// Where what follows it begins.
  int end() {
    return at + size(sessions);
  }

  void session(int i, RestingSession session, OwnFacts facts, String user) {
    ByteBuffer.wrap(bytes).putInt(of(i), session.slot());
    spoken(i, session.spoken());
    ByteBuffer.wrap(bytes).putInt(of(i) + AT_BEAT, facts.beat(user));
    bytes[of(i) + AT_IDLES] = (byte) (facts.idleTag() == null ? 0 : 1);
  }

  /// As the wheel counts.
  long lookedAfterMillis() {
    return millis(at);
  }

  void lookedAfterMillis(long nowMillis) {
    put(at, nowMillis);
  }

  /// As the wheel counts.
  long untilMillis() {
    return millis(at + AT_UNTIL);
  }

  void untilMillis(long endMillis) {
    put(at + AT_UNTIL, endMillis);
  }

  int slot(int session) {
    return ByteBuffer.wrap(bytes).getInt(of(session));
  }

  Instant spoken(int session) {
    return Instant.ofEpochMilli(millis(of(session) + AT_SPOKEN));
  }

  void spoken(int session, Instant now) {
    put(of(session) + AT_SPOKEN, now.toEpochMilli());
  }

  /// Whether the client is in IDLE.
  boolean idles(int session) {
    return bytes[of(session) + AT_IDLES] != 0;
  }

  /// Null if the client is in no IDLE, or is told nothing there.
  @Nullable Duration untilBeat(int session, HibernateSettings settings, Instant from) {
    int beat = ByteBuffer.wrap(bytes).getInt(of(session) + AT_BEAT);
    return idles(session) ? KeepAlive.untilNext(settings, from, beat) : null;
  }

  /// How long until there is something to do.
  ///
  /// @param passedMillis as the wheel counts
  Duration next(HibernateSettings settings, Instant now, long passedMillis) {
    Duration next = Duration.ofMillis(untilMillis() - passedMillis);
    for (int i = 0; i < sessions; i++) {
      Duration untilBeat = untilBeat(i, settings, now);
      next = untilBeat != null && untilBeat.compareTo(next) < 0 ? untilBeat : next;
    }
    return next;
  }

  private int of(int session) {
    return at + size(session);
  }

  private long millis(int at) {
    ByteBuffer all = ByteBuffer.wrap(bytes);
    long high = all.getShort(at);
    return high << Integer.SIZE | Integer.toUnsignedLong(all.getInt(at + Short.BYTES));
  }

  private void put(int at, long millis) {
    ByteBuffer.wrap(bytes)
        .putShort(at, (short) (millis >>> Integer.SIZE))
        .putInt(at + Short.BYTES, (int) millis);
  }
}
