package dormouse.imap.backend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import org.junit.jupiter.api.Test;

class OverruledTest {
  private static final int MANY = 10_000;

  private final Overruled overruled = new Overruled();
  private final Account account = account("u17");

  private static Account account(String user) {
    return new Account(OwnConnection.backend(1, /* epoll= */ false), user, user);
  }

  private BackendConnection.Login login() {
    LoginKey key = LoginKey.of(new Credentials("u17", "", "secret".getBytes(UTF_8)), "u17", "u17");
    return new BackendConnection.Login(
        account, "ann", null, key, 0, overruled.nextTurn(), Capabilities.parse("IMAP4rev1"));
  }

  @Test
  void whatWasAcceptedBeforeARefusalIs() {
    BackendConnection.Login before = login();
    overruled.add(account);
    assertThat(overruled.is(before)).isTrue();
    assertThat(overruled.is(login())).isFalse();
  }

  @Test
  void whoeverIsSentAwayIsByEachName() {
    for (String name : new String[] {"ann", "u17"}) {
      BackendConnection.Login before = login();
      overruled.add(name);
      assertThat(overruled.is(before)).isTrue();
    }
  }

  @Test
  void othersAreNot() {
    BackendConnection.Login before = login();
    overruled.add("bob");
    overruled.add(account("u18"));
    assertThat(overruled.is(before)).isFalse();
  }

  @Test
  void whoIsForgottenCountsForEverybody() {
    BackendConnection.Login before = login();
    overruled.add(account);
    for (int i = 0; i < MANY; i++) {
      overruled.add("u" + i + "@elsewhere");
    }
    assertThat(overruled.is(before)).isTrue();
    assertThat(overruled.is(login())).isFalse();
  }
}
