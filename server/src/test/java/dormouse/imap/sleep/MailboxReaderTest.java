package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.OwnConnection;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Which flags are asked for, of whom some sleep with mod-sequences and others with the flags themselves.
class MailboxReaderTest {
  private static final UidSet UIDS = UidSet.of(11, 12);

  private final OwnConnection backend = new OwnConnection();
  private final UserMailboxes home = new OneLoop().of(new Ann());
  private int mostPlain = 2;
  private int tag;

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void whoSleptWithNumbersHearsAllFlagsWhereThereAreNone() {
    MailboxReader reader = opened("IMAP4rev1");
    var reading = reader.first(List.of(numbered(50)), /* expectsNothing= */ false);
    searched();
    MailboxReader.Reading.Read read = read(reading, "UID FETCH 1:* (FLAGS)");
    assertThat(read.present().everyFlag()).isTrue();
    assertThat(read.flags()).isEqualTo(FlagMap.builder(UIDS).build());
  }

  @Test
  void nothingThatTakesNumbersIsAskedInAMailboxThatHasNone() {
    MailboxReader reader = opened("CONDSTORE", "* OK [NOMODSEQ] none");
    List<Sleeper> served = List.of(numbered(50), flagged());
    var first = reader.first(served, /* expectsNothing= */ false);
    searched();
    assertThat(read(first, "UID FETCH 1:* (FLAGS)").present().everyFlag()).isTrue();

    var next = reader.next(served, /* stirred= */ true);
    says("NOOP");
    searched();
    assertThat(read(next, "UID FETCH 1:* (FLAGS)").flags()).isNotNull();
    assertThat(reader.view()).isNull();
    assertThat(reader.condstore()).isTrue(); // it is on all the same
  }

  @Test
  void norInOneThatHasLostThem() {
    MailboxReader reader = opened("CONDSTORE", "* OK [HIGHESTMODSEQ 50] ok");
    List<Sleeper> served = List.of(numbered(50));
    var first = reader.first(served, /* expectsNothing= */ false);
    searched();
    assertThat(read(first, "UID FETCH 1:12 (FLAGS) (CHANGEDSINCE 50)").flags()).isNull();
    assertThat(reader.numbersChanges()).isTrue();

    var next = reader.next(served, /* stirred= */ false);
    says("NOOP");
    says(
        "STATUS INBOX (UIDVALIDITY UIDNEXT HIGHESTMODSEQ)",
        "* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 13 HIGHESTMODSEQ 0)");
    says("NOOP");
    searched();
    assertThat(read(next, "UID FETCH 1:* (FLAGS)").present().everyFlag()).isTrue();
    assertThat(reader.numbersChanges()).isFalse();
  }

  /// As where a proxy hides CONDSTORE, or an operator because it does not work.
  @Test
  void aNumberCountsForNothingWhereChangesHaveNone() {
    MailboxReader reader =
        opened(
            "IMAP4rev1", "* OK [UIDNEXT 13] ok", "* OK [HIGHESTMODSEQ 50] not that it means much");
    var reading = reader.first(List.of(numbered(50)), /* expectsNothing= */ true);
    searched();
    assertThat(read(reading, "UID FETCH 1:* (FLAGS)").flags()).isNotNull();
  }

  @Test
  void flagsAndNumbersAreNotCompared() {
    MailboxReader reader = opened("CONDSTORE", "* OK [NOMODSEQ] none");
    var reading = reader.first(List.of(numbered(50), flagged()), /* expectsNothing= */ false);
    searched();
    assertThat(read(reading, "UID FETCH 1:* (FLAGS)").flags()).isNotNull();
    assertThat(reader.differsFrom(numbered(50).view())).isFalse();
    assertThat(reader.differsFrom(numbered(50, UidSet.of(11)).view())).isTrue();
    assertThat(reader.differsFrom(flagged().view())).isFalse();
    FlagMap.Builder seen = FlagMap.builder(UIDS);
    seen.put(11, "\\Seen");
    assertThat(reader.differsFrom(sleeper(0, UIDS, seen.build()).view())).isTrue();
  }

  @Test
  void allFlagsAreReadForOneWhoSleptWithThem() {
    MailboxReader reader = opened("CONDSTORE", "* OK [HIGHESTMODSEQ 50] ok");
    var reading = reader.first(List.of(numbered(40), flagged()), /* expectsNothing= */ false);
    searched();
    assertThat(read(reading, "UID FETCH 1:12 (FLAGS MODSEQ)").flags()).isNull();
  }

