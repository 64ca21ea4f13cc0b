package dormouse.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.load.Load.Tls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Clients whose server greets them, answers nothing, and ends.
class LoadTest {
  private static final long SOON_SECONDS = 10;

  private final Load load = new Load(1);
  private final Faults faults = new Faults();

  @AfterEach
  void end() {
    load.close();
  }

  @Test
  void whoIsCutOffHasHeardWhatItShouldNot() throws IOException {
    cutOff(/* stopped= */ false);
    assertThat(faults.first()).containsExactly("u1 after NOOP heard: the end");
    assertThat(faults.lateCount()).isZero();
  }

  @Test
  void whoIsCutOffAsItsServerIsStoppedIsLate() throws IOException {
    cutOff(/* stopped= */ true);
    assertThat(faults.first()).isEmpty();
    assertThat(faults.lateCount()).isEqualTo(1);
  }

  @Test
  void whoComesToAServerThatIsStoppedIsLate() throws IOException {
    int port;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = server.getLocalPort();
    }
    load.letGo(port);
    ended(load.connect("u1", port, Tls.NONE, faults));
    assertThat(faults.first()).isEmpty();
    assertThat(faults.lateCount()).isEqualTo(1);
  }

  private void cutOff(boolean stopped) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<Client> greeted =
          load.connect("u1", server.getLocalPort(), Tls.NONE, faults);
      CompletableFuture<Client> said;
      try (Socket socket = server.accept()) {
        socket.getOutputStream().write("* OK ready\r\n".getBytes(US_ASCII));
        said = greeted.join().say("NOOP", Check.nothing());
        assertThat(socket.getInputStream().readNBytes("t0 NOOP\r\n".length())).isNotEmpty();
        if (stopped) {
          load.letGo(server.getLocalPort());
          socket.getOutputStream().write("* BYE shutting down\r\n".getBytes(US_ASCII));
        }
      }
      ended(said);
    }
  }

  private void ended(CompletableFuture<Client> what) {
    what.handle(
            (_, failure) -> {
              if (failure != null) {
                faults.add(failure);
              }
              return true;
            })
        .orTimeout(SOON_SECONDS, TimeUnit.SECONDS)
        .join();
  }
}
