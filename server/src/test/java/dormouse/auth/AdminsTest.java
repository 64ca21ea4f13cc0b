package dormouse.auth;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.LoginSettings;
import dormouse.config.Network;
import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdminsTest {
  private static final InetAddress HOME = InetAddress.ofLiteral("10.0.0.1");
  private static final InetAddress AWAY = InetAddress.ofLiteral("203.0.113.1");

  private final Admins admins = Admins.of(settings("Root "));

  @ParameterizedTest
  @ValueSource(strings = {"root", " ROOT", "r\u00f3ot", "ro\u200bot", "root \u200b", "root\u00a0"})
  void anAdministratorIsOneUnderEveryNameThatADatabaseTakesForOne(String name) {
    assertThat(admins.allow(name, AWAY)).isFalse();
    assertThat(admins.allow("ann*" + name, AWAY)).isFalse();
    assertThat(admins.allow(name, HOME)).isTrue();
  }

  @Test
  void othersMayFromEverywhere() {
    assertThat(admins.allow("ann", AWAY)).isTrue();
    assertThat(admins.allow("root*ann", AWAY)).isTrue();
    assertThat(admins.allow("ann*", AWAY)).isTrue();
  }

  private static LoginSettings settings(String admin) {
    LoginSettings normal = LoginSettings.DEFAULT;
    return new LoginSettings(
        normal.timeout(),
        normal.limit(),
        normal.maxErrors(),
        normal.maxCommands(),
        normal.maxLineBytes(),
        normal.maxLiteralBytes(),
        normal.mechanisms(),
        normal.trustedNetworks(),
        List.of(admin),
        List.of(Objects.requireNonNull(Network.parse("10.0.0.0/8"))));
  }
}
