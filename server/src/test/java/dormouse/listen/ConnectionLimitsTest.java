package dormouse.listen;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.LimitsSettings;
import dormouse.config.Network;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ConnectionLimitsTest {
  private final ConnectionLimits limits =
      new ConnectionLimits(
          new LimitsSettings(1, 0, 0, 1, 2, 0, 0, 0, List.of()), new SecretKeys(), new Metrics());
  private final long listener = limits.newListener();

  @Test
  void whoSleepsOnIsCountedWithoutItsPresence() throws UnknownHostException {
    Presence before = Objects.requireNonNull(come("10.0.0.1"));
    before.sleeps(true);
    Presence.Place place = Objects.requireNonNull(before.sleepsOn(address("10.0.0.1")));
    assertThat(before.sleepsOn(address("10.0.0.1"))).isNull(); // it has
    before.leave();
    before.sleeps(false);
    assertThat(come("10.0.0.1")).as("one of the address sleeps").isNull();

    Presence again = place.presence(address("10.0.0.1"));
    again.sleeps(false);
    assertThat(come("10.0.0.1")).as("one of the address is awake").isNull();
    again.leave();
    again.leave();
    assertThat(come("10.0.0.1")).isNotNull();
  }

  @Test
  void whoIsAwakeOrCameFromElsewhereKeepsItsPresence() throws UnknownHostException {
    Presence presence = Objects.requireNonNull(come("10.0.0.1"));
    assertThat(presence.sleepsOn(address("10.0.0.1"))).isNull();
    presence.sleeps(true);
    assertThat(presence.sleepsOn(address("10.0.0.2"))).isNull();
    assertThat(come("10.0.0.1")).isNull();
    presence.leave();
    assertThat(come("10.0.0.1")).isNotNull();
  }

  @Test
  void aNetworkHasSoManySleepersHoweverManyItsAddressesAre() throws UnknownHostException {
    Presence first = Objects.requireNonNull(come("10.0.0.1"));
    first.sleeps(true);
    Objects.requireNonNull(come("10.0.0.2")).sleeps(true);
    assertThat(come("10.0.0.3")).isNull();
    assertThat(come("10.0.1.3")).as("of another network").isNotNull();
    first.sleeps(false);
    assertThat(come("10.0.0.3")).isNotNull();
  }

  @Test
  void anIpv6NetworkIsOneAddressAndASiteHasItsShare() throws UnknownHostException {
    limits.limit(new LimitsSettings(1, 2, 0, 0, 0, 0, 0, 0, List.of()));
    Presence first = Objects.requireNonNull(come("2001:db8:1:1::1"));
    assertThat(come("2001:db8:1:1:ffff::2")).as("of the same /64").isNull();
    assertThat(come("2001:db8:1:2::1")).as("of another").isNotNull();
    assertThat(come("2001:db8:1:ffff::1")).as("the third of the /48").isNull();
    assertThat(come("2001:db8:2:1::1")).as("of another /48").isNotNull();
    assertThat(come("10.0.0.1")).isNotNull();
    assertThat(come("::ffff:10.0.0.1")).as("the same in IPv6").isNull();
    first.leave();
    assertThat(come("2001:db8:1:1:ffff::2")).isNotNull();
  }

  @Test
  void soHaveItsSleepers() throws UnknownHostException {
    Presence first = Objects.requireNonNull(come("2001:db8:1:1::1"));
    first.sleeps(true);
    assertThat(come("2001:db8:1:1:ffff::2")).as("of the same /64").isNull();
    Objects.requireNonNull(come("2001:db8:1:2::1")).sleeps(true);
    assertThat(come("2001:db8:1:ffff::1")).as("the third of the /48").isNull();
    assertThat(come("2001:db8:2:1::1")).as("of another /48").isNotNull();
    first.sleeps(false);
    assertThat(come("2001:db8:1:ffff::1")).isNotNull();
  }

  @Test
  void whoComesFromAnExemptIpv6NetworkIsNotCounted() throws UnknownHostException {
    Network exempt = new Network(address("2001:db8:1::"), 48);
    limits.limit(new LimitsSettings(1, 1, 0, 0, 0, 0, 0, 0, List.of(exempt)));
    for (int i = 0; i < 3; i++) {
      assertThat(come("2001:db8:1:1::1")).isNotNull();
    }
    assertThat(come("2001:db8:2:1::1")).isNotNull();
    assertThat(come("2001:db8:2:1::1")).isNull();
  }

  /// Null if it may not come in.
  private @Nullable Presence come(String from) throws UnknownHostException {
    EmbeddedChannel channel = new EmbeddedChannel();
    Client client =
        new Client(
            "s",
            new InetSocketAddress(address(from), 50_000),
            new InetSocketAddress(address("10.0.0.9"), 993),
            /* tls= */ true);
    return limits.admit(channel, client, listener) ? Presence.of(channel) : null;
  }

  private static InetAddress address(String literal) throws UnknownHostException {
    return InetAddress.getByName(literal);
  }
}
