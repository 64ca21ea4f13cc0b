package dormouse.imap.sleep;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.auth.Credentials;
import dormouse.auth.MasterUser;
import dormouse.backend.Backend;
import dormouse.imap.backend.OwnConnection;
import dormouse.session.HandClock;
import java.time.Instant;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GrantTest {
  private final Function<String, @Nullable MasterUser> noMasters = GrantTest::master;
  private final Backend backend = new OwnConnection().connection().backend();

  @Test
  void whoBringsTheSamePasswordSharesIt() {
    Grant first = grant("ann", "secret");
    Grant second = grant("ann", "secret");
    assertThat(first.share(second)).isTrue();
    assertThatThrownBy(() -> second.open(backend)).isInstanceOf(IllegalStateException.class);

    first.wipe();
    assertThat(password(first)).isEqualTo("secret");
    first.wipe();
    assertThatThrownBy(() -> first.open(backend)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whoCameLaterWasNotLetInBefore() {
    Instant then = new HandClock().instant();
    Instant later = then.plusMillis(1);
    Grant grant = grant("ann", "secret");
    assertThat(grant.hasLetInSince(then)).isFalse();
    grant.letIn(then);
    assertThat(grant.share(grant("ann", "secret"))).isTrue();
    assertThat(grant.hasLetInSince(then)).isTrue();
    assertThat(grant.hasLetInSince(later)).isFalse();

    grant.letIn(later);
    grant.letIn(then); // on a connection that was lent
    assertThat(grant.hasLetInSince(later)).isTrue();
  }

  @Test
  void anotherPasswordIsKeptForItself() {
    Grant first = grant("ann", "secret");
    Grant second = grant("ann", "changed");
    assertThat(first.share(second)).isFalse();
    first.wipe();
    assertThat(password(second)).isEqualTo("changed");
  }

  @Test
  void whatIsWipedIsNotShared() {
    Grant first = grant("ann", "secret");
    first.wipe();
    Grant second = grant("ann", "secret");
    assertThat(first.share(second)).isFalse();
    assertThat(password(second)).isEqualTo("secret");
  }

  @Test
  void anotherUserSharesNothing() {
    assertThat(grant("ann", "secret").share(grant("bob", "secret"))).isFalse();
  }

  @Test
  void theDirectoryMaySayAnewWhatToLogInWith() {
    Grant grant = grant("ann", "ticket 1");
    assertThat(grant.isFor(new Credentials("ann", "", new byte[0]))).isTrue();
    assertThat(grant.isFor(new Credentials("ann", "bob", new byte[0]))).isFalse();
    grant.renew(new Credentials("ann", "", "ticket 2".getBytes(US_ASCII)));
    assertThat(password(grant)).isEqualTo("ticket 2");

    grant.wipe();
    grant.renew(new Credentials("ann", "", "ticket 3".getBytes(US_ASCII)));
    assertThatThrownBy(() -> grant.open(backend)).isInstanceOf(IllegalStateException.class);
  }

  private static @Nullable MasterUser master(String backendName) {
    return null;
  }

  private Grant grant(String user, String password) {
    Grant grant =
        Grant.of(
            new Credentials(user, "", password.getBytes(US_ASCII)),
            backend,
            noMasters,
            /* keepPassword= */ true,
            /* standing= */ null);
    if (grant == null) {
      throw new AssertionError("none");
    }
    return grant;
  }

  private String password(Grant grant) {
    Credentials opened = grant.open(backend);
    if (opened == null) {
      throw new AssertionError("none");
    }
    return new String(opened.password(), US_ASCII);
  }
}
