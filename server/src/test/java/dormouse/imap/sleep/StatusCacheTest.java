package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.StatusCacheSettings;
import dormouse.imap.track.ClientFeatures;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What makes room for what; what is answered stands in the transcripts `status-…`.
class StatusCacheTest {
  private final OneLoop loop = new OneLoop();
  private final UserMailboxes home = loop.of(new Ann());
  private final StatusCache cache = home.answers().statuses();
  private final StatusQuery one = query("INBOX (MESSAGES)");

  @BeforeEach
  void aFeedTells() {
    loop.feeds.add("events", /* tellsAll= */ true).up();
    home.changes().listen();
  }

  @Test
  void whatHasMadeRoomForAnotherOfItsMailboxDoesNotComeBack() {
    StatusQuery other = query("INBOX (MESSAGES UIDNEXT)");
    loop.room.serve(new StatusCacheSettings(2048, 1 << 20));
    answered(one, "(MESSAGES 3)");
    answered(other, "(MESSAGES 3 UIDNEXT 8)");
    assertThat(cache.find(one)).isNotNull();
    assertThat(cache.find(other)).isNotNull();

    loop.room.serve(new StatusCacheSettings(600, 1 << 20));
    home.changes().mayHaveChanged("INBOX");
    cache.refresh("INBOX", Map.of("MESSAGES", "4", "UIDNEXT", "9"), home.changes().proof("INBOX"));
    assertThat(Objects.requireNonNull(cache.find(one)).text("a"))
        .isEqualTo("* STATUS INBOX (MESSAGES 4)\r\na OK done");
    assertThat(cache.find(other)).isNull();
    cache.clear();
    assertThat(loop.metrics.scrape()).contains("dormouse_status_cache_bytes 0.0");
  }

  @Test
  void whatIsTooOldWhenItComesIsAskedForWithTheOthers() {
    StatusCache.Asked early = cache.ask(one);
    home.changes().mayHaveChanged("INBOX");
    StatusCache.Asked late = cache.ask(one);
    early.answered(answer("(MESSAGES 3)"));
    assertThat(cache.find(one)).isNull();
    assertThat(cache.stale(/* modSeqs= */ true)).containsExactly(one);
    late.answered(answer("(MESSAGES 4)"));
    assertThat(cache.find(one)).isEqualTo(answer("(MESSAGES 4)"));
  }

  @Test
  void whatWasAskedForLaterStays() {
    StatusCache.Asked early = cache.ask(one);
    home.changes().mayHaveChanged("INBOX");
    answered(one, "(MESSAGES 4)");
    early.answered(answer("(MESSAGES 3)"));
    assertThat(cache.find(one)).isEqualTo(answer("(MESSAGES 4)"));
  }

  @Test
  void whatWasAskedForLaterStaysWhereNoEventHasComeBetween() {
    StatusCache.Asked early = cache.ask(one);
    loop.clock.turn(Duration.ofSeconds(1)); // its client does not read; another asks for itself
    answered(one, "(MESSAGES 4)"); // whose event has to come yet
    early.answered(answer("(MESSAGES 3)"));
    assertThat(cache.find(one)).isEqualTo(answer("(MESSAGES 4)"));
  }

  @Test
  void aListLeavesWhatWasAskedForLater() {
    Proof list = cache.proof("INBOX");
    home.changes().mayHaveChanged("INBOX");
    Proof later = cache.proof("INBOX");
    answered(one, "(MESSAGES 4)");
    home.changes().mayHaveChanged("INBOX");
    cache.refresh("INBOX", Map.of("MESSAGES", "3"), list);
    assertThat(cache.find(one, later)).isEqualTo(answer("(MESSAGES 4)"));
  }

  @Test
  void whoHasAskedBeforeAnAnswerWasAskedForHearsItWhateverHasChangedSince() {
    Proof asked = cache.proof("INBOX");
    StatusCache.Asked first = cache.ask(one);
    home.changes().mayHaveChanged("INBOX");
    Proof behind = cache.proof("INBOX");
    first.answered(answer("(MESSAGES 3)"));
    assertThat(cache.find(one)).isNull();
    assertThat(cache.find(one, asked)).isEqualTo(answer("(MESSAGES 3)"));
    assertThat(cache.find(one, behind)).isNull();
  }

  private static StatusQuery query(String arguments) {
    return Objects.requireNonNull(StatusQuery.of(arguments, new ClientFeatures()));
  }

  private void answered(StatusQuery query, String items) {
    cache.ask(query).answered(answer(items));
  }

  private static StatusCache.Answer answer(String items) {
    return new StatusCache.Answer("* STATUS INBOX " + items, "OK done");
  }
}
