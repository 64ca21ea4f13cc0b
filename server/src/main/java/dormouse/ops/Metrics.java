package dormouse.ops;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// Counts what happens and says it as Prometheus text. Any thread; no call blocks, and [#bytes] allocates nothing.
///
/// The values of every label are closed sets or names of the settings: no user, address or mailbox ever is one.
public final class Metrics {
  /// How deep a session is; in the order of its life.
  public enum State {
    /// Not yet logged in.
    GREETING,
    /// Has a backend connection.
    ATTACHED,
    /// Has none.
    HIBERNATED,
    /// Waits for one.
    WAKING
  }

  /// Which way relayed bytes go.
  public enum Direction {
    CLIENT_TO_BACKEND,
    BACKEND_TO_CLIENT
  }

  private record LinkResult(String link, String result) {}

  private record FeedOf(String feed, String backend) {}

  /// Of one backend: what its `label` is `value`.
  private record OfBackend(String name, String backend, String label, String value) {
    Tags tags() {
      return Tags.of("backend", backend, label, value);
    }
  }

  private final Meters meters = new Meters();
  private final Map<State, LongAdder> sessions = new EnumMap<>(State.class);
  private final Map<Direction, LongAdder> relayedBytes = new EnumMap<>(Direction.class);
  private final Map<OfBackend, LongAdder> backendConnections = new ConcurrentHashMap<>();
  private final Map<OfBackend, LongAdder> gateWaiting = new ConcurrentHashMap<>();
  private final Map<OfBackend, Timer> gateWaits = new ConcurrentHashMap<>();
  private final Map<OfBackend, Counter> gateRefusals = new ConcurrentHashMap<>();
  private final Map<OfBackend, Counter> canaries = new ConcurrentHashMap<>();
  private final Map<FeedOf, AtomicInteger> feeds = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> backendsUp = new ConcurrentHashMap<>();
  private final Map<String, Counter> localAnswers = new ConcurrentHashMap<>(); // by command
  private final Map<LinkResult, Counter> directoryAnswers = new ConcurrentHashMap<>();
  private final Map<String, Timer> directorySeconds = new ConcurrentHashMap<>();
  private final MultiGauge certificates =
      meters.expiries(
          "dormouse.certificate.expiry",
          "When each certificate that clients see expires, since 1970");
  private final MultiGauge revocations =
      meters.expiries(
          "dormouse.client.crl.expiry",
          "When each list of clients' certificates that are revoked runs out");
  private final MultiGauge staples =
      meters.expiries(
          "dormouse.ocsp.expiry", "When each OCSP response that is stapled runs out, since 1970");
  private final LongAdder keptBytes =
      meters.byteGauge("dormouse.kept", "Memory that holds what is kept of hibernated sessions");
  private final LongAdder compressing =
      meters.gauge("dormouse.compressed.sessions", "Client connections that are compressed");
  private final LongAdder parked =
      meters.gauge(
          "dormouse.parked.sessions", "Hibernated sessions whose connection has no channel");
  private final LongAdder parkedBytes =
      meters.byteGauge("dormouse.parked", "Memory that holds parked connections");
  private final LongAdder folded =
      meters.gauge(
          "dormouse.folded.users", "Users whose sessions and mailboxes rest in one flat record");
  private final LongAdder foldedBytes =
      meters.byteGauge("dormouse.folded", "Memory that holds folded users");
  private final LongAdder statusCacheBytes =
      meters.byteGauge("dormouse.status.cache", "Memory that holds answers to STATUS");
  private final Counter resumptions =
      meters.counter("dormouse.tls.resumptions", "TLS handshakes of clients that had a ticket");
  private final Counter parkedReads =
      meters.counter("dormouse.parked.reads", "Times a parked client said something");
  private final Counter revivals =
      meters.counter("dormouse.revivals", "Times a parked connection was given a channel again");
  private final Counter statusCacheFull =
      meters.counter(
          "dormouse.status.cache.full", "Answers to STATUS dropped, or not kept, for want of room");
  private final Counter hibernations =
      meters.counter("dormouse.hibernations", "Times a session gave up its backend connection");
  private final Counter lags =
      meters.counter(
          "dormouse.lags", "Times a woken session went on to count messages that were gone");
  private final Timer wakes =
      meters.latency(
          "dormouse.wake",
          "From a client's command to its session having a backend again",
          Tags.empty());
  private final Timer syncs =
      meters.latency(
          "dormouse.sync", "One look at a mailbox for those who sleep in it", Tags.empty());