  /// As long as somebody sleeps there by the numbers of before: who has its flags goes on.
  @Test
  void aLargeMailboxWithoutNumbersIsNotReadWhole() {
    mostPlain = 1;
    MailboxReader reader = opened("IMAP4rev1");
    Sleeper numbered = numbered(50);
    Sleeper flagged = flagged();
    assertThat(reader.first(List.of(flagged, numbered), /* expectsNothing= */ false))
        .isCompletedWithValue(new MailboxReader.Reading.TooLarge());
    assertThat(reader.isTooLargeFor(numbered.view())).isTrue();
    assertThat(reader.isTooLargeFor(flagged.view())).isFalse();
    var reading = reader.first(List.of(flagged), /* expectsNothing= */ false);
    searched();
    assertThat(read(reading, "UID FETCH 1:* (FLAGS)").flags()).isNotNull();
  }

  @Test
  void itIsReadOnceThoseHaveLeftForWhomItIsTooLarge() {
    mostPlain = 1;
    MailboxReader reader = opened("IMAP4rev1");
    Sleeper gone = numbered(50);
    gone.watch = null; // while the backend was asked something
    var reading = reader.first(List.of(flagged(), gone), /* expectsNothing= */ false);
    searched();
    assertThat(read(reading, "UID FETCH 1:* (FLAGS)").flags()).isNotNull();
  }

  @Test
  void itIsNotReadForNobody() {
    isNotReadFor(List.of());
  }

  @Test
  void norForWhoHasLeftWithItsNumbers() {
    Sleeper gone = numbered(50);
    gone.watch = null;
    isNotReadFor(List.of(gone));
  }

  @Test
  void norForWhoHasLeftWithItsFlags() {
    Sleeper gone = flagged();
    gone.watch = null;
    isNotReadFor(List.of(gone));
  }

  private void isNotReadFor(List<Sleeper> served) {
    mostPlain = 1;
    assertThat(opened("IMAP4rev1").first(served, /* expectsNothing= */ false))
        .isCompletedWithValue(new MailboxReader.Reading.TooLarge());
  }

  @Test
  void oneWithNumbersMayBeLarge() {
    mostPlain = 1;
    MailboxReader reader = opened("CONDSTORE", "* OK [HIGHESTMODSEQ 51] ok");
    var reading = reader.first(List.of(numbered(50)), /* expectsNothing= */ false);
    searched();
    assertThat(read(reading, "UID FETCH 1:12 (FLAGS) (CHANGEDSINCE 50)").flags()).isNull();
  }

  private MailboxReader opened(String capabilities, String... codes) {
    MailboxReader reader =
        new MailboxReader(
            backend.connection(), Capabilities.parse(capabilities).features(), "INBOX", mostPlain);
    var opened = reader.examine();
    backend.say("* 2 EXISTS", "* OK [UIDVALIDITY 7] ok");
    backend.say(codes.length == 0 ? new String[] {"* OK [UIDNEXT 13] ok"} : codes);
    tag++;
    assertThat(backend.heard()).startsWith("zz1 EXAMINE INBOX");
    backend.say("zz1 OK done");
    assertThat(opened.join().ok()).isTrue();
    return reader;
  }

  private void searched() {
    says("UID SEARCH ALL", "* SEARCH 11 12");
  }

  private void says(String command, String... answers) {
    tag++;
    assertThat(backend.heard()).isEqualTo("zz" + tag + " " + command + "|");
    for (String answer : answers) {
      backend.say(answer);
    }
    backend.say("zz" + tag + " OK done");
  }

  private MailboxReader.Reading.Read read(
      CompletableFuture<MailboxReader.Reading> reading, String fetch) {
    says(fetch);
    assertThat(reading).isDone();
    return (MailboxReader.Reading.Read) reading.join();
  }

  private Sleeper numbered(long highestModSeq) {
    return numbered(highestModSeq, UIDS);
  }

  private Sleeper numbered(long highestModSeq, UidSet uids) {
    return sleeper(highestModSeq, uids, null);
  }

  private Sleeper flagged() {
    return sleeper(0, UIDS, FlagMap.builder(UIDS).build());
  }

  private Sleeper sleeper(long highestModSeq, UidSet uids, @Nullable FlagMap flags) {
    Grant grant =
        Objects.requireNonNull(
            Grant.of(
                new Credentials("ann", "", new byte[] {'x'}),
                backend.connection().backend(),
                _ -> null,
                /* keepPassword= */ true,
                /* standing= */ null));
    Sleeper sleeper =
        new Sleeper(
            new Snapshot.Result.Taken(
                new MailboxView(7, 13, highestModSeq, uids, flags), Proof.STALE, OwnSets.NONE),
            Told.PLAIN,
            /* rev2= */ false,
            grant,
            new Silent("INBOX"));
    sleeper.watch = new MailboxWatch(home, "INBOX");
    sleeper.hears(Sleeper.Hears.ALL);
    return sleeper;
  }
}
