package dormouse.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics.Direction;
import dormouse.ops.Metrics.State;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class MetricsTest {
  private final Metrics metrics = new Metrics();

  @Test
  void everyCountHasItsName() {
    metrics.login("accepted");
    metrics.login("accepted");
    metrics.login("rejected");
    metrics.stayedAttached("compress");
    metrics.hibernated();
    metrics.woke("client", Duration.ofMillis(12));
    metrics.wakeFailed("unreachable");
    metrics.sync("changed", Duration.ofMillis(3));
    metrics.bytes(Direction.CLIENT_TO_BACKEND, 10);
    metrics.bytes(Direction.BACKEND_TO_CLIENT, 4_000_000_000L);
    metrics.closed("client-gone");
    metrics.answeredLocally("NOOP");
    metrics.keptBytes(500);
    metrics.keptBytes(-100);
    assertThat(metrics.scrape().lines())
        .contains(
            "dormouse_logins_total{result=\"accepted\"} 2.0",
            "dormouse_logins_total{result=\"rejected\"} 1.0",
            "dormouse_stayed_attached_total{reason=\"compress\"} 1.0",
            "dormouse_hibernations_total 1.0",
            "dormouse_wakes_total{reason=\"client\"} 1.0",
            "dormouse_wake_failures_total{reason=\"unreachable\"} 1.0",
            "dormouse_wake_seconds_bucket{le=\"0.01\"} 0",
            "dormouse_wake_seconds_bucket{le=\"0.02\"} 1",
            "dormouse_wake_seconds_count 1",
            "dormouse_syncs_total{result=\"changed\"} 1.0",
            "dormouse_sync_seconds_count 1",
            "dormouse_relayed_bytes_total{direction=\"client-to-backend\"} 10.0",
            "dormouse_relayed_bytes_total{direction=\"backend-to-client\"} 4.0E9",
            "dormouse_closes_total{reason=\"client-gone\"} 1.0",
            "dormouse_local_answers_total{command=\"noop\"} 1.0",
            "dormouse_kept_bytes 400.0");
  }

  @Test
  void aSessionIsCountedWhereItIs() {
    metrics.sessionState(null, State.GREETING);
    metrics.sessionState(null, State.GREETING);
    metrics.sessionState(State.GREETING, State.ATTACHED);
    assertThat(metrics.sessions(State.GREETING)).isEqualTo(1);
    assertThat(metrics.scrape().lines())
        .contains(
            "dormouse_sessions{state=\"attached\"} 1.0",
            "dormouse_sessions{state=\"hibernated\"} 0.0");
    metrics.sessionState(State.ATTACHED, null);
    assertThat(metrics.sessions(State.ATTACHED)).isZero();
  }

  @Test
  void backendConnectionsAreCountedByBackendAndPurpose() {
    metrics.backendConnections("mx1", "session", 1);
    metrics.backendConnections("mx1", "session", 1);
    metrics.backendConnections("mx1", "watch", 1);
    metrics.backendConnections("mx1", "session", -1);
    assertThat(metrics.backendConnections()).isEqualTo(2);
    assertThat(metrics.scrape().lines())
        .contains(
            "dormouse_backend_connections{backend=\"mx1\",purpose=\"session\"} 1.0",
            "dormouse_backend_connections{backend=\"mx1\",purpose=\"watch\"} 1.0");
  }

  @Test
  void theProcessItselfCanBeWatched() {
    metrics.watchProcess();
    assertThat(metrics.scrape())
        .contains(
            "jvm_memory_used_bytes",
            "jvm_buffer_memory_used_bytes",
            "jvm_threads_live_threads",
            "process_files_open_files",
            "process_cpu_usage",
            "process_uptime_seconds",
            "dormouse_buffers_bytes");
  }
}
