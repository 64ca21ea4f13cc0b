package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.ResponseLine;
import org.junit.jupiter.api.Test;

class StatusReplyTest {
  private final StatusReply reply = new StatusReply();

  @Test
  void numbersAreReadInAnyOrderAndCase() {
    assertThat(hear("* STATUS INBOX (HighestModSeq 50 MESSAGES 3 uidnext 14 uidValidity 7)"))
        .isTrue();

    assertThat(reply.uidValidity()).isEqualTo(7);
    assertThat(reply.uidNext()).isEqualTo(14);
    assertThat(reply.highestModSeq()).isEqualTo(50);
  }

  @Test
  void aNameWithParenthesesIsNotTheList() {
    assertThat(hear("* STATUS \"a (UIDNEXT 3)\" (UIDNEXT 14)")).isTrue();

    assertThat(reply.uidNext()).isEqualTo(14);
  }

  @Test
  void whatIsNotToldIsZero() {
    assertThat(hear("* STATUS INBOX ()")).isTrue();
    assertThat(hear("* STATUS INBOX (UIDNEXT many")).isTrue();

    assertThat(reply.uidValidity()).isZero();
    assertThat(reply.uidNext()).isZero();
    assertThat(reply.highestModSeq()).isZero();
  }

  @Test
  void otherResponsesAreNotTaken() {
    assertThat(hear("* 3 EXISTS")).isFalse();
    assertThat(hear("* OK [UIDNEXT 14] next")).isFalse();
    assertThat(reply.uidNext()).isZero();
  }

  private boolean hear(String line) {
    return reply.hear(ResponseLine.parse(line));
  }
}
