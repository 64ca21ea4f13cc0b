package dormouse.config;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.time.Duration;

/// When sessions hibernate, what is kept of them, and how they are kept true while they sleep.
///
/// @param enabled whether any session hibernates
/// @param after silence, both ways, before a session in IDLE or with nothing selected hibernates; 0s: at every quiet
///     point; at most 24h
/// @param quietAfter the same with a mailbox selected and no command running; 0s to 24h
/// @param proofMax how old the proof that nothing has changed may be for a command to be answered without a backend;
///     10ms to 24h
/// @param wakeTimeout how long a waking client may wait for a backend before BYE; 10ms to 10m
/// @param sweep between two looks at a sleeping mailbox of which nothing was heard; 10ms to 24h
/// @param poll the same for backends that may keep changes to themselves: without IDLE or without CONDSTORE; 10ms to 24h
/// @param keepAlive between two `* OK Still here` to a sleeping client in IDLE; 0s: none; at most 29m (RFC 2177)
/// @param syncLinger how long a connection that looked after sleepers is kept for the next look; at most 30m
/// @param uidSetMaxBytes the largest packed UID set kept of a mailbox; its sessions stay attached beyond; 64 to 16MiB
/// @param plainMaxMessages the largest mailbox whose sessions hibernate on a backend without CONDSTORE, where a look
///     fetches the flags of every message; who sleeps in a larger one that has lost its mod-sequences hears BYE; 0 to 10000000
/// @param keptPerSessionBytes what may be kept of one session's mailbox; it stays attached beyond; 256 to 1GiB
/// @param keptPerUserBytes what may be kept of all sessions of one user; one more stays attached beyond; 256 to 1GiB
/// @param keptHeapPercent how much of the heap may hold what is kept of all sessions; one more with a mailbox selected stays
///     attached beyond; 0 to 90
/// @param askAgainEvery how old what the directory has said of a user may be when a sleeping session of it needs a backend; 0s: it
///     is asked each time; at most 30 days
/// @param keepPassword whether the password is kept, sealed in memory, to log in again at wake; without it sessions
///     stay attached
public record HibernateSettings(
    boolean enabled,
    Duration after,
    Duration quietAfter,
    Duration proofMax,
    Duration wakeTimeout,
    Duration sweep,
    Duration poll,
    Duration keepAlive,
    Duration syncLinger,
    int uidSetMaxBytes,
    int plainMaxMessages,
    int keptPerSessionBytes,
    int keptPerUserBytes,
    int keptHeapPercent,
    Duration askAgainEvery,
    boolean keepPassword) {
  public static final HibernateSettings DEFAULT =
      new HibernateSettings(
          true,
          ofSeconds(15),
          ofSeconds(60),
          ofMinutes(10),
          ofSeconds(10),
          ofMinutes(10),
          ofSeconds(60),
          ofSeconds(120),
          ofSeconds(30),
          64 * 1024,
          20_000,
          256 * 1024,
          4 * 1024 * 1024,
          50,
          ofHours(1),
          true);

  public HibernateSettings {
    new Checks()
        .between("after", after, ZERO, ofHours(24))
        .between("quiet-after", quietAfter, ZERO, ofHours(24))
        .between("proof-max", proofMax, ofMillis(10), ofHours(24))
        .between("wake-timeout", wakeTimeout, ofMillis(10), ofMinutes(10))
        .between("sweep", sweep, ofMillis(10), ofHours(24))
        .between("poll", poll, ofMillis(10), ofHours(24))
        .between("keep-alive", keepAlive, ZERO, ofMinutes(29))
        .between("sync-linger", syncLinger, ZERO, ofMinutes(30))
        .bytesBetween("uid-set-max-bytes", uidSetMaxBytes, 64, 16 * 1024 * 1024)
        .between("plain-max-messages", plainMaxMessages, 0, 10_000_000)
        .bytesBetween("kept-per-session-bytes", keptPerSessionBytes, 256, 1 << 30)
        .bytesBetween("kept-per-user-bytes", keptPerUserBytes, 256, 1 << 30)
        .between("kept-heap-percent", keptHeapPercent, 0, 90)
        .between("ask-again-every", askAgainEvery, ZERO, ofHours(720))
        .done();
  }

  /// The same, but for the silence before a session hibernates.
  public HibernateSettings withAfter(Duration quiet) {
    return Derived.from(this, "after", quiet);
  }

  /// The same, but for the silence before a session with a mailbox selected and no command running hibernates.
  public HibernateSettings withQuietAfter(Duration quiet) {
    return Derived.from(this, "quietAfter", quiet);
  }

  /// The same, but for the time that a waking client may wait.
  public HibernateSettings withWakeTimeout(Duration timeout) {
    return Derived.from(this, "wakeTimeout", timeout);
  }

  /// The same, but for the time between two looks of which nothing was heard.
  public HibernateSettings withSweep(Duration between) {
    return Derived.from(this, "sweep", between);
  }

  /// The same, but for the time between two looks at backends that may keep changes to themselves.
  public HibernateSettings withPoll(Duration between) {
    return Derived.from(this, "poll", between);
  }

  /// The same, but for the time between two `* OK Still here`.
  public HibernateSettings withKeepAlive(Duration between) {
    return Derived.from(this, "keepAlive", between);
  }

  /// The same, but for how long a connection that looked after sleepers is kept.
  public HibernateSettings withSyncLinger(Duration linger) {
    return Derived.from(this, "syncLinger", linger);
  }
}
