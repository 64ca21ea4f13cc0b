package dormouse.imap.sleep;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.Command;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class OwnWritesTest {
  private static final SelectedMailbox INBOX = new SelectedMailbox("INBOX", false);

  private final List<String> wrote = new ArrayList<>();
  private final HandClock clock = new HandClock();
  private final OwnWrites writes =
      new OwnWrites(new TimerWheel(clock), (mailbox, ok) -> wrote.add(mailbox + " " + ok));

  /// What a command is known to have changed in the end.
  private List<String> changes(
      Verb verb, String arguments, @Nullable SelectedMailbox here, boolean utf8) {
    wrote.clear();
    OwnWrite write = writes.begun(verb, here);
    if (write == null) {
      return List.of("nothing");
    }
    Command command = new Command("a", verb, arguments.getBytes(ISO_8859_1), false, false, false);
    writes.known(write, command, utf8, here);
    writes.ended(write, true);
    return wrote.stream().map(line -> line.replace(" true", "")).sorted().toList();
  }

  private List<String> changes(Verb verb, String arguments) {
    return changes(verb, arguments, INBOX, /* utf8= */ false);
  }

  @Test
  void aFetchChangesSomethingOnlyIfItMaySetSeen() {
    List.of(
            "1:* (FLAGS)",
            "1:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (DATE FROM)])",
            "1 BODY",
            "1 (BODYSTRUCTURE INTERNALDATE)",
            "1 BINARY.PEEK[1]",
            "1 RFC822.HEADER",
            "1:* (FLAGS) (CHANGEDSINCE 7 VANISHED)",
            "1 FULL")
        .forEach(sees -> assertThat(changes(Verb.UID_FETCH, sees)).as(sees).isEmpty());
    List.of(
            "1 body[]<0.100>",
            "1 (FLAGS BODY[1.MIME] BODY.PEEK[2])",
            "1 BINARY[1]",
            "1 RFC822",
            "1 (RFC822.SIZE RFC822.TEXT)",
            "") // too long to be kept
        .forEach(sets -> assertThat(changes(Verb.FETCH, sets)).as(sets).containsExactly("INBOX"));
  }

  @Test
  void aCommandChangesWhatItNamesAndWhatIsSelected() {
    assertThat(changes(Verb.STORE, "1 +FLAGS (x)")).containsExactly("INBOX");
    assertThat(changes(Verb.CLOSE, "")).containsExactly("INBOX");
    assertThat(changes(Verb.UID_FETCH, "1 BODY[]")).containsExactly("INBOX");
    assertThat(changes(Verb.APPEND, "work (\\Seen) {3}")).containsExactly("\"work\"");
    assertThat(changes(Verb.APPEND, "{4}")).containsExactly("null");
    assertThat(changes(Verb.COPY, "1:* \"a b\"")).containsExactly("\"a b\"", "INBOX");
    assertThat(changes(Verb.UID_MOVE, "1 inbox")).containsExactly("INBOX");
    assertThat(changes(Verb.MOVE, "1")).containsExactly("null");
    assertThat(changes(Verb.RENAME, "a b")).containsExactly("null");
    assertThat(changes(Verb.SETACL, "a bob lr")).containsExactly("null");
    assertThat(changes(Verb.OTHER, "a b")).containsExactly("null");
    assertThat(changes(Verb.NOOP, "")).containsExactly("nothing");
    assertThat(changes(Verb.APPEND, "\u00c3\u00a4 {3}", null, /* utf8= */ true))
        .containsExactly("\"&AOQ-\"");
  }

  @Test
  void aMailboxThatIsOnlyExaminedIsNotChanged() {
    SelectedMailbox examined = new SelectedMailbox("INBOX", true);
    assertThat(changes(Verb.FETCH, "1 BODY[]", examined, /* utf8= */ false))
        .containsExactly("nothing");
  }

  @Test
  void whatIsSelectedMayNotBeKnownYet() {
    OwnWrite fetch = Objects.requireNonNull(writes.begun(Verb.FETCH, null));
    assertThat(writes.mayChange("\"any\"")).isTrue();
    writes.ended(fetch, true);
    assertThat(writes.mayChange("\"any\"")).isFalse();
    assertThat(wrote).containsExactly("null true");
  }

  @Test
  void whatAFeedTellsOfAWriteThatIsKnownIsAnEcho() {
    writes.joined("s1");
    assertThat(writes.isEcho("s1", "INBOX")).isFalse(); // nobody wrote there
    OwnWrite store = Objects.requireNonNull(writes.begun(Verb.STORE, INBOX));
    assertThat(writes.isEcho("s1", "INBOX")).isTrue();
    writes.ended(store, true);
    assertThat(writes.isEcho("s1", "INBOX")).isTrue();
    assertThat(writes.isEcho("s1", "\"work\"")).isFalse();
    assertThat(writes.isEcho("s1", null)).isTrue();
    assertThat(writes.isEcho("s2", "INBOX")).isFalse();
    assertThat(writes.isEcho(null, "INBOX")).isFalse();
  }

  @Test
  void anEchoComesSoonOrIsNone() {
    writes.joined("s1");
    writes.ended(Objects.requireNonNull(writes.begun(Verb.STORE, INBOX)), true);
    clock.turn(OwnWrites.ECHO);
    assertThat(writes.isEcho("s1", "INBOX")).isTrue();
    clock.turn(Duration.ofSeconds(1));
    assertThat(writes.isEcho("s1", "INBOX")).isFalse();
    assertThat(writes.isEcho("s1", null)).isTrue();
  }

  @Test
  void echoesOfASessionCeaseWithIt() {
    writes.joined("s1");
    writes.joined("s2");
    writes.left("s1", /* allAnswered= */ true);
    writes.left("s2", /* allAnswered= */ false);
    assertThat(writes.isEcho("s1", null)).isTrue();
    assertThat(writes.isEcho("s2", null)).isFalse();
    clock.turn(Duration.ofSeconds(11));
    assertThat(writes.isEcho("s1", null)).isFalse();
  }

  @Test
  void aMailboxIsBeingChangedAsLongAsACommandRuns() {
    OwnWrite one = Objects.requireNonNull(writes.begun(Verb.STORE, INBOX));
    OwnWrite other = Objects.requireNonNull(writes.begun(Verb.EXPUNGE, INBOX));
    assertThat(writes.mayChange("INBOX")).isTrue();
    assertThat(writes.mayChange("\"work\"")).isFalse();
    writes.ended(one, false);
    assertThat(writes.mayChange("INBOX")).isTrue();
    writes.ended(other, true);
    assertThat(writes.mayChange("INBOX")).isFalse();
    assertThat(wrote).containsExactly("INBOX false", "INBOX true");
  }
}
