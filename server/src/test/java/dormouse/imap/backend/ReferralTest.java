package dormouse.imap.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.LoginResult;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReferralTest {
  @ParameterizedTest
  @CsvSource({
    "imap://ann;AUTH=PLAIN@192.0.2.7:1143/,ann,192.0.2.7,1143",
    "imap://ann;AUTH=*@mx2.example.org/,ann,mx2.example.org,0",
    "imap://ann@mx2:143,ann,mx2,0",
    "IMAP://mx2/,'',mx2,0",
    "imap://;AUTH=LOGIN@mx2/,'',mx2,0",
    "imap://ann%40example.org@[2001:db8::1]:993/,ann@example.org,2001:db8::1,993",
    "imap://J%C3%B6rg@mx2/,J\u00f6rg,mx2,0"
  })
  void whereToIsRead(String url, String user, String host, int port) {
    assertThat(of("REFERRAL " + url)).isEqualTo(new Referral(user, host, port));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "REFERRAL",
        "REFERRAL ",
        "REFERRAL http://mx2/",
        "REFERRAL imap://mx2/INBOX",
        "REFERRAL imap://mx2:99999/",
        "REFERRAL imap://mx2:143x/",
        "REFERRAL imap://an%4@mx2/",
        "REFERRAL imap://a b@mx2/",
        "REFERRAL imap://mx2/ imap://mx3/",
        "LIMIT"
      })
  void whatIsNoServerIsNone(String code) {
    assertThat(of(code)).isNull();
  }

  @Test
  void itIsForTheUserOrForTheMailboxes() {
    Referral ann = new Referral("ann", "mx2", 0);
    assertThat(ann.isFor("ann", "ann")).isTrue();
    assertThat(ann.isFor("master", "ann")).isTrue();
    assertThat(ann.isFor("bob", "bob")).isFalse();
    assertThat(new Referral("", "mx2", 0).isFor("bob", "bob")).isTrue();
  }

  private static @Nullable Referral of(String code) {
    return Referral.of(new LoginResult.Rejected(code, "Try this server instead."));
  }
}