  public Metrics() {
    for (State state : State.values()) {
      sessions.put(
          state,
          meters.gauge(
              "dormouse.sessions",
              "Client connections by how deep they are",
              Tags.of("state", label(state))));
    }
    for (Direction direction : Direction.values()) {
      relayedBytes.put(
          direction,
          meters.byteCounter(
              "dormouse.relayed",
              "Bytes passed on between clients and backends after login",
              Tags.of("direction", label(direction))));
    }
  }

  /// A client's TLS handshake is done. `carrier` is who carries its records from now on; it is resumed if the client had a ticket.
  public void handshake(String carrier, boolean resumed) {
    count("dormouse.tls.handshakes", "carrier", carrier, "TLS handshakes of clients");
    if (resumed) {
      resumptions.increment();
    }
  }

  /// A login was answered. `result` is `accepted`, `rejected`, or what made it impossible.
  public void login(String result) {
    count("dormouse.logins", "result", result, "Answered logins");
  }

  /// A login had to wait for its turn. `outcome` is `delayed` or `refused`.
  public void throttled(String outcome) {
    count("dormouse.throttled.logins", "outcome", outcome, "Logins that had to wait");
  }

  /// These certificates are served from now on, each by its file, and until when it is valid.
  public void certificates(Map<Path, Instant> expiries) {
    Meters.setExpiries(certificates, "certificate", expiries);
  }

  /// These OCSP responses are stapled from now on, each by its file, and until when it is good.
  public void staples(Map<Path, Instant> expiries) {
    Meters.setExpiries(staples, "ocsp", expiries);
  }

  /// These lists of revoked certificates of clients are heeded from now on, each by who signed it, and until when it is good.
  public void revocations(Map<String, Instant> expiries) {
    Meters.setExpiries(revocations, "issuer", expiries);
  }

  /// A connection was closed before anything was said to the client.
  public void refusedConnection(String reason) {
    count(
        "dormouse.refused.connections",
        "reason",
        reason,
        "Connections closed before anything was said to the client");
  }

  /// A link of the directory was asked. `result` is `accepted`, `rejected`, `not-mine`, `failed`, or where it was not asked
  /// itself: `cached`, `skipped`.
  public void directoryAnswer(String link, String result) {
    directoryAnswers
        .computeIfAbsent(
            new LinkResult(link, result),
            _ ->
                meters.counter(
                    "dormouse.directory.answers",
                    "Answers of the directory's links",
                    Tags.of("link", link, "result", result)))
        .increment();
  }

  /// How many passwords wait to be hashed.
  public void watchPasswordChecks(IntSupplier waiting) {
    meters.gauge(
        "dormouse.password.checks.waiting",
        "Passwords that wait to be held against a hash",
        waiting);
  }

  /// A link of the directory has answered, `took` after it was asked.
  public void directoryTook(String link, Duration took) {
    directorySeconds
        .computeIfAbsent(
            link,
            _ ->
                meters.latency(
                    "dormouse.directory",
                    "From asking a link of the directory to its answer",
                    Tags.of("link", link)))
        .record(took);
  }

  /// A session went from one state to another; `null` is before its accept and after its close.
  public void sessionState(@Nullable State from, @Nullable State to) {
    if (from != null) {
      adder(sessions, from).decrement();
    }
    if (to != null) {
      adder(sessions, to).increment();
    }
  }

  /// A quiet session could not hibernate.
  public void stayedAttached(String reason) {
    count(
        "dormouse.stayed.attached",
        "reason",
        reason,
        "Times a quiet session kept its backend connection");
  }

  /// A session gave up its backend connection.
  public void hibernated() {
    hibernations.increment();
  }

  /// A woken session goes on with the numbers it had, although some of their messages are gone.
  public void lagged() {
    lags.increment();
  }

  /// A session has a backend connection again, `took` after whatever woke it.
  public void woke(String reason, Duration took) {
    count("dormouse.wakes", "reason", reason, "Times a session got a backend connection again");
    wakes.record(took);
  }

  /// A session could not be given a backend connection again.
  public void wakeFailed(String reason) {
    count("dormouse.wake.failures", "reason", reason, "Times a session could not wake");
  }

