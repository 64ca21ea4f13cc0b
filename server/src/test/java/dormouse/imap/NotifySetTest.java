package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.sleep.Sleeper.Hears;
import dormouse.imap.sleep.StayReason;
import org.junit.jupiter.api.Test;

class NotifySetTest {
  @Test
  void ofTheSelectedMailboxASleeperHearsAll() {
    NotifySet set = NotifySet.parse("SET (SELECTED (MessageNew MessageExpunge FlagChange))");
    assertThat(set.reason()).isNull();
    assertThat(set.hears()).isEqualTo(Hears.ALL);
    assertThat(set.command())
        .isEqualTo("NOTIFY SET (SELECTED (MESSAGENEW MESSAGEEXPUNGE FLAGCHANGE))");
  }

  @Test
  void whatIsGoneMayWait() {
    NotifySet set =
        NotifySet.parse("set status (selected-delayed (flagchange messagenew messageexpunge))");
    assertThat(set.reason()).isNull();
    assertThat(set.hears()).isEqualTo(Hears.ALL_BUT_GONE);
    assertThat(set.command()).startsWith("NOTIFY SET (SELECTED-DELAYED (");
  }

  @Test
  void noneIsNothing() {
    assertThat(NotifySet.parse("NONE")).isEqualTo(NotifySet.NONE);
    assertThat(NotifySet.parse(" none ")).isEqualTo(NotifySet.NONE);
  }

  @Test
  void allElseHasAReasonToStay() {
    String all = "(MessageNew MessageExpunge FlagChange)";
    expect(StayReason.NOTIFY_MAILBOXES, "SET (personal (MessageNew MessageExpunge))");
    expect(StayReason.NOTIFY_MAILBOXES, "SET (selected " + all + ") (subtree (a b) " + all + ")");
    expect(StayReason.NOTIFY_MAILBOXES, "SET STATUS (mailboxes {3+}\r\nabc " + all + ")");
    expect(
        StayReason.NOTIFY_FETCH,
        "SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange))");
    expect(StayReason.NOTIFY_EVENTS, "SET (SELECTED (MessageNew MessageExpunge))");
    expect(StayReason.NOTIFY_EVENTS, "SET (SELECTED (MessageNew MessageExpunge FlagChange X))");
    expect(StayReason.NOTIFY_EVENTS, "SET (SELECTED NONE)");
    expect(StayReason.NOTIFY_EVENTS, "SET (SELECTED " + all + ") (SELECTED " + all + ")");
    expect(StayReason.NOTIFY_EVENTS, "SET");
    expect(StayReason.NOTIFY_EVENTS, ""); // too long to be kept
  }

  private static void expect(StayReason reason, String arguments) {
    NotifySet set = NotifySet.parse(arguments);
    assertThat(set.reason()).as(arguments).isEqualTo(reason);
    assertThat(set.hears()).isEqualTo(Hears.NOTHING);
    assertThat(set.command()).isEmpty();
  }
}
