package dormouse.backend;

import dormouse.config.HealthSettings;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import java.time.Duration;

/// Whether a backend serves, as far as it has been tried: by the logins of clients and by checks alike. So many failures in a row and it
/// counts as down, so many successes and it counts as up; until either it is what it was.
///
/// A backend that is down is tried last, not never: if all are down, whoever comes is as good a check as any.
///
/// Any thread; a short lock.
public final class Health {
  private static final EventLog LOG = EventLog.of(Health.class);

  private final String backend;
  private final String address;
  private final boolean onlyOne;
  private final HealthSettings settings;
  private final Metrics metrics;
  private volatile boolean up = true;
  private volatile long failingSince; // by nanoTime; 0 if it served when it was last tried
  private int against; // in a row, of what would turn it

  /// @param backend the name that log lines and metrics use
  /// @param address for log lines
  public Health(String backend, String address, HealthSettings settings, Metrics metrics) {
    this(backend, address, /* onlyOne= */ true, settings, metrics);
  }

  /// @param onlyOne whether no other address has the name, so that a metric can tell of it
  private Health(
      String backend, String address, boolean onlyOne, HealthSettings settings, Metrics metrics) {
    this.backend = backend;
    this.address = address;
    this.onlyOne = onlyOne;
    this.settings = settings;
    this.metrics = metrics;
  }

  /// Of another address of the same entry.
  Health at(String elsewhere) {
    return new Health(backend, elsewhere, /* onlyOne= */ false, settings, metrics);
  }

  public boolean isUp() {
    return up;
  }

  /// For how long it has failed whenever it was tried; zero if it served the last time.
  public Duration failingFor() {
    long since = failingSince;
    return since == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
  }

  /// It has answered as it should, be it that it refused a password.
  public void succeeded() {
    failingSince = 0;
    if (turns(/* good= */ true, settings.upAfter())) {
      tell(true);
      LOG.info("backend-up", "backend", backend, "address", address);
    }
  }

  /// It could not be reached, was too slow, could not prove who it is, or wants nobody.
  ///
  /// @param why for the operator
  public void failed(String why) {
    metrics.backendFailed(backend);
    if (failingSince == 0) {
      failingSince = System.nanoTime() | 1; // never 0
    }
    if (turns(/* good= */ false, settings.downAfter())) {
      tell(false);
      LOG.warn("backend-down", "backend", backend, "address", address, "why", why);
    }
  }

  private void tell(boolean isUp) {
    if (onlyOne) {
      metrics.backendUp(backend, isUp);
    }
  }

  private synchronized boolean turns(boolean good, int after) {
    against = good == up ? 0 : against + 1;
    if (against < after) {
      return false;
    }
    against = 0;
    up = good;
    return true;
  }
}
