package dormouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.AdminSettings;
import dormouse.config.BackendSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Protocol;
import dormouse.config.RuntimeSettings;
import dormouse.config.Settings;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.config.TicketKeyFile;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.session.SteadyClock;
import dormouse.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A start that a mistake of ours ends leaves no thread behind by which the process would go on and serve nobody; a reload is told, and changes nothing. Of
/// what either has opened nothing stays: ports are free again, and [LeakCheck] would find a context of TLS.
class FailedStartTest {
  @TempDir Path state = Path.of("");

  @Test
  void aMistakeOfOursEndsTheLoopsToo() {
    AtomicBoolean stopped = new AtomicBoolean();
    SteadyClock clock = stopping(stopped);
    EventLoops loops = EventLoops.untimed(1, clock);
    stopped.set(true);
    assertThatThrownBy(() -> Dormouse.start(settings(), new Metrics(), clock, loops))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the clock has stopped");
    assertThat(loops.group().isTerminated()).isTrue();
  }

  /// It ends when the certificates are read and the new backend is made, whose gate looks at the clock.
  @Test
  void aReloadThatEndsSoIsToldAndChangesNothing() throws Exception {
    AtomicBoolean stopped = new AtomicBoolean();
    SteadyClock clock = stopping(stopped);
    String key = Base64.getEncoder().encodeToString(new byte[TicketKeyFile.KEY_BYTES]);
    Files.writeString(state.resolve("tickets"), key);
    Path file =
        Files.writeString(
            state.resolve("dormouse.yaml"),
            """
            listen: [ { address: "127.0.0.1:0" }, { address: "127.0.0.2:0", tls: none } ]
            tls: { ticket-keys: tickets }
            backends: { other: { address: "127.0.0.1:1", tls: none } }
            runtime: { state-dir: ., loops: 1 }
            """);
    try (Dormouse dormouse =
        Dormouse.start(settings(), new Metrics(), clock, EventLoops.untimed(1, clock))) {
      InetSocketAddress before = dormouse.addresses().getFirst();
      stopped.set(true);
      assertThat(new Reload(file, dormouse).run().told())
          .isEqualTo("a mistake of ours: java.lang.IllegalStateException: the clock has stopped\n");
      stopped.set(false);
      assertThat(dormouse.addresses()).containsExactly(before);
      assertThat(new Reload(file, dormouse).run().served()).isTrue();
      assertThat(dormouse.addresses()).hasSize(2).contains(before);
    }
  }

  /// It ends in what can fail no more, with every door open.
  @Test
  void aReloadThatEndsBehindAllThatIsBoundGivesItBack() throws Exception {
    int door = FreePort.next();
    int added = FreePort.next();
    Path file =
        Files.writeString(
            state.resolve("dormouse.yaml"),
            """
            listen: [ { address: "127.0.0.1:%d", tls: none } ]
            feeds: [ { dovecot-events: { listen: "127.0.0.1:%d" } } ]
            backends: { other: { address: "127.0.0.1:1", tls: none }, third: { address: "127.0.0.1:1", tls: none } }
            directory: [ { http: { url: "https://127.0.0.1:1/auth" } }, { backend: {} } ]
            runtime: { state-dir: ., loops: 1 }
            """
                .formatted(added, door));
    Thread reloads = Thread.currentThread();
    AtomicBoolean ends = new AtomicBoolean();
    InstantSource timeOfDay =
        () -> {
          if (ends.get() && Thread.currentThread().equals(reloads) && !FreePort.isFree(added)) {
            throw new IllegalStateException("the clock has stopped");
          }
          return Instant.now();
        };
    SteadyClock clock = new SteadyClock(timeOfDay, System::nanoTime);
    try (Dormouse dormouse =
        Dormouse.start(settings(), new Metrics(), clock, EventLoops.untimed(1, clock))) {
      List<InetSocketAddress> before = dormouse.addresses();
      ends.set(true);
      assertThat(new Reload(file, dormouse).run().told()).startsWith("a mistake of ours: ");
      ends.set(false);
      assertThat(dormouse.addresses()).isEqualTo(before);
      assertThat(dormouse.eventAddresses()).isEmpty();
      FreePort.awaitFree(door);
      FreePort.awaitFree(added);
      assertThat(new Reload(file, dormouse).run().served()).isTrue();
      assertThat(dormouse.addresses())
          .extracting(InetSocketAddress::getPort)
          .containsExactly(added);
    }
  }

  @Test
  void aStartWhoseListenerCannotBeHadGivesBackItsFeeds() throws Exception {
    int door = FreePort.next();
    SteadyClock clock = SteadyClock.start();
    EventLoops loops = EventLoops.untimed(1, clock);
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Settings settings =
          read(
              """
              listen: [ { address: "127.0.0.1:0" }, { address: "127.0.0.1:%d", tls: none } ]
              feeds: [ { dovecot-events: { listen: "127.0.0.1:%d" } } ]
              backends: { mx: { address: "127.0.0.1:1", tls: none } }
              admin: { address: none }
              runtime: { state-dir: ., loops: 1 }
              """
                  .formatted(taken.getLocalPort(), door));
      assertThatThrownBy(() -> Dormouse.start(settings, new Metrics(), clock, loops))
          .isInstanceOf(StartFault.class)
          .hasMessageContaining(":" + taken.getLocalPort());
    }
    assertThat(loops.group().isTerminated()).isTrue();
    FreePort.awaitFree(door);
  }

  private Settings read(String text) throws IOException {
    Path file = Files.writeString(state.resolve("dormouse.yaml"), text);
    return switch (SettingsFile.read(file)) {
      case SettingsRead.Good(Settings settings, _) -> settings;
      case SettingsRead.Bad(var faults) -> throw new IllegalArgumentException(faults.toString());
    };
  }

  private static SteadyClock stopping(AtomicBoolean stopped) {
    return new SteadyClock(
        InstantSource.system(),
        () -> {
          if (stopped.get()) {
            throw new IllegalStateException("the clock has stopped");
          }
          return System.nanoTime();
        });
  }

  private Settings settings() {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return Settings.of(
            List.of(new ListenSettings(Protocol.IMAP, any, ListenTls.IMPLICIT)),
            Map.of("mx", BackendSettings.inClear("127.0.0.1", 1, /* trusted= */ true)))
        .withAdmin(new AdminSettings(null))
        .withRuntime(new RuntimeSettings(1, state, Duration.ofSeconds(2), FrontEnd.PARK));
  }
}
