package dormouse.directory.password;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SealedPasswordTest {
  private static final String SECRET = "correct horse bättery";

  @Test
  void aSealedPasswordOpensAsItWas() {
    assertThat(SealedPassword.seal(SECRET.getBytes(UTF_8)).open())
        .isEqualTo(SECRET.getBytes(UTF_8));
    assertThat(SealedPassword.seal(new byte[0]).open()).isEmpty();
  }

  @Test
  void whatIsKeptDoesNotHoldThePassword() {
    var sealed = SealedPassword.seal(SECRET.getBytes(UTF_8));

    assertThat(new String(sealed.sealed(), UTF_8)).doesNotContain("horse");
    assertThat(sealed).hasToString("SealedPassword[hidden]");
  }

  @Test
  void noTwoSealsAreAlike() {
    byte[] one = SealedPassword.seal(SECRET.getBytes(UTF_8)).sealed();
    byte[] other = SealedPassword.seal(SECRET.getBytes(UTF_8)).sealed();

    assertThat(Arrays.copyOf(one, 12)).isNotEqualTo(Arrays.copyOf(other, 12));
    assertThat(Arrays.copyOfRange(one, 12, one.length))
        .isNotEqualTo(Arrays.copyOfRange(other, 12, other.length));
  }

  @Test
  void wipingWhatWasOpenedOrGivenLeavesTheSealAlone() {
    byte[] given = SECRET.getBytes(UTF_8);
    var sealed = SealedPassword.seal(given);
    Arrays.fill(given, (byte) 0);
    Arrays.fill(sealed.open(), (byte) 0);

    assertThat(sealed.open()).isEqualTo(SECRET.getBytes(UTF_8));
  }

  @Test
  void aWipedPasswordIsGone() {
    var sealed = SealedPassword.seal(SECRET.getBytes(UTF_8));
    sealed.wipe();
    sealed.wipe();

    assertThat(sealed.sealed()).isEmpty();
    assertThatThrownBy(sealed::open).isInstanceOf(IllegalStateException.class);
  }
}
