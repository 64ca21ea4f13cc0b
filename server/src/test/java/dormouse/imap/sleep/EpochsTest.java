package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class EpochsTest {
  private final Epochs epochs = new Epochs();

  @Test
  void aChangeMovesItsMailboxOnly() {
    epochs.next("INBOX");
    long inbox = epochs.of("INBOX");
    long other = epochs.of("\"a\"");
    epochs.next("\"a\"");
    assertThat(epochs.of("INBOX")).isEqualTo(inbox);
    assertThat(epochs.of("\"a\"")).isGreaterThan(other);
  }

  @Test
  void aChangeOfAnyMovesAllAndNoneComesBack() {
    epochs.next("INBOX");
    long inbox = epochs.of("INBOX");
    long unheard = epochs.of("\"a\"");
    epochs.next(null);
    assertThat(epochs.of("INBOX")).isGreaterThan(inbox);
    assertThat(epochs.of("\"a\"")).isGreaterThan(unheard);
  }

  @Test
  void soManyMailboxesThatNoMoreAreKeptMoveAll() {
    epochs.next("INBOX");
    long inbox = epochs.of("INBOX");
    for (int i = 0; i < 1000; i++) {
      epochs.next("\"" + i + "\"");
    }
    assertThat(epochs.of("INBOX")).isGreaterThan(inbox);
  }
}
