package dormouse.session;

import static dormouse.session.KeepAlivePhase.hashOf;
import static dormouse.session.KeepAlivePhase.untilNext;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeepAlivePhaseTest {
  private static final Duration INTERVAL = Duration.ofMinutes(2);

  @Test
  void connectionsWithOneHashSpeakAtTheSameInstant() {
    var random = new Random(50);
    for (int round = 0; round < 1000; round++) {
      int hash = random.nextInt();
      var now = Instant.ofEpochMilli(1_800_000_000_000L + random.nextInt(1_000_000));
      var next = now.plus(untilNext(now, INTERVAL, hash));
      var wellBefore = next.minusMillis(1 + random.nextInt(119_999));

      assertThat(next).isAfter(now).isBeforeOrEqualTo(now.plus(INTERVAL));
      assertThat(wellBefore.plus(untilNext(wellBefore, INTERVAL, hash))).isEqualTo(next);
      assertThat(untilNext(next, INTERVAL, hash)).isEqualTo(INTERVAL);
    }
  }

  @Test
  void thePhaseIsTheOneOfTheFormula() {
    assertThat(untilNext(Instant.ofEpochSecond(130), INTERVAL, 7))
        .isEqualTo(Duration.ofSeconds(103));
    assertThat(untilNext(Instant.ofEpochSecond(0), INTERVAL, 0)).isEqualTo(INTERVAL);
    assertThat(untilNext(Instant.ofEpochSecond(0), INTERVAL, -1))
        .isEqualTo(Duration.ofSeconds(120 - 4294967295L % 120));
  }

  @Test
  void devicesSpreadOverTheInterval() throws Exception {
    var phases = new HashSet<Duration>();
    for (int i = 0; i < 1000; i++) {
      byte[] address = {(byte) 203, 0, (byte) (i >> 8), (byte) i};
      phases.add(untilNext(Instant.EPOCH, INTERVAL, hashOf(InetAddress.getByAddress(address), "")));
    }
    assertThat(phases).hasSizeGreaterThan(110);
  }

  @ParameterizedTest
  @ValueSource(strings = {"203.0.113.8", "100.128.0.1", "99.64.0.1", "172.32.0.1", "2001:db8::8"})
  void aPublicAddressStandsForItsDevice(String address) {
    assertThat(hashOf(ip(address), "ann")).isEqualTo(hashOf(ip(address), "bob"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1",
        "100.127.255.255", "0.0.0.0", "::1", "fe80::1", "fd00::1", "fc12::1"
      })
  void behindAnyOtherAddressTheUserCounts(String address) {
    assertThat(hashOf(ip(address), "ann")).isNotEqualTo(hashOf(ip(address), "bob"));
    assertThat(hashOf(ip(address), "ann")).isEqualTo(hashOf(ip("10.9.9.9"), "ann"));
  }

  @Test
  void addressesOfOneIpv6NetworkAreOneDevice() {
    assertThat(hashOf(ip("2001:db8:1:2::3"), "")).isEqualTo(hashOf(ip("2001:db8:1:2:ffff::4"), ""));
    assertThat(hashOf(ip("2001:db8:1:2::3"), "")).isNotEqualTo(hashOf(ip("2001:db8:1:3::3"), ""));
  }

  private static InetAddress ip(String literal) {
    return InetAddress.ofLiteral(literal);
  }
}