  /// The directory was asked again about a user whose client slept.
  ///
  /// @param result `same`, `moved`, `renamed`, `refused`, `untold` or `failed`
  public void askedAgain(String result) {
    count(
        "dormouse.asked.again",
        "result",
        result,
        "Times the directory was asked again about a user whose client slept");
  }

  /// A mailbox was looked at for those who sleep in it.
  public void sync(String result, Duration took) {
    count("dormouse.syncs", "result", result, "Looks at a mailbox for those who sleep in it");
    syncs.record(took);
  }

  /// A feed can be relied upon for changes of a backend's mailboxes, or not (yet, or any more).
  public void feedUp(String feed, String backend, boolean up) {
    feeds.computeIfAbsent(new FeedOf(feed, backend), this::feedGauge).set(up ? 1 : 0);
  }

  /// A feed told of something.
  public void feedEvent(String feed) {
    count("dormouse.feed.events", "feed", feed, "Events that feeds told");
  }

  /// A feed was told what it could not read.
  public void feedMalformed(String feed) {
    count("dormouse.feed.malformed", "feed", feed, "What feeds were told and could not read");
  }

  /// An event could not be passed on.
  public void feedUnpublished(String topic) {
    count(
        "dormouse.feed.unpublished", "topic", topic, "Events that could not be passed on by Redis");
  }

  /// A mailbox had changed, and no feed of its backend had told.
  public void feedMissed(String backend) {
    count("dormouse.feed.missed", "backend", backend, "Changes found that no feed had told of");
  }

  /// A backend's canary was looked after.
  ///
  /// @param result `heard` by all feeds that tell of every change, `unheard` by one of them, or `failed` to sing
  public void canary(String backend, String result) {
    canaries
        .computeIfAbsent(
            new OfBackend("dormouse.canary", backend, "result", result),
            key ->
                meters.counter(
                    key.name(), "Changes made to see whether feeds tell of them", key.tags()))
        .increment();
  }

  /// `delta` more connections to a backend for a purpose; negative for fewer.
  public void backendConnections(String backend, String purpose, int delta) {
    backendConnections
        .computeIfAbsent(
            new OfBackend("dormouse.backend.connections", backend, "purpose", purpose),
            key -> meters.gauge(key.name(), "Connections to backends", key.tags()))
        .add(delta);
  }

  /// A backend serves, or does not.
  public void backendUp(String backend, boolean up) {
    backendsUp.computeIfAbsent(backend, this::backendGauge).set(up ? 1 : 0);
  }

  /// A backend is none any more.
  public void backendGone(String backend) {
    if (backendsUp.remove(backend) != null) {
      meters.removeGauge("dormouse.backend.up", Tags.of("backend", backend));
    }
  }

  /// A login or a check found that a backend does not serve.
  public void backendFailed(String backend) {
    count(
        "dormouse.backend.failures",
        "backend",
        backend,
        "Logins and checks that found a backend not serving");
  }

  /// A login went on to another backend of the group, after it had failed at this one.
  public void failedOver(String backend) {
    count(
        "dormouse.failovers",
        "backend",
        backend,
        "Logins that went on to another backend of the group");
  }

  /// A kept connection was asked for. `result` is `hit`, `miss`, or `dead` for one that did not answer.
  public void pool(String result) {
    count("dormouse.pool", "result", result, "Kept backend connections asked for");
  }

  /// A kept connection was let go, or one could not be kept.
  public void poolDropped(String reason) {
    count("dormouse.pool.dropped", "reason", reason, "Kept backend connections let go");
  }

  /// `delta` more wait at a backend's gate; negative for fewer.
  public void gateWaiting(String backend, String priority, int delta) {
    gateWaiting
        .computeIfAbsent(
            new OfBackend("dormouse.gate.waiting", backend, "priority", priority),
            key -> meters.gauge(key.name(), "Logins that wait at a backend's gate", key.tags()))
        .add(delta);
  }

  /// A backend's gate let somebody in after so long.
  public void gateWaited(String backend, String priority, Duration waited) {
    gateWaits
        .computeIfAbsent(
            new OfBackend("dormouse.gate.wait", backend, "priority", priority),
            key ->
                meters.latency(
                    key.name(), "From the wish to log in at a backend to being let in", key.tags()))
        .record(waited);
  }

