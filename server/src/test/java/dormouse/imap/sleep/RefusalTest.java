package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.LoginResult;
import dormouse.imap.backend.OwnConnection;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import dormouse.session.CloseReason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RefusalTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "AUTHENTICATIONFAILED",
        "AUTHORIZATIONFAILED",
        "EXPIRED",
        "CONTACTADMIN",
        "PRIVACYREQUIRED"
      })
  void aLoginRefusedForGoodEndsTheSession(String code) {
    Refusal refusal = Refusal.of(new LoginResult.Rejected(code, "no"));

    assertThat(refusal)
        .isEqualTo(
            new Refusal(CloseReason.LOGIN_REFUSED_AT_WAKE, "[AUTHORIZATIONFAILED] Session ended"));
  }

  @Test
  void whatTheDirectorySaysIsToldAsOneLine() {
    assertThat(Refusal.byDirectory(" ").bye()).isEqualTo("[AUTHORIZATIONFAILED] Session ended");
    assertThat(Refusal.byDirectory("[X] Gone\r\n* OK").bye())
        .isEqualTo("[AUTHORIZATIONFAILED] (X] Gone??* OK");
  }

  @Test
  void anyOtherLoginTroubleMayPass() {
    assertThat(Refusal.of(new LoginResult.Rejected("ALERT", "no"))).isNull();
    for (LoginResult.Cause cause : LoginResult.Cause.values()) {
      assertThat(Refusal.of(new LoginResult.Unavailable(cause))).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "NO [NONEXISTENT] gone",
        "NO [NOPERM] not yours",
        "NO gone",
        "BAD what",
        "NO [X] y"
      })
  void aMailboxThatCannotBeSelectedIsGone(String answer) {
    assertThat(select(answer)).extracting(Refusal::reason).isEqualTo(CloseReason.MAILBOX_CHANGED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT"})
  void aMailboxThatCannotBeSelectedNowIsTriedAgain(String code) {
    assertThat(select("NO [" + code + "] later")).isNull();
    assertThat(Refusal.ofSelect(Reply.GONE)).isNull();
  }

  private static @Nullable Refusal select(String answer) {
    try (OwnConnection backend = new OwnConnection()) {
      var reply = backend.connection().run("SELECT x", _ -> {});
      backend.say("zz1 " + answer);
      return Refusal.ofSelect(reply.join());
    }
  }

  @Test
  void theSameMailboxIsNoReason() {
    assertThat(mailbox(7, 14)).isNull();
    assertThat(mailbox(7, 20)).isNull();
    assertThat(mailbox(7, 0)).as("UIDNEXT not told").isNull();
  }

  @Test
  void anotherMailboxByTheSameNameIs() {
    assertThat(mailbox(8, 14)).extracting(Refusal::bye).isEqualTo("Mailbox UIDVALIDITY changed");
    assertThat(mailbox(0, 14)).extracting(Refusal::bye).isEqualTo("Mailbox UIDVALIDITY changed");
  }

  @Test
  void uidsThatShrinkAre() {
    assertThat(mailbox(7, 13)).isEqualTo(Refusal.INCONSISTENT);
  }

  private static @Nullable Refusal mailbox(long uidValidity, long uidNext) {
    SelectedMailbox now = new SelectedMailbox("INBOX", false);
    if (uidValidity > 0) {
      now.hear(ResponseLine.parse("* OK [UIDVALIDITY " + uidValidity + "] ok"));
    }
    if (uidNext > 0) {
      now.hear(ResponseLine.parse("* OK [UIDNEXT " + uidNext + "] ok"));
    }
    return Refusal.ofMailbox(new MailboxView(7, 14, 50, UidSet.of(11, 12, 13), null), now);
  }
}
