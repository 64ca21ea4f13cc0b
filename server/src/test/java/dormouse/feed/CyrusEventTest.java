package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.feed.Heard.Changed;
import dormouse.feed.Heard.Malformed;
import dormouse.feed.Heard.Nothing;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class CyrusEventTest {
  private static Heard event(String name, String uri) {
    return parse(
        "{\"event\":\"" + name + "\",\"uri\":\"" + uri + "\",\"modseq\":2,\"user\":\"root\"}");
  }

  private static Heard parse(String json) {
    return CyrusEvent.parse(json.getBytes(StandardCharsets.UTF_8));
  }

  private static Heard changed(String user, @Nullable String mailbox) {
    return new Changed(user, mailbox);
  }

  @Test
  void asCyrusSaysIt() {
    assertThat(
            parse(
                """
                {"event":"MessageAppend","mailboxID":"ljsez","uri":\
                "imap://spec.example/user/c1;UIDVALIDITY=1795343010/;UID=1","modseq":2,"messages":1,\
                "vnd.cmu.unseenMessages":1,"uidnext":2,"pid":18543,"user":"c1","serverFQDN":"x"}\
                """))
        .isEqualTo(changed("c1", "INBOX"));
  }

  @Test
  void theOwnerIsInTheUriAndWhoDidItDoesNotCount() {
    assertThat(event("FlagsSet", "imap://root@mx/user/ann/Work/;UID=3"))
        .isEqualTo(changed("ann", null));
    assertThat(event("MailboxDelete", "imap://mx/user/ann/")).isEqualTo(changed("ann", "INBOX"));
    assertThat(event("FlagsSet", "imap://mx/user/j%C3%B6rg@example.org;UIDVALIDITY=1"))
        .isEqualTo(changed("jörg@example.org", "INBOX"));
    assertThat(event("FlagsSet", "imap://mx/user/ann/Work@example.org"))
        .isEqualTo(changed("ann@example.org", null));
    assertThat(event("FlagsSet", "imap://mx/user.jane^doe.Work;UIDVALIDITY=1"))
        .isEqualTo(changed("jane.doe", null));
  }

  @Test
  void whatIsNobodysOrToldTwiceSaysNothing() {
    assertThat(event("MailboxModseq", "imap://mx/user/ann")).isInstanceOf(Nothing.class);
    assertThat(event("MessageAppend", "imap://mx/shared/news")).isInstanceOf(Nothing.class);
    assertThat(event("Login", "imap://mx")).isInstanceOf(Nothing.class);
    assertThat(event("Login", "http://mx/user/ann")).isInstanceOf(Nothing.class);
  }

  @Test
  void whatIsNoEventIsRefused() {
    assertThat(parse("[]")).isInstanceOf(Malformed.class);
    assertThat(parse("{\"event\":\"x\"}")).isInstanceOf(Malformed.class);
    assertThat(event("FlagsSet", "imap://mx/user/")).isInstanceOf(Nothing.class);
    assertThat(event("FlagsSet", "imap://mx/user//Work")).isInstanceOf(Malformed.class);
    assertThat(event("FlagsSet", "imap://mx/user/%4")).isEqualTo(changed("%4", "INBOX"));
  }
}
