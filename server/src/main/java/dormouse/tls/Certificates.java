package dormouse.tls;

import dormouse.config.CertificateSettings;
import dormouse.config.Fault;
import dormouse.config.TlsSettings;
import dormouse.ops.EventLog;
import dormouse.session.SteadyClock;
import dormouse.tls.records.RecordLayer;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The certificates that clients see, and the TLS they get. Any thread, but for the handlers made.
///
/// They can be changed at any time ([#use], [#watch]), and so can the keys of tickets; connections that stand keep what they have.
///
/// Sessions are resumed by tickets ([TicketKeys]). ALPN (RFC 7301) `imap` is agreed to and not demanded.
public final class Certificates implements AutoCloseable {
  private static final int MAX_CLIENT_HELLO_BYTES = 32 * 1024;
  private static final int HANDSHAKE_TIMEOUT_MILLIS = 10_000;

  /// When what TLS is made of runs out. Immutable.
  ///
  /// @param certificates by file, that clients see
  /// @param revocations the lists of clients' certificates that are revoked, by who signed them
  /// @param staples the OCSP responses, by file
  public record Expiries(
      Map<Path, Instant> certificates,
      Map<String, Instant> revocations,
      Map<Path, Instant> staples) {
    public Expiries {
      certificates = Collections.unmodifiableMap(new LinkedHashMap<>(certificates));
      revocations = Collections.unmodifiableMap(new LinkedHashMap<>(revocations));
      staples = Collections.unmodifiableMap(new LinkedHashMap<>(staples));
    }
  }

  private static final EventLog events = EventLog.of(Certificates.class);

  private final Path stateDir;
  private final InstantSource timeOfDay;
  private final RecordLayer records;
  private final Consumer<Expiries> onExpiries;
  private final TicketKeys ticketKeys;
  private volatile TlsSettings settings;
  private String fingerprint = "";
  private volatile List<ServedCertificate> replaced = List.of();
  private volatile List<ServedCertificate> served = List.of();
  private volatile NamedContexts byName;
  private List<ListAge> lists = List.of();
  private Map<Path, Term> staples = Map.of();
  private final Set<Object> nearlyOver = new HashSet<>(); // of those, which has been said
  private final Set<Object> over = new HashSet<>();
  private @Nullable ScheduledExecutorService watch;

  private Certificates(
      TlsSettings settings,
      Path stateDir,
      SteadyClock clock,
      RecordLayer records,
      Consumer<Expiries> onExpiries)
      throws BadCertificates {
    this.settings = settings;
    this.stateDir = stateDir;
    this.timeOfDay = clock.timeOfDay();
    this.records = records;
    this.onExpiries = onExpiries;
    this.ticketKeys = new TicketKeys(clock);
    Change first = prepare(settings);
    byName = NamedContexts.of(first.read.served());
    first.commit();
  }

  /// Reads the certificates of the settings, or if there are none a self-signed one, which is made if need be. Blocks.
  ///
  /// @param stateDir where the self-signed certificate is kept
  /// @param records carries connections after their handshakes
  public static Certificates load(
      TlsSettings settings, Path stateDir, SteadyClock clock, RecordLayer records)
      throws BadCertificates {
    return load(settings, stateDir, clock, records, _ -> {});
  }

  /// @param onExpiries is told, whenever other files are served, until when they are valid
  public static Certificates load(
      TlsSettings settings,
      Path stateDir,
      SteadyClock clock,
      RecordLayer records,
      Consumer<Expiries> onExpiries)
      throws BadCertificates {
    return new Certificates(settings, stateDir, clock, records, onExpiries);
  }

  /// Reads what [#load] would, and gives it back: nothing is served and nothing written, where there is no certificate none is made. Blocks.
  ///
  /// @throws BadCertificates as [#load]
  public static void tryOut(TlsSettings settings, SteadyClock clock, RecordLayer records)
      throws BadCertificates {
    ReadCertificates.of(settings, settings.certificates(), new TicketKeys(clock), records)
        .release();
  }

  /// From now on new connections get the certificates of these settings, as they are now in their files; those that are there
  /// keep theirs. Blocks.
  ///
  /// @throws BadCertificates if they cannot be used; then nothing has changed
  public synchronized void use(TlsSettings changed) throws BadCertificates {
    prepare(changed).commit();
  }

  /// Reads what [#use] would serve, so that nothing can fail any more when it is to be served. Blocks.
  ///
  /// @throws BadCertificates if it cannot be used
  public Change prepare(TlsSettings wanted) throws BadCertificates {
    List<CertificateSettings> files = files(wanted);
    String fingerprint = CertificateFiles.fingerprint(wanted, files);
    return new Change(wanted, fingerprint, ReadCertificates.of(wanted, files, ticketKeys, records));
  }

  /// What was read and is not served yet. Either [#commit] or [#discard] is called, once.
  public final class Change {
    private final TlsSettings settings;
    private final String
        fingerprint; // from before it was read: what has changed since is seen by a look
    private final ReadCertificates read;

    private Change(TlsSettings settings, String fingerprint, ReadCertificates read) {
      this.settings = settings;
      this.fingerprint = fingerprint;
      this.read = read;
    }

    /// As [Certificates#use].
    public void commit() {
      serve(this);
    }

    public void discard() {
      read.release();
    }
  }

  /// Looks at the files, each time this has passed, and serves what is in them when that has changed.
  public synchronized void watch(Duration every) {
    ScheduledExecutorService looking =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("certificates").factory());
    watch = looking;
    looking.scheduleWithFixedDelay(
        this::look, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
  }

