package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.OwnConnection;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.UidSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ViewReaderTest {
  private final OwnConnection backend = new OwnConnection();
  private final SelectedMailbox mailbox = new SelectedMailbox("INBOX", true);

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void asManyUidsAsMessagesAreAccepted() {
    exists(3);
    var uids = reader("ESEARCH", ViewReader.Acceptance.NOTHING_AFTER).uids();

    assertThat(backend.heard()).isEqualTo("zz1 UID SEARCH RETURN (ALL) ALL|");
    backend.say("* ESEARCH (TAG \"zz1\") UID ALL 2,5:6", "zz1 OK done");
    assertThat(uids.join()).isEqualTo(UidSet.of(2, 5, 6));
  }

  @Test
  void theOldSearchIsUnderstoodToo() {
    exists(3);
    var uids = reader("", ViewReader.Acceptance.NOTHING_AFTER).uids();

    assertThat(backend.heard()).isEqualTo("zz1 UID SEARCH ALL|");
    backend.say("* SEARCH 6 2 5", "zz1 OK done");
    assertThat(uids.join()).isEqualTo(UidSet.of(2, 5, 6));
  }

  @Test
  void nothingFoundMayBeSaidInThreeWays() {
    for (String nothing : new String[] {"* ESEARCH (TAG \"x\") UID", "* SEARCH", "* OK nothing"}) {
      try (OwnConnection other = new OwnConnection()) {
        var uids =
            new ViewReader(
                    other.connection(),
                    features("ESEARCH"),
                    ViewReader.Acceptance.NOTHING_AFTER,
                    mailbox::exists,
                    mailbox::hear)
                .uids();
        other.say(nothing, "zz1 OK done");
        assertThat(uids.join()).isEqualTo(UidSet.EMPTY);
      }
    }
  }

  @Test
  void aCountThatDisagreesIsAskedForAgain() {
    exists(3);
    var uids = reader("ESEARCH", ViewReader.Acceptance.CHANGES_AFTER).uids();

    backend.say("* ESEARCH (TAG \"x\") UID ALL 2,5", "zz1 OK done");
    backend.say("* 1 EXPUNGE", "zz2 OK done");
    assertThat(uids).isNotDone();
    backend.say("* ESEARCH (TAG \"x\") UID ALL 2,5", "zz3 OK done");
    assertThat(uids.join()).isEqualTo(UidSet.of(2, 5));
    assertThat(backend.heard()).contains("|zz2 NOOP|zz3 UID SEARCH");
  }

  @Test
  void afterFiveRoundsItIsGivenUp() {
    exists(3);
    ViewReader reader = reader("ESEARCH", ViewReader.Acceptance.CHANGES_AFTER);
    var uids = reader.uids();

    for (int tag = 1; tag <= 9; tag += 2) {
      assertThat(uids).isNotDone();
      backend.say("* ESEARCH (TAG \"x\") UID ALL 2", "zz" + tag + " OK done");
      backend.say("zz" + (tag + 1) + " OK done");
    }
    assertThat(uids.join()).isNull();
    assertThat(reader.lost()).isFalse();
  }

  @Test
  void changesBehindTheAnswerVoidItOrAreKept() {
    exists(2);
    ViewReader reader = reader("ESEARCH", ViewReader.Acceptance.CHANGES_AFTER);
    var uids = reader.uids();

    backend.say("* 1 FETCH (FLAGS ())", "* ESEARCH (TAG \"x\") UID ALL 2,5", "* 3 EXISTS");
    backend.say("* 1 EXPUNGE", "zz1 OK done");
    assertThat(uids.join()).isEqualTo(UidSet.of(2, 5));
    assertThat(reader.after())
        .extracting(ResponseLine::text)
        .containsExactly("* 3 EXISTS", "* 1 EXPUNGE");
    assertThat(reader.changedAfter()).isTrue();

    var strict = reader("ESEARCH", ViewReader.Acceptance.NOTHING_AFTER).uids();
    backend.say("* ESEARCH (TAG \"x\") UID ALL 5:6", "* VANISHED 6", "zz2 OK done");
    assertThat(strict).isNotDone();
  }

  @Test
  void theAnswersOfTheNextCommandAreKeptInOrder() {
    exists(1);
    ViewReader reader = reader("ESEARCH", ViewReader.Acceptance.CHANGES_AFTER);
    var uids = reader.uids();
    backend.say("* ESEARCH (TAG \"x\") UID ALL 2", "* 2 EXISTS", "zz1 OK done");
    assertThat(uids.join()).isEqualTo(UidSet.of(2));

    var flags = reader.thenRun("UID FETCH 1:2 (FLAGS)");
    backend.say("* 1 FETCH (UID 2 FLAGS ())", "zz2 OK done");
    assertThat(flags.join().ok()).isTrue();
    assertThat(reader.after())
        .extracting(ResponseLine::text)
        .containsExactly("* 2 EXISTS", "* 1 FETCH (UID 2 FLAGS ())");
  }

  @Test
  void aRefusalIsNotALoss() {
    exists(1);
    ViewReader reader = reader("ESEARCH", ViewReader.Acceptance.CHANGES_AFTER);
    var uids = reader.uids();

    backend.say("zz1 NO no");
    assertThat(uids.join()).isNull();
    assertThat(reader.lost()).isFalse();
  }

  @Test
  void aLossIsToldApart() {
    exists(1);
    ViewReader reader = reader("ESEARCH", ViewReader.Acceptance.CHANGES_AFTER);
    CompletableFuture<@Nullable UidSet> uids = reader.uids();

    backend.close();
    assertThat(uids.join()).isNull();
    assertThat(reader.lost()).isTrue();
  }

  private void exists(long count) {
    mailbox.exists(count);
  }

  private ViewReader reader(String capabilities, ViewReader.Acceptance acceptance) {
    return new ViewReader(
        backend.connection(), features(capabilities), acceptance, mailbox::exists, mailbox::hear);
  }

  private static BackendFeatures features(String capabilities) {
    return Capabilities.parse(capabilities).features();
  }
}
