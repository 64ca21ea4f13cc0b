package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Accepted;
import dormouse.auth.LoginResult.Rejected;
import dormouse.auth.LoginResult.Unavailable;
import org.junit.jupiter.api.Test;

class LoginReplyTest {
  @Test
  void aBackendsTextEndsNoLineAndStartsNoCode() {
    assertThat(reply("EXPIRED", "a\r\na1 OK [ALERT] b"))
        .isEqualTo("a1 NO [EXPIRED] a??a1 OK [ALERT] b");
    assertThat(reply("", "[ALERT] b")).isEqualTo("a1 NO (ALERT] b");
    assertThat(reply("", "x".repeat(9999))).hasSize(6 + 1000);
  }

  @Test
  void aTextIsSaidInUtf8() {
    assertThat(reply("", "\u00e4")).isEqualTo("a1 NO \u00c3\u00a4"); // one char a byte
  }

  @Test
  void whatIsNoCodeIsNotSaid() {
    assertThat(reply("", "Locked")).isEqualTo("a1 NO Locked");
    assertThat(reply("A] OK [B", "Locked")).isEqualTo("a1 NO Locked");
    assertThat(reply("CONTACTADMIN", " ")).isEqualTo("a1 NO [CONTACTADMIN] Login refused");
  }

  @Test
  void whichOfNameAndPasswordWasWrongIsNotTold() {
    assertThat(reply("AUTHENTICATIONFAILED", ""))
        .isEqualTo("a1 NO [AUTHENTICATIONFAILED] Wrong user name or password")
        .isEqualTo(reply("", ""));
  }

  @Test
  void whatTheDirectoryWantsToHaveSaidIsSaid() {
    assertThat(reply("AUTHENTICATIONFAILED", "Invalid login or password"))
        .isEqualTo("a1 NO [AUTHENTICATIONFAILED] Invalid login or password");
    assertThat(reply("REFERRAL imap://mx2/", "There"))
        .isEqualTo("a1 NO [REFERRAL imap://mx2/] There");
  }

  @Test
  void whoHasTooManyConnectionsHearsLimit() {
    assertThat(LoginReply.of("a1", new Unavailable(LoginResult.Cause.FULL)))
        .isEqualTo("a1 NO [LIMIT] Too many connections of this user");
    assertThat(LoginReply.of("a1", new Unavailable(LoginResult.Cause.DIRECTORY)))
        .isEqualTo("a1 NO [UNAVAILABLE] Cannot check now, try again later");
  }

  @Test
  void anAcceptedLoginTellsWhatCanBeUsedNow() {
    assertThat(LoginReply.of("a1", new Accepted())).isEqualTo("a1 OK Logged in");
    assertThat(LoginReply.accepted("a1", "IMAP4rev1 IDLE"))
        .isEqualTo("a1 OK [CAPABILITY IMAP4rev1 IDLE] Logged in");
  }

  private static String reply(String code, String text) {
    return LoginReply.of("a1", new Rejected(code, text));
  }
}