  /// A backend's gate refused somebody, for so many wait.
  public void gateRefused(String backend, String priority) {
    gateRefusals
        .computeIfAbsent(
            new OfBackend("dormouse.gate.refused", backend, "priority", priority),
            key ->
                meters.counter(
                    key.name(),
                    "Logins refused because too many wait at a backend's gate",
                    key.tags()))
        .increment();
  }

  /// `count` more bytes were passed on.
  public void bytes(Direction direction, long count) {
    adder(relayedBytes, direction).add(count);
  }

  /// A session ended. `reason` is the label of its `CloseReason`.
  public void closed(String reason) {
    count("dormouse.closes", "reason", reason, "Ended client connections");
  }

  /// A command was answered without a backend. `command` is its name, of a closed set; shown in lower case.
  public void answeredLocally(String command) {
    Counter there = localAnswers.get(command);
    if (there == null) {
      there =
          meters.counter(
              "dormouse.local.answers",
              "Commands answered without a backend",
              Tags.of("command", command.toLowerCase(Locale.ROOT)));
      localAnswers.put(command, there);
    }
    there.increment();
  }

  /// A client's STATUS was answered. `outcome` is the label of its `StatusOutcome`.
  public void status(String outcome) {
    count("dormouse.status.commands", "outcome", outcome, "STATUS commands by who answered them");
  }

  /// A client's SELECT or EXAMINE came in sleep. `outcome` is the label of its `StatusOutcome`.
  public void select(String outcome) {
    count(
        "dormouse.select.commands",
        "outcome",
        outcome,
        "SELECT and EXAMINE of sleeping clients by who answered them");
  }

  /// `delta` more bytes hold answers to STATUS; negative for fewer.
  public void statusCacheBytes(long delta) {
    statusCacheBytes.add(delta);
  }

  /// An answer to STATUS was dropped, or not kept, for want of room.
  public void statusCacheFull() {
    statusCacheFull.increment();
  }

  /// `delta` more bytes hold what is kept of hibernated sessions; negative for fewer.
  public void keptBytes(long delta) {
    keptBytes.add(delta);
  }

  /// `delta` more client connections are compressed; negative for fewer.
  public void compressing(int delta) {
    compressing.add(delta);
  }

  /// `delta` more client connections are parked, in so many bytes; negative for fewer.
  public void parked(int delta, long bytes) {
    parked.add(delta);
    parkedBytes.add(bytes);
  }

  /// `delta` more users are folded, in so many bytes; negative for fewer.
  public void folded(int delta, long bytes) {
    folded.add(delta);
    foldedBytes.add(bytes);
  }

  /// A parked client has said something.
  public void parkedSpoke() {
    parkedReads.increment();
  }

  /// A parked connection was given a channel again.
  public void revived() {
    revivals.increment();
  }

  /// The connection of a hibernated session could not be parked.
  public void unparked(String reason) {
    count("dormouse.unparked", "reason", reason, "Hibernated sessions that kept their channel");
  }

  /// Parked client connections, now.
  public long parked() {
    return parked.sum();
  }

  /// Client connections in a state, now.
  public long sessions(State state) {
    return adder(sessions, state).sum();
  }

  /// Connections to all backends for all purposes, now.
  public long backendConnections() {
    return backendConnections.values().stream().mapToLong(LongAdder::sum).sum();
  }

  /// Adds the process itself: heap, direct memory, descriptors, threads, processor, uptime. For the one `Metrics` of a
  /// process, once.
  public void watchProcess() {
    meters.watchProcess();
  }

  /// Everything, in the Prometheus text format 0.0.4.
  public String scrape() {
    return meters.scrape();
  }

  private void count(String name, String label, String value, String description) {
    meters.count(name, label, value, description);
  }

  private AtomicInteger backendGauge(String backend) {
    return meters.flag(
        "dormouse.backend.up",
        "Whether a backend serves, as far as it has been tried",
        Tags.of("backend", backend));
  }

  private AtomicInteger feedGauge(FeedOf key) {
    return meters.flag(
        "dormouse.feed.up",
        "Whether a feed can be relied upon",
        Tags.of("feed", key.feed(), "backend", key.backend()));
  }

  private static <K extends Enum<K>> LongAdder adder(Map<K, LongAdder> of, K key) {
    LongAdder adder = of.get(key);
    if (adder == null) {
      throw new IllegalStateException(key.name()); // every constant was put in the constructor
    }
    return adder;
  }

  private static String label(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