  private synchronized void look() {
    if (watch == null) {
      return; // closed while it waited
    }
    try {
      warnOfOld();
      String now = CertificateFiles.fingerprint(settings, files(settings));
      if (now.equals(fingerprint)) {
        return;
      }
      fingerprint = now; // what is refused is told of once
      use(settings);
      events.info("certificates", "count", served.size());
    } catch (BadCertificates e) {
      events.warn("certificates-refused", "why", e.getMessage());
    } catch (RuntimeException e) {
      events.error(e, "bug", "in", "certificates");
    }
  }

  private synchronized void serve(Change next) {
    fingerprint = next.fingerprint;
    settings = next.settings;
    ReadCertificates.release(replaced); // a handshake that began before the last change has ended
    replaced = served;
    served = next.read.served();
    byName = NamedContexts.of(served); // last: what a name leads to is served or has just been
    lists = next.read.lists();
    staples = next.read.staples();
    Map<Path, Instant> expiries = new LinkedHashMap<>();
    for (ServedCertificate certificate : served) {
      expiries.put(certificate.file(), certificate.certificate().getNotAfter().toInstant());
      warnIfExpired(certificate.file(), certificate.certificate());
    }
    nearlyOver.clear();
    over.clear();
    warnOfOld();
    Map<String, Instant> revocations = new LinkedHashMap<>();
    lists.forEach(list -> revocations.put(list.issuer(), list.term().until()));
    Map<Path, Instant> stapled = new LinkedHashMap<>();
    staples.forEach((file, term) -> stapled.put(file, term.until()));
    onExpiries.accept(new Expiries(expiries, revocations, stapled));
  }

  /// Of each list and each staple once, when little of its time is left, and when none is. It is not refused: those with passwords shall come in all the same, and
  /// no start or reload fail by the time of day; and a list keeps out by itself whom it was to tell of.
  private void warnOfOld() {
    Instant now = timeOfDay.instant();
    for (ListAge list : lists) {
      if (isNewsOf(over, list, list.term().isOver(now))) {
        events.warn(
            "client-crl-expired",
            "crl",
            settings.clientCrl(),
            "issuer",
            list.issuer(),
            "since",
            list.term().until());
      } else if (!over.contains(list)
          && isNewsOf(nearlyOver, list, list.term().isNearlyOver(now))) {
        events.warn(
            "client-crl-expires",
            "crl",
            settings.clientCrl(),
            "issuer",
            list.issuer(),
            "at",
            list.term().until());
      }
    }
    staples.forEach((file, term) -> {
      if (isNewsOf(over, file, term.isOver(now))) {
        events.warn("ocsp-expired", "ocsp", file, "since", term.until());
      } else if (!over.contains(file) && isNewsOf(nearlyOver, file, term.isNearlyOver(now))) {
        events.warn("ocsp-expires", "ocsp", file, "at", term.until());
      }
    });
  }

  private static boolean isNewsOf(Set<Object> said, Object of, boolean now) {
    return now && said.add(of);
  }

  private List<CertificateSettings> files(TlsSettings of) throws BadCertificates {
    if (!of.certificates().isEmpty()) {
      return of.certificates();
    }
    try {
      return List.of(SelfSigned.in(stateDir, timeOfDay));
    } catch (IOException e) {
      throw new BadCertificates(
          List.of(new Fault(0, 0, "runtime.state-dir", "cannot be written to: " + e)));
    }
  }

  private void warnIfExpired(Path file, X509Certificate certificate) {
    Instant end = certificate.getNotAfter().toInstant();
    if (timeOfDay.instant().isAfter(end)) {
      events.warn("certificate-expired", "certificate", file, "since", end);
    }
  }

  /// The handler that ends TLS for one channel, to be the first of its pipeline; others take its place. When the handshake is
  /// over [dormouse.tls.records.HandshakeFacts] is fired, then [io.netty.handler.ssl.SslHandshakeCompletionEvent].
  public ChannelHandler newHandler(ByteBufAllocator allocator) {
    if (settings.ticketKeys() == null && ticketKeys.isDue()) {
      renewTicketKeys();
    }
    List<ServedCertificate> now = served;
    return records.around(
        now.size() == 1
            ? now.getFirst().newHandler(records, allocator)
            : new ByName(MAX_CLIENT_HELLO_BYTES, HANDSHAKE_TIMEOUT_MILLIS));
  }

  private void renewTicketKeys() {
    List<OpenSslSessionTicketKey> keys = ticketKeys.own();
    served.forEach(certificate -> TicketKeys.use(certificate.context(), keys));
  }

  /// Waits for the name that the client asks for.
  private final class ByName extends SniHandler {
    ByName(int maxHelloBytes, int timeoutMillis) {
      super(name -> byName.map(name), maxHelloBytes, timeoutMillis);
    }

    @Override
    protected SslHandler newSslHandler(SslContext context, ByteBufAllocator allocator) {
      return Stream.concat(served.stream(), replaced.stream())
          .filter(certificate -> certificate.context().equals(context))
          .findFirst()
          .orElseThrow() // replaced twice since it was looked up, a moment ago
          .newHandler(records, allocator);
    }
  }

  /// Gives back native memory once the last connection made with it is closed.
  @Override
  public synchronized void close() {
    if (watch != null) {
      watch.shutdownNow();
      watch = null;
    }
    ReadCertificates.release(replaced);
    ReadCertificates.release(served);
    replaced = List.of();
    served = List.of();
  }
}
