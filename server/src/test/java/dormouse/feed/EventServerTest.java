package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.listen.EventLoops;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class EventServerTest implements EventReceiver.Told {
  private static final String EVENT =
      "{\"event\":\"push_notification_finished\",\"fields\":{\"user\":\"u1\"}}";

  private final EventLoops loops = EventLoops.start(1, InstantSource.system());
  private final List<Object> heard = new CopyOnWriteArrayList<>();
  private volatile boolean allowed = true;
  private EventServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        EventServer.bind(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            /* unshared= */ true,
            loops,
            this);
    server.begin();
  }

  @AfterEach
  void stop() {
    server.close();
    loops.close();
  }

  @Override
  public boolean allows(InetAddress from) {
    return allowed;
  }

  @Override
  public Heard read(byte[] event) {
    return DovecotEvent.parse(event);
  }

  @Override
  public void changed(Heard.Changed change) {
    heard.add(change);
  }

  @Override
  public void malformed() {
    heard.add("malformed");
  }

  private final class Sender implements AutoCloseable {
    final Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
    final BufferedReader in =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));

    Sender() throws IOException {
      socket.setSoTimeout(10_000);
    }

    void send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    void post(String body) throws IOException {
      send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
    }

    /// The status line; the rest of the head and the body are read over.
    String status() throws IOException {
      String status = in.readLine();
      int length = 0;
      for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
        if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
          length = Integer.parseInt(line.substring(15).trim());
        }
      }
      for (int i = 0; i < length; i++) {
        assertThat(in.read()).isNotNegative();
      }
      return String.valueOf(status);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void eventsComeOneBehindAnotherAndNonsenseCostsNothing() throws IOException {
    try (Sender sender = new Sender()) {
      sender.post(EVENT);
      sender.post("{nonsense");
      sender.post("{}");
      sender.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      sender.post(EVENT);
      assertThat(sender.status()).contains(" 204 ");
      assertThat(sender.status()).contains(" 400 ");
      assertThat(sender.status()).contains(" 204 ");
      assertThat(sender.status()).contains(" 405 ");
      assertThat(sender.status()).contains(" 204 ");
    }
    Heard change = new Heard.Changed("u1", null);
    assertThat(heard).containsExactly(change, "malformed", change);
  }

  @Test
  void whoAsksWhetherToGoOnIsToldAtOnce() throws IOException {
    try (Sender sender = new Sender()) {
      sender.send(
          "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
              + EVENT.length()
              + "\r\n\r\n");
      assertThat(sender.status()).contains(" 100 ");
      sender.send(EVENT);
      assertThat(sender.status()).contains(" 204 ");
    }
  }

  @Test
  void whoeverTellsIsAnsweredWhileTheLoopsHaveNoTime() throws IOException {
    CompletableFuture<Void> work = new CompletableFuture<>();
    loops.all().forEach(loop -> loop.execute(work::join));
    try (Sender sender = new Sender()) {
      sender.post(EVENT);
      assertThat(sender.status()).contains(" 204 ");
    } finally {
      work.complete(null);
    }
  }

  @Test
  void whoIsAllowedNoMoreIsCutOffUnheard() throws IOException {
    try (Sender sender = new Sender()) {
      sender.post(EVENT);
      assertThat(sender.status()).contains(" 204 ");
      allowed = false;
      sender.post(EVENT);
      assertThat(sender.in.read()).isNegative();
    }
    assertThat(heard).hasSize(1);
  }

  @Test
  void whoIsConnectedIsHeardNoMoreAfterTheEnd() throws IOException {
    try (Sender sender = new Sender()) {
      sender.post(EVENT);
      assertThat(sender.status()).contains(" 204 ");
      server.close();
      assertThat(sender.in.read()).isNegative();
    }
  }

  @Test
  void aBodyThatIsTooLargeIsRefused() throws IOException {
    try (Sender sender = new Sender()) {
      sender.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
      assertThat(sender.status()).contains(" 413 ");
    }
    assertThat(heard).isEmpty();
  }

  @Test
  void whoIsNotAllowedIsCutOffUnheard() throws IOException {
    allowed = false;
    try (Sender sender = new Sender()) {
      assertThat(sender.in.read()).isNegative();
    }
    assertThat(heard).isEmpty();
  }
}
