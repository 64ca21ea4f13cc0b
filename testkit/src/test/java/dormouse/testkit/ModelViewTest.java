package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ModelViewTest {
  private static final ModelCommand NOOP = ModelCommand.of("NOOP");

  @Test
  void expungesShiftWhatFollows() {
    var view = view(ModelMode.PLAIN);
    hear(view, "NOOP", "* 2 EXPUNGE", "* 2 EXPUNGE", "* 3 EXISTS", "* 2 FETCH (FLAGS (\\Seen))");
    assertThat(view.unknown()).containsExactly(3);
    hear(view, "UID FETCH 41:* (UID FLAGS)", "* 3 FETCH (UID 50 FLAGS (\\Recent $a))");
    assertThat(view.difference(truth(10, Set.of(), 40, Set.of("\\seen"), 50, Set.of("$a"))))
        .isNull();
  }

  @Test
  void vanishedTakesUidsKnownAndNot() {
    var view = view(ModelMode.QRESYNC);
    hear(view, "NOOP", "* 6 EXISTS", "* VANISHED 20,40,51");
    assertThat(view.size()).isEqualTo(3);
    assertThat(view.uid(1)).isEqualTo(10);
    assertThat(view.uid(2)).isEqualTo(30);
    assertThat(view.uid(3)).isZero();
  }

  @Test
  void whatHasVanishedVanishesNoSecondTime() {
    var view = view(ModelMode.QRESYNC);
    hear(
        view,
        "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 100 VANISHED)",
        "* 6 EXISTS", // 41 and 42, which are not known by their UIDs yet
        "* VANISHED 30,42",
        "* VANISHED (EARLIER) 30,42",
        "* 4 FETCH (UID 41 FLAGS ())");
    assertThat(view.size()).isEqualTo(4);
  }

  @Test
  void whatVanishedBeforeIsNoneOfThoseAnnouncedSince() {
    var view = view(ModelMode.QRESYNC);
    hear(view, "NOOP", "* VANISHED 20,40", "* 4 EXISTS");
    hear(
        view,
        "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 100 VANISHED)",
        "* VANISHED (EARLIER) 20,40",
        "* 3 FETCH (UID 41 FLAGS ())",
        "* 4 FETCH (UID 42 FLAGS ())");
    assertThat(view.size()).isEqualTo(4);
    hear(view, "NOOP", "* 6 EXISTS", "* VANISHED 42,43"); // 43 is one of the two new ones
    assertThat(view.size()).isEqualTo(4);
  }

  @Test
  void aSavedResultIsWhatWasFoundLessWhatIsGone() {
    var view = view(ModelMode.PLAIN);
    hear(view, "SEARCH RETURN (SAVE ALL) SEEN", "* ESEARCH (TAG \"x\") ALL 1:2,4");
    assertThat(view.saved()).containsExactly(10L, 20L, 40L);
    hear(view, "NOOP", "* 2 EXPUNGE", "* 4 EXISTS");
    assertThat(view.saved()).containsExactly(10L, 40L);
    hear(view, "UID SEARCH RETURN (SAVE ALL) SEEN", "* ESEARCH (TAG \"x\") UID ALL 30");
    assertThat(view.saved()).containsExactly(30L);
    hear(view, "SEARCH RETURN (SAVE ALL) ALL", "* ESEARCH (TAG \"x\") ALL 1:4");
    assertThat(view.saved()).isNull(); // the fourth has a UID that was not told
    view.close();
    assertThat(view.saved()).isEmpty();
  }

  @Test
  void whoWantsToHearAtAnyTimeMayHearOfExpunges() {
    var view = view(ModelMode.PLAIN);
    assertThatThrownBy(() -> view.apply("* 1 EXPUNGE", ModelCommand.NONE))
        .isInstanceOf(Violation.class);
    view.unasked(true);
    view.apply("* 1 EXPUNGE", ModelCommand.NONE);
    assertThat(view.size()).isEqualTo(3);
  }

  @Test
  void whatWasKeptAndWhatIsToldMakeTheViewAgain() {
    var kept =
        new OfflineView(
            7, 100, new TreeMap<>(Map.of(10L, Set.of(), 20L, Set.of(), 30L, Set.of("\\seen"))));
    assertThat(kept.parameters()).isEqualTo("(QRESYNC (7 100 10,20,30))");
    var view = new ModelView(ModelMode.QRESYNC, ServerTraits.DOVECOT);
    hear(
        view,
        "SELECT INBOX " + kept.parameters(),
        "* FLAGS (\\Seen $a)",
        "* 3 EXISTS",
        "* OK [UIDVALIDITY 7] Valid",
        "* OK [HIGHESTMODSEQ 120] Highest",
        "* VANISHED (EARLIER) 20",
        "* 1 FETCH (UID 10 FLAGS ($a) MODSEQ (110))");
    view.resume(kept);
    assertThat(view.unknown()).containsExactly(3);
    assertThat(view.difference(truth(10, Set.of("$a"), 30, Set.of("\\seen"), 40, Set.of())))
        .isNull();
    assertThat(view.offline()).isNull();
    hear(view, "FETCH 3 (UID FLAGS)", "* 3 FETCH (UID 40 FLAGS ())");
    assertThat(Objects.requireNonNull(view.offline()).parameters())
        .isEqualTo("(QRESYNC (7 120 10,30,40))");
  }

  @Test
  void aSilentStoreChangesWhatIsKnown() {
    var view = view(ModelMode.PLAIN);
    view.store(List.of(1, 2), "+FLAGS", Set.of("\\seen", "\\flagged"));
    view.store(List.of(2), "-FLAGS", Set.of("\\seen"));
    view.store(List.of(3), "FLAGS", Set.of("\\draft"));
    hear(view, "NOOP", "* 4 EXPUNGE");
    var truth =
        truth(10, Set.of("\\seen", "\\flagged"), 20, Set.of("\\flagged"), 30, Set.of("\\draft"));
    assertThat(view.difference(truth)).isNull();
  }

  @Test
  void flagsToldBesideASilentStoreAreNotKnown() {
    var view = view(ModelMode.PLAIN);
    view.store(List.of(1, 2), "FLAGS", Set.of("\\seen"));
    view.storing(List.of(1, 2));
    hear(view, "STORE 1,2 FLAGS.SILENT (\\Seen)", "* 1 FETCH (FLAGS (\\Seen))");
    view.stored();
    hear(view, "NOOP", "* 4 EXPUNGE");
    var truth = truth(10, Set.of("\\flagged"), 20, Set.of("\\seen"), 30, Set.of());
    assertThat(view.difference(truth)).isNull();
    hear(view, "NOOP", "* 1 FETCH (FLAGS (\\Seen))");
    assertThat(view.difference(truth)).contains("UID 10");
  }

  @Test
  void differencesAreSeen() {
    var view = view(ModelMode.PLAIN);
    hear(view, "NOOP", "* 4 EXPUNGE");
    assertThat(view.difference(truth(10, Set.of(), 20, Set.of(), 40, Set.of()))).contains("UID 30");
    assertThat(view.difference(truth(10, Set.of(), 20, Set.of("\\seen"), 30, Set.of())))
        .contains("UID 20");
    assertThat(view.difference(new Truth(List.of()))).contains("3 messages known, 0 there");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PLAIN   | NOOP            | * 5 EXPUNGE",
        "PLAIN   | NOOP            | * 0 EXPUNGE",
        "PLAIN   | FETCH 1 (FLAGS) | * 1 EXPUNGE",
        "PLAIN   | STORE 1 +FLAGS a| * 1 EXPUNGE",
        "PLAIN   | SEARCH ALL      | * 1 EXPUNGE",
        "PLAIN   | NOOP            | * 3 EXISTS",
        "PLAIN   | NOOP            | * 5 RECENT",
        "PLAIN   | NOOP            | * VANISHED 10",
        "PLAIN   | NOOP            | * 1 FETCH (FLAGS () MODSEQ (5))",
        "PLAIN   | NOOP            | * 1 FETCH (UID 10)",
        "PLAIN   | NOOP            | * 1 FETCH (UID 11 FLAGS ())",
        "PLAIN   | NOOP            | * 5 FETCH (FLAGS ())",
        "PLAIN   | NOOP            | * 1 FETCH (FLAGS (unnamed))",
        "PLAIN   | NOOP            | * 1 FETCH (FLAGS ($forbidden))",
        "PLAIN   | NOOP            | * 1 FETCH (FLAGS (\\Seen)",
        "PLAIN   | NOOP            | * OK [HIGHESTMODSEQ 7] Highest",
        "PLAIN   | NOOP            | * OK [UIDNEXT 7] Next",
        "PLAIN   | NOOP            | * OK [NONSENSE] What",
        "PLAIN   | NOOP            | * SEARCH 1 2",
        "PLAIN   | SEARCH ALL      | * SEARCH 1 5",
        "PLAIN   | NOOP            | * ESEARCH (TAG \"zz1\") ALL 1",
        "PLAIN   | NOOP            | * STATUS INBOX (MESSAGES 1)",
        "PLAIN   | NOOP            | * BYE",
        "PLAIN   | NOOP            | * GARBAGE",
        "PLAIN   | UID FETCH 1 UID | * 2 FETCH (UID 10)",
        "CONDSTORE | NOOP          | * 1 FETCH (FLAGS (\\Seen))",
        "CONDSTORE | NOOP          | * VANISHED 10",
        "QRESYNC | NOOP            | * 1 EXPUNGE",
        "QRESYNC | NOOP            | * VANISHED 11",
        "QRESYNC | NOOP            | * VANISHED (EARLIER) 10",
        "QRESYNC | FETCH 1 (FLAGS) | * VANISHED 10",
        "QRESYNC | NOOP            | * 1 FETCH (FLAGS () MODSEQ (5))",
      })
  void whatMustNotBeSaidIsAViolation(ModelMode mode, String command, String response) {
    var view = view(mode);
    assertThatThrownBy(() -> view.apply(response, ModelCommand.of(command)))
        .isInstanceOf(Violation.class);
  }

  @ParameterizedTest
  @EnumSource(ModelMode.class)
  void nothingButNewsComesWhileNoCommandRuns(ModelMode mode) {
    var view = view(mode);
    view.apply("* 5 EXISTS", ModelCommand.NONE);
    for (String response : List.of("* 1 EXPUNGE", "* VANISHED 10", "* CAPABILITY IMAP4rev1")) {
      assertThatThrownBy(() -> view.apply(response, ModelCommand.NONE))
          .isInstanceOf(Violation.class);
    }
  }

  @Test
  void nothingOfAMailboxComesWhenNoneIsSelected() {
    var view = new ModelView(ModelMode.PLAIN, ServerTraits.DOVECOT);
    for (String response : List.of("* 1 EXISTS", "* 1 EXPUNGE", "* FLAGS (\\Seen)")) {
      assertThatThrownBy(() -> view.apply(response, NOOP)).isInstanceOf(Violation.class);
    }
  }

  /// Four messages with UIDs 10, 20, 30, 40 and no flags.
  private static ModelView view(ModelMode mode) {
    var view = new ModelView(mode, ServerTraits.DOVECOT);
    hear(view, "SELECT INBOX", "* FLAGS (\\Seen $a)", "* 4 EXISTS", "* OK [UIDNEXT 41] Next");
    for (int seq = 1; seq <= 4; seq++) {
      hear(view, "FETCH 1:4 (UID FLAGS)", "* " + seq + " FETCH (UID " + seq * 10 + " FLAGS ())");
    }
    return view;
  }

  private static void hear(ModelView view, String command, String... responses) {
    for (String response : responses) {
      view.apply(response, ModelCommand.of(command));
    }
  }

  private static Truth truth(
      long uid1, Set<String> flags1, long uid2, Set<String> flags2, long uid3, Set<String> flags3) {
    return new Truth(
        List.of(
            new Truth.Message(uid1, flags1),
            new Truth.Message(uid2, flags2),
            new Truth.Message(uid3, flags3)));
  }
}
