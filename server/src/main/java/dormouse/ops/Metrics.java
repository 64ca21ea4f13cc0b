package dormouse.ops;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
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

  private static final Duration[] LATENCIES = {
    Duration.ofMillis(1),
    Duration.ofMillis(2),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(20),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(200),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(2),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10)
  };

  private record LinkResult(String link, String result) {}

  private record FeedOf(String feed, String backend) {}

  private record Labelled(String name, String value) {}

  /// Of one backend: what its `label` is `value`.
  private record OfBackend(String name, String backend, String label, String value) {
    Tags tags() {
      return Tags.of("backend", backend, label, value);
    }
  }

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
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
  private final Map<Labelled, Counter> counters = new ConcurrentHashMap<>();
  private final Map<LinkResult, Counter> directoryAnswers = new ConcurrentHashMap<>();
  private final Map<String, Timer> directorySeconds = new ConcurrentHashMap<>();
  private final LongAdder keptBytes = new LongAdder();
  private final MultiGauge certificates =
      MultiGauge.builder("dormouse.certificate.expiry")
          .description("When each certificate that clients see expires, since 1970")
          .baseUnit("seconds")
          .register(registry);
  private final MultiGauge revocations =
      MultiGauge.builder("dormouse.client.crl.expiry")
          .description("When each list of clients' certificates that are revoked runs out")
          .baseUnit("seconds")
          .register(registry);
  private final MultiGauge staples =
      MultiGauge.builder("dormouse.ocsp.expiry")
          .description("When each OCSP response that is stapled runs out, since 1970")
          .baseUnit("seconds")
          .register(registry);
  private final LongAdder compressing = new LongAdder();
  private final LongAdder parked = new LongAdder();
  private final LongAdder parkedBytes = new LongAdder();
  private final Counter resumptions;
  private final LongAdder folded = new LongAdder();
  private final LongAdder foldedBytes = new LongAdder();
  private final Counter parkedReads;
  private final Counter revivals;
  private final LongAdder statusCacheBytes = new LongAdder();
  private final Counter statusCacheFull;
  private final Counter hibernations;
  private final Counter lags;
  private final Timer wakes;
  private final Timer syncs;

  public Metrics() {
    for (State state : State.values()) {
      LongAdder count = new LongAdder();
      sessions.put(state, count);
      Gauge.builder("dormouse.sessions", count, LongAdder::sum)
          .description("Client connections by how deep they are")
          .tag("state", label(state))
          .register(registry);
    }
    for (Direction direction : Direction.values()) {
      LongAdder bytes = new LongAdder();
      relayedBytes.put(direction, bytes);
      FunctionCounter.builder("dormouse.relayed", bytes, LongAdder::sum)
          .description("Bytes passed on between clients and backends after login")
          .baseUnit("bytes")
          .tag("direction", label(direction))
          .register(registry);
    }
    Gauge.builder("dormouse.kept", keptBytes, LongAdder::sum)
        .description("Memory that holds what is kept of hibernated sessions")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder("dormouse.compressed.sessions", compressing, LongAdder::sum)
        .description("Client connections that are compressed")
        .register(registry);
    Gauge.builder("dormouse.parked.sessions", parked, LongAdder::sum)
        .description("Hibernated sessions whose connection has no channel")
        .register(registry);
    Gauge.builder("dormouse.parked", parkedBytes, LongAdder::sum)
        .description("Memory that holds parked connections")
        .baseUnit("bytes")
        .register(registry);
    resumptions =
        Counter.builder("dormouse.tls.resumptions")
            .description("TLS handshakes of clients that had a ticket")
            .register(registry);
    Gauge.builder("dormouse.folded.users", folded, LongAdder::sum)
        .description("Users whose sessions and mailboxes rest in one flat record")
        .register(registry);
    Gauge.builder("dormouse.folded", foldedBytes, LongAdder::sum)
        .description("Memory that holds folded users")
        .baseUnit("bytes")
        .register(registry);
    parkedReads =
        Counter.builder("dormouse.parked.reads")
            .description("Times a parked client said something")
            .register(registry);
    revivals =
        Counter.builder("dormouse.revivals")
            .description("Times a parked connection was given a channel again")
            .register(registry);
    Gauge.builder("dormouse.status.cache", statusCacheBytes, LongAdder::sum)
        .description("Memory that holds answers to STATUS")
        .baseUnit("bytes")
        .register(registry);
    statusCacheFull =
        Counter.builder("dormouse.status.cache.full")
            .description("Answers to STATUS dropped, or not kept, for want of room")
            .register(registry);
    hibernations =
        Counter.builder("dormouse.hibernations")
            .description("Times a session gave up its backend connection")
            .register(registry);
    lags =
        Counter.builder("dormouse.lags")
            .description("Times a woken session went on to count messages that were gone")
            .register(registry);
    wakes =
        latency(
            "dormouse.wake",
            "From a client's command to its session having a backend again",
            Tags.empty());
    syncs =
        latency("dormouse.sync", "One look at a mailbox for those who sleep in it", Tags.empty());
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
    certificates.register(
        expiries.entrySet().stream()
            .map(entry ->
                MultiGauge.Row.of(
                    Tags.of("certificate", entry.getKey().toString()),
                    entry.getValue().getEpochSecond()))
            .toList(),
        /* overwrite= */ true);
  }

  /// These OCSP responses are stapled from now on, each by its file, and until when it is good.
  public void staples(Map<Path, Instant> expiries) {
    staples.register(
        expiries.entrySet().stream()
            .map(entry ->
                MultiGauge.Row.of(
                    Tags.of("ocsp", entry.getKey().toString()), entry.getValue().getEpochSecond()))
            .toList(),
        /* overwrite= */ true);
  }

  /// These lists of revoked certificates of clients are heeded from now on, each by who signed it, and until when it is good.
  public void revocations(Map<String, Instant> expiries) {
    revocations.register(
        expiries.entrySet().stream()
            .map(entry ->
                MultiGauge.Row.of(
                    Tags.of("issuer", entry.getKey()), entry.getValue().getEpochSecond()))
            .toList(),
        /* overwrite= */ true);
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
                Counter.builder("dormouse.directory.answers")
                    .description("Answers of the directory's links")
                    .tag("link", link)
                    .tag("result", result)
                    .register(registry))
        .increment();
  }

  /// How many passwords wait to be hashed.
  public void watchPasswordChecks(IntSupplier waiting) {
    Gauge.builder("dormouse.password.checks.waiting", waiting::getAsInt)
        .description("Passwords that wait to be held against a hash")
        .register(registry);
  }

  /// A link of the directory has answered, `took` after it was asked.
  public void directoryTook(String link, Duration took) {
    directorySeconds
        .computeIfAbsent(
            link,
            _ ->
                Timer.builder("dormouse.directory")
                    .description("From asking a link of the directory to its answer")
                    .tag("link", link)
                    .serviceLevelObjectives(LATENCIES)
                    .register(registry))
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
                Counter.builder(key.name())
                    .description("Changes made to see whether feeds tell of them")
                    .tags(key.tags())
                    .register(registry))
        .increment();
  }

  /// `delta` more connections to a backend for a purpose; negative for fewer.
  public void backendConnections(String backend, String purpose, int delta) {
    backendConnections
        .computeIfAbsent(
            new OfBackend("dormouse.backend.connections", backend, "purpose", purpose),
            key -> gauge(key, "Connections to backends"))
        .add(delta);
  }

  /// A backend serves, or does not.
  public void backendUp(String backend, boolean up) {
    backendsUp.computeIfAbsent(backend, this::backendGauge).set(up ? 1 : 0);
  }

  /// A backend is none any more.
  public void backendGone(String backend) {
    if (backendsUp.remove(backend) != null) {
      registry.remove(registry.get("dormouse.backend.up").tag("backend", backend).gauge());
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
            key -> gauge(key, "Logins that wait at a backend's gate"))
        .add(delta);
  }

  /// A backend's gate let somebody in after so long.
  public void gateWaited(String backend, String priority, Duration waited) {
    gateWaits
        .computeIfAbsent(
            new OfBackend("dormouse.gate.wait", backend, "priority", priority),
            key ->
                latency(
                    key.name(), "From the wish to log in at a backend to being let in", key.tags()))
        .record(waited);
  }

  /// A backend's gate refused somebody, for so many wait.
  public void gateRefused(String backend, String priority) {
    gateRefusals
        .computeIfAbsent(
            new OfBackend("dormouse.gate.refused", backend, "priority", priority),
            key ->
                Counter.builder(key.name())
                    .description("Logins refused because too many wait at a backend's gate")
                    .tags(key.tags())
                    .register(registry))
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
          counter(
              "dormouse.local.answers",
              "command",
              command.toLowerCase(Locale.ROOT),
              "Commands answered without a backend");
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
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    if (ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider provider) {
      Gauge.builder("dormouse.buffers", provider.metric(), metric -> metric.usedDirectMemory())
          .description("Direct memory that Netty's buffers are cut from")
          .baseUnit("bytes")
          .register(registry);
    }
  }

  /// Everything, in the Prometheus text format 0.0.4.
  public String scrape() {
    return registry.scrape();
  }

  private void count(String name, String label, String value, String description) {
    Labelled key = new Labelled(name, value);
    Counter there = counters.get(key);
    if (there == null) {
      there = counter(name, label, value, description);
      counters.put(key, there);
    }
    there.increment();
  }

  /// The one that there is, or a new one.
  private Counter counter(String name, String label, String value, String description) {
    return Counter.builder(name).description(description).tag(label, value).register(registry);
  }

  private Timer latency(String name, String description, Tags tags) {
    return Timer.builder(name)
        .description(description)
        .tags(tags)
        .serviceLevelObjectives(LATENCIES)
        .register(registry);
  }

  private LongAdder gauge(OfBackend key, String description) {
    LongAdder count = new LongAdder();
    Gauge.builder(key.name(), count, LongAdder::sum)
        .description(description)
        .tags(key.tags())
        .register(registry);
    return count;
  }

  private AtomicInteger backendGauge(String backend) {
    AtomicInteger up = new AtomicInteger();
    Gauge.builder("dormouse.backend.up", up, AtomicInteger::get)
        .description("Whether a backend serves, as far as it has been tried")
        .tag("backend", backend)
        .register(registry);
    return up;
  }

  private AtomicInteger feedGauge(FeedOf key) {
    AtomicInteger up = new AtomicInteger();
    Gauge.builder("dormouse.feed.up", up, AtomicInteger::get)
        .description("Whether a feed can be relied upon")
        .tag("feed", key.feed())
        .tag("backend", key.backend())
        .register(registry);
    return up;
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
