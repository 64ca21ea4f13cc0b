package dormouse.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CredentialsDigestTest {

  private static CredentialsDigest of(String user, String authzid, String password) {
    return CredentialsDigest.of(new Credentials(user, authzid, password.getBytes(UTF_8)));
  }

  @Test
  void theSameIsEqualAlsoAfterThePasswordIsWiped() {
    Credentials credentials = new Credentials("ann", "bob", "secret".getBytes(UTF_8));
    CredentialsDigest digest = CredentialsDigest.of(credentials);
    credentials.wipe();

    assertThat(digest)
        .isEqualTo(of("ann", "bob", "secret"))
        .hasSameHashCodeAs(of("ann", "bob", "secret"));
    assertThat(of("", "", "")).isEqualTo(of("", "", ""));
  }

  @Test
  void eachFieldCounts() {
    assertThat(of("ann", "bob", "secret"))
        .isNotEqualTo(of("ann", "bob", "Secret"))
        .isNotEqualTo(of("ann", "bob", ""))
        .isNotEqualTo(of("ann", "", "secret"))
        .isNotEqualTo(of("bob", "ann", "secret"));
  }

  @Test
  void whatIsMovedFromFieldToFieldIsNotTheSame() {
    assertThat(of("ann", "b", "c"))
        .isNotEqualTo(of("an", "nb", "c"))
        .isNotEqualTo(of("ann", "bc", ""));
  }

  @Test
  void nothingOfItIsSaid() {
    assertThat(of("ann", "", "secret")).hasToString("CredentialsDigest[hidden]");
  }
}
