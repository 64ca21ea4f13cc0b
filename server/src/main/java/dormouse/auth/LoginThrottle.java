package dormouse.auth;

import dormouse.config.Network;
import dormouse.config.ThrottleSettings;
import dormouse.listen.SecretKeys;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Slows down who guesses passwords, before a backend hears of it.
///
/// Failures fill a bucket for the client's address, one for the IPv6 /48 around it, one for the user, and one for the master user whom the name
/// may hold; a bucket leaks one failure each `forget`. While a bucket holds fewer than `free`, logins pass; beyond, one passes each `delay`, `2 delay`, `4
/// delay` … `max-delay`. A login counts as failed from its begin until it has succeeded, so it does not help to try many at once; but who waits for
/// none but those that are undecided is not refused, however long that takes.
/// Who has logged this user in from this address before is only held up by a bucket of that pair's own.
///
/// What is known fits into two tables of a fixed size ([Penalties]). Any thread; a short lock.
public final class LoginThrottle {
  /// How often a login that waits asks again: others before it may have succeeded.
  private static final Duration TURN = Duration.ofMillis(250);

  private static final int MOST_DOUBLINGS = 20;
  private static final int ADDRESSES_IN_A_NETWORK = 16;

  private volatile ThrottleSettings settings;
  private final SecretKeys secret;
  private final InstantSource clock;
  private final Penalties failures;
  private final Penalties devices;
  private final Map<Long, Integer> undecided = new HashMap<>(); // of logins that have begun

  public LoginThrottle(ThrottleSettings settings, SecretKeys secret, InstantSource clock) {
    this.settings = settings;
    this.secret = secret;
    this.clock = clock;
    failures = new Penalties(settings.remembered());
    devices = new Penalties(settings.devices());
  }

  /// New rules for who comes next; the tables keep their size, and as many failures as are in them.
  public synchronized void change(ThrottleSettings changed) {
    long before = settings.forget().toMillis();
    failures.rescale(before, changed.forget().toMillis(), clock.millis());
    settings = changed;
  }

  /// A login that wants to begin.
  ///
  /// @param name of the user; its case and accents, and spaces around it, do not matter
  public Attempt attempt(InetAddress address, String name) {
    if (!settings.enabled() || Network.contain(settings.exempt(), address)) {
      return new Attempt(List.of(), 0);
    }
    long device = secret.device(name, address);
    synchronized (this) {
      if (devices.untilMillis(device) > clock.millis()) {
        return new Attempt(List.of(new Bucket(device, settings.free(), settings.free())), device);
      }
    }
    List<Bucket> buckets = new ArrayList<>();
    int free = settings.free();
    buckets.add(new Bucket(secret.address(address), free, free / 2));
    if (address instanceof Inet6Address) {
      int network = free * ADDRESSES_IN_A_NETWORK;
      buckets.add(new Bucket(secret.network(address), network, network / 2));
    }
    buckets.add(new Bucket(secret.user(name), free, 1));
    String master = Admins.master(name);
    if (!master.isEmpty()) {
      buckets.add(new Bucket(secret.user(master), free, 1));
    }
    return new Attempt(List.copyOf(buckets), device);
  }

  /// What the tables take.
  public long bytes() {
    return failures.bytes() + devices.bytes();
  }

  /// A key, how many failures it may have before it waits, and how many before it is doubted.
  private record Bucket(long key, int free, int trusted) {}

  /// One login. Lives on its session's event loop.
  public final class Attempt {
    private final List<Bucket> buckets;
    private final long device;
    private final long beganMillis = clock.millis();
    private boolean begun;
    private boolean waited;
    private boolean doubted;

    private Attempt(List<Bucket> buckets, long device) {
      this.buckets = buckets;
      this.device = device;
    }

    /// Whether it may begin: zero, it has; else how long to wait before asking again; null, never.
    public @Nullable Duration admit() {
      if (buckets.isEmpty()) {
        return Duration.ZERO;
      }
      synchronized (LoginThrottle.this) {
        long now = clock.millis();
        long wait = 0;
        for (Bucket bucket : buckets) {
          wait = Math.max(wait, waitMillis(bucket, now));
        }
        if (wait == 0) {
          begun = true;
          for (Bucket bucket : buckets) {
            doubted |= failed(bucket, now) >= Math.max(1, bucket.trusted);
            charge(bucket, now);
            undecided.merge(bucket.key, 1, Integer::sum);
          }
          return Duration.ZERO;
        }
        waited = true;
        if (now - beganMillis >= settings.patience().toMillis()
            && buckets.stream().anyMatch(bucket -> haveFailed(bucket, now))) {
          return null;
        }
        return Duration.ofMillis(Math.min(wait, TURN.toMillis()));
      }
    }

    /// Whether it has had to wait.
    public boolean waited() {
      return waited;
    }

    /// Whether others should come before it, if it has begun: logins of this user have failed, or some more of this address, or nobody knows
    /// yet what comes of them.
    public boolean doubted() {
      return doubted;
    }

    /// It was decided on. One that had not begun leaves no trace.
    public void ended(LoginResult result) {
      if (!begun) {
        return;
      }
      synchronized (LoginThrottle.this) {
        decided();
        if (result instanceof LoginResult.Rejected) {
          return;
        }
        long forget = settings.forget().toMillis();
        buckets.forEach(bucket -> failures.shorten(bucket.key, forget));
        if (result instanceof LoginResult.Accepted) {
          long now = clock.millis();
          devices.put(device, now + settings.deviceAge().toMillis(), now);
        }
      }
    }

    /// Its client has left before that: it remains a failure.
    public void left() {
      if (begun) {
        synchronized (LoginThrottle.this) {
          decided();
        }
      }
    }

    private void decided() {
      begun = false;
      buckets.forEach(bucket ->
          undecided.computeIfPresent(
              bucket.key, (_, count) -> count == 1 ? null : Integer.valueOf(count - 1)));
    }
  }

  /// Whether failures alone make others wait.
  private boolean haveFailed(Bucket bucket, long now) {
    return failed(bucket, now) - undecided.getOrDefault(bucket.key, 0) >= bucket.free;
  }

  private long waitMillis(Bucket bucket, long now) {
    long beyond = failed(bucket, now) - bucket.free;
    if (beyond < 0) {
      return 0;
    }
    return Math.max(0, failures.usedMillis(bucket.key) + delayMillis(beyond) - now);
  }

  private long failed(Bucket bucket, long now) {
    long left = failures.untilMillis(bucket.key) - now;
    return left <= 0 ? 0 : Math.ceilDiv(left, settings.forget().toMillis());
  }

  private long delayMillis(long beyond) {
    long doubled = settings.delay().toMillis() << Math.min(beyond, MOST_DOUBLINGS);
    return Math.min(doubled, settings.maxDelay().toMillis());
  }

  /// A bucket is full when its delay is the longest: it need not leak for long once its owner has stopped.
  private void charge(Bucket bucket, long now) {
    long forget = settings.forget().toMillis();
    long until = Math.max(now, failures.untilMillis(bucket.key)) + forget;
    failures.put(bucket.key, Math.min(until, now + (bucket.free + fullBeyond()) * forget), now);
  }

  private long fullBeyond() {
    long ratio = settings.maxDelay().toMillis() / Math.max(1, settings.delay().toMillis());
    return Math.min(MOST_DOUBLINGS, Long.SIZE - Long.numberOfLeadingZeros(ratio) + 1);
  }
}
