package dormouse.listen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.LimitsSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Protocol;
import dormouse.ops.Metrics;
import dormouse.session.SessionIds;
import dormouse.session.SteadyClock;
import dormouse.testkit.FreePort;
import dormouse.testkit.Wait;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// By which listener a client comes in, where there are several of one port; each says which it is.
class ListenersTest {
  private static final String NOBODY = "nobody";
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final int CLIENTS = 20; // the kernel shares them out among the loops' sockets

  private final int port = FreePort.next();
  private final EventLoops loops = EventLoops.start(2, SteadyClock.start());
  private final Listeners listeners = listeners();

  @AfterEach
  void stop() {
    listeners.close();
    loops.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0 ::", ":: 0.0.0.0"})
  void allAddressesOfEachFamilyHaveAListenerOfTheirOwn(String both) throws Exception {
    listen(both);
    comeIn("127.0.0.1", "0.0.0.0");
    comeIn("::1", "::");
  }

  @Test
  void allOfIpv6AloneAreForBoth() throws Exception {
    listen("::");
    comeIn("127.0.0.1", "::");
    comeIn("::1", "::");
  }

  @Test
  void allOfIpv4AreForNoOther() throws Exception {
    listen("0.0.0.0");
    comeIn("127.0.0.1", "0.0.0.0");
    comeIn("::1", NOBODY);
  }

  @Test
  void aReloadSharesThemOutAnew() throws Exception {
    listen("::");
    listen(":: 0.0.0.0");
    comeIn("127.0.0.1", "0.0.0.0");
    comeIn("::1", "::");
    listen("::");
    comeIn("127.0.0.1", "::");
    comeIn("::1", "::");
    listen("0.0.0.0");
    comeIn("127.0.0.1", "0.0.0.0");
    comeIn("::1", NOBODY);
    listen("0.0.0.0 ::");
    comeIn("127.0.0.1", "0.0.0.0");
    comeIn("::1", "::");
  }

  @Test
  void aReloadMayPutOneInThePlaceOfAnotherOfItsPort() throws Exception {
    listen("127.0.0.1");
    listen("0.0.0.0");
    comeIn("127.0.0.1", "0.0.0.0");
    listen("127.0.0.1");
    comeIn("127.0.0.1", "127.0.0.1");
  }

  /// Of one address beside all of its family, also from the start.
  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0 127.0.0.1", "127.0.0.1 0.0.0.0", "127.0.0.1 ::"})
  void whichSaysMostOfTheAddressIsTaken(String both) throws Exception {
    String others = both.replace("127.0.0.1", "").strip();
    listen(both);
    comeIn("127.0.0.1", "127.0.0.1");
    comeIn("127.0.0.2", others);
    listen(others);
    comeIn("127.0.0.1", others);
    listen(both);
    comeIn("127.0.0.1", "127.0.0.1");
    comeIn("127.0.0.2", others);
  }

  @Test
  void aReloadThatFailsLeavesThemAsTheyWere() throws Exception {
    listen("::");
    try (Socket busy = new Socket()) {
      busy.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      List<ListenSettings> next =
          List.of(
              settings("::", port),
              settings("0.0.0.0", port),
              settings("127.0.0.1", busy.getLocalPort()));
      assertThatThrownBy(() -> listeners.prepare(next)).isInstanceOf(IOException.class);
    }
    comeIn("127.0.0.1", "::");
    comeIn("::1", "::");
  }

  /// Else two would have half of the clients each.
  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "0.0.0.0 ::", "127.0.0.1"})
  void aSecondDormouseIsRefused(String there) throws Exception {
    listen(there);
    for (String wanted : List.of("::", there)) {
      try (Listeners second = listeners()) {
        assertThatThrownBy(() -> second.prepare(settings(wanted)))
            .isInstanceOf(IOException.class)
            .hasMessageMatching("cannot listen on .*:" + port + ": Address already in use");
      }
    }
  }

  private Listeners listeners() {
    return new Listeners(
        loops,
        _ -> new ChannelInboundHandlerAdapter(),
        new SessionIds(),
        new ConnectionLimits(LimitsSettings.DEFAULT, new SecretKeys(), new Metrics()),
        (at, _) -> new Naming(at.address().getAddress()));
  }

  /// Says by which listener a client has come.
  private static final class Naming extends ChannelInboundHandlerAdapter {
    private final InetAddress listener;

    Naming(InetAddress listener) {
      this.listener = listener;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      byte[] name = shown(listener).getBytes(StandardCharsets.US_ASCII);
      context.writeAndFlush(Unpooled.wrappedBuffer(name)).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private static String shown(InetAddress address) {
    String text = address.getHostAddress();
    return text.equals("0:0:0:0:0:0:0:0") ? "::" : text;
  }

  private void listen(String addresses) throws IOException {
    listeners.prepare(settings(addresses)).commit();
    listeners.begin();
  }

  private List<ListenSettings> settings(String addresses) {
    return Stream.of(addresses.split(" ")).map(each -> settings(each, port)).toList();
  }

  private static ListenSettings settings(String address, int port) {
    InetSocketAddress at = new InetSocketAddress(InetAddress.ofLiteral(address), port);
    return new ListenSettings(Protocol.IMAP, at, ListenTls.NONE);
  }

  /// All clients of this address do so by one listener, once those that it replaces have closed.
  ///
  /// @param by its address, or [#NOBODY]
  private void comeIn(String address, String by) {
    Wait.until(address + " is served by " + by, SOON, () -> comesInBy(address).equals(by));
    for (int i = 0; i < CLIENTS; i++) {
      assertThat(comesInBy(address)).isEqualTo(by);
    }
  }

  private String comesInBy(String address) {
    try (Socket socket = new Socket(InetAddress.ofLiteral(address), port)) {
      socket.setSoTimeout((int) SOON.toMillis());
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    } catch (ConnectException _) {
      return NOBODY;
    } catch (IOException e) {
      return e.toString(); // by one that closed
    }
  }
}
