package dormouse.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.listen.EventLoops;
import dormouse.tcp.TcpChannel;
import io.netty.channel.Channel;
import io.netty.channel.unix.Socket;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DialerTest {
  private static final String NAME = "mx.example.org";

  private final EventLoops loops = EventLoops.untimed(1, InstantSource.system());
  private final List<Channel> channels = new ArrayList<>();
  private NameServer names;
  private DnsAddressResolverGroup resolver;
  private ServerSocket server;

  @BeforeEach
  void start() throws IOException {
    names = NameServer.start();
    resolver = Names.resolver(List.of(names.address()), loops.epoll());
    server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.2"));
  }

  @AfterEach
  void stop() throws IOException {
    channels.forEach(channel -> channel.close().syncUninterruptibly());
    resolver.close();
    names.close();
    server.close();
    loops.close();
  }

  private Dialer dialer(List<String> sources) {
    BackendSettings settings =
        BackendSettings.to(NAME, server.getLocalPort(), BackendTls.NONE)
            .withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(10))
            .withSourceAddresses(sources.stream().map(InetAddress::ofLiteral).toList());
    return new Dialer(settings, loops.epoll(), resolver);
  }

  private Future<Channel> dial(Dialer dialer) {
    Future<Channel> dialed = dialer.dial(loops.all().getFirst(), Approach.USUAL, _ -> {});
    assertThat(dialed.awaitUninterruptibly(20, TimeUnit.SECONDS)).isTrue();
    if (dialed.isSuccess()) {
      channels.add(dialed.getNow());
    }
    return dialed;
  }

  private static String to(Future<Channel> dialed) {
    assertThat(dialed.cause()).isNull();
    return ((InetSocketAddress) dialed.getNow().remoteAddress()).getAddress().getHostAddress();
  }

  @Test
  void theAddressesOfANameAreTriedInTurn() {
    names.says(600, "127.0.0.3", "127.0.0.4", "127.0.0.2");
    Dialer dialer = dialer(List.of());
    assertThat(to(dial(dialer))).isEqualTo("127.0.0.2");
    assertThat(to(dial(dialer))).isEqualTo("127.0.0.2");
  }

  @Test
  void aNameIsAskedForAgainOnlyWhenItsTimeIsOver() {
    names.says(600, "127.0.0.2");
    Dialer dialer = dialer(List.of());
    dial(dialer);
    int asked = names.asked();
    assertThat(asked).isPositive();
    dial(dialer);
    assertThat(names.asked()).isEqualTo(asked);
  }

  @Test
  void aNameThatMovesIsFollowed() throws IOException {
    names.says(0, "127.0.0.2");
    Dialer dialer = dialer(List.of());
    assertThat(to(dial(dialer))).isEqualTo("127.0.0.2");
    try (ServerSocket _ =
        new ServerSocket(server.getLocalPort(), 50, InetAddress.ofLiteral("127.0.0.5"))) {
      names.says(0, "127.0.0.5");
      assertThat(to(dial(dialer))).isEqualTo("127.0.0.5");
    }
  }

  @Test
  void whatTheDnsSaidLastHoldsWhileItFails() {
    names.says(0, "127.0.0.2");
    Dialer dialer = dialer(List.of());
    dial(dialer);
    names.fails();
    assertThat(to(dial(dialer))).isEqualTo("127.0.0.2");
    assertThat(dial(dialer(List.of())).isSuccess()).as("who never knew it").isFalse();
  }

  @Test
  void aConnectionHasItsPortOnlyWhenItIsKnownWhereItGoes() throws IOException {
    names.says(600, "127.0.0.2");
    Dialer dialer = dialer(List.of("127.0.0.31", "::1"));
    Channel channel = dial(dialer).getNow();
    assertThat(((InetSocketAddress) channel.localAddress()).getAddress().getHostAddress())
        .isEqualTo("127.0.0.31");
    if (channel instanceof TcpChannel tcp) {
      assertThat(new Socket(tcp.fd()).getIntOpt(/* IPPROTO_IP= */ 0, 24))
          .as("IP_BIND_ADDRESS_NO_PORT")
          .isEqualTo(1);
    }
  }
}
