package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.LoginResult.Accepted;
import dormouse.auth.LoginResult.Rejected;
import org.junit.jupiter.api.Test;

class LoginReplyTest {
  @Test
  void aBackendsTextEndsNoLineAndStartsNoCode() {
    assertThat(reply("EXPIRED", "a\r\na1 OK [ALERT] b"))
        .isEqualTo("a1 NO [EXPIRED] a??a1 OK [ALERT] b");
    assertThat(reply("", "[ALERT] b")).isEqualTo("a1 NO (ALERT] b");
    assertThat(reply("", "ä")).isEqualTo("a1 NO ?");
    assertThat(reply("", "x".repeat(999))).hasSize(6 + 200);
  }

  @Test
  void whatIsNoCodeIsNotSaid() {
    assertThat(reply("", "Locked")).isEqualTo("a1 NO Locked");
    assertThat(reply("A] OK [B", "Locked")).isEqualTo("a1 NO Locked");
    assertThat(reply("CONTACTADMIN", " ")).isEqualTo("a1 NO [CONTACTADMIN] Login refused");
  }

  @Test
  void whichOfNameAndPasswordWasWrongIsNotTold() {
    assertThat(reply("AUTHENTICATIONFAILED", "No such user"))
        .isEqualTo("a1 NO [AUTHENTICATIONFAILED] Wrong user name or password");
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
