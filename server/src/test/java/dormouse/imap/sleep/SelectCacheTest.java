package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.StatusCacheSettings;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What is kept and what makes room; what is answered by it stands in the transcripts `select-…`.
class SelectCacheTest {
  private static final String UNKNOWN = "dormouse_select_commands_total{outcome=\"unknown\"}";

  private final OneLoop loop = new OneLoop();
  private final UserMailboxes home = loop.of(new Ann());

  @Test
  void whatHasNoRoomAtAllTakesNoneFromOthers() {
    loop.room.serve(new StatusCacheSettings(2048, 1 << 20));
    SelectQuery inbox = query("INBOX");
    answered(inbox);
    home.answers()
        .selects()
        .saw("INBOX", view(UidSet.of(11, 12, 13)), home.changes().proof("INBOX"));
    assertThat(known(inbox)).isTrue();

    answered(query("Archive"));
    UidSet.Builder scattered = UidSet.builder();
    Random random = new Random(1);
    for (long uid = 1; uid < 100_000; uid += 2 + random.nextInt(9)) {
      scattered.add(uid);
    }
    MailboxView large = view(scattered.build());
    assertThat(large.keptBytes()).isGreaterThan(2048);
    home.answers().selects().saw("\"Archive\"", large, home.changes().proof("\"Archive\""));
    assertThat(known(inbox)).isTrue();
  }

  /// Whether an answer and a reading are kept; nobody hears of changes here, so that none is given.
  private boolean known(SelectQuery query) {
    double before = metric();
    assertThat(home.answers().selects().find(query, /* left= */ false)).isNull();
    return metric() == before;
  }

  private double metric() {
    return loop.metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith(UNKNOWN + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(UNKNOWN.length() + 1)))
        .sum();
  }

  private static SelectQuery query(String mailbox) {
    return Objects.requireNonNull(SelectQuery.of(Verb.SELECT, mailbox, new ClientFeatures()));
  }

  private void answered(SelectQuery query) {
    SelectedMailbox opened = query.mailbox();
    SelectCache.Asked asked = home.answers().selects().ask(query);
    for (String line :
        List.of(
            "* FLAGS (\\Seen)",
            "* 3 EXISTS",
            "* 0 RECENT",
            "* OK [UIDVALIDITY 7] ok",
            "* OK [UIDNEXT 14] ok",
            "* OK [HIGHESTMODSEQ 50] ok")) {
      opened.hear(ResponseLine.parse(line));
      asked.hear(ResponseLine.parse(line));
    }
    asked.answered(ResponseLine.parse("a1 OK [READ-WRITE] done"), opened, /* left= */ false);
  }

  private static MailboxView view(UidSet uids) {
    return new MailboxView(7, uids.last() + 1, 50, uids, null);
  }
}
