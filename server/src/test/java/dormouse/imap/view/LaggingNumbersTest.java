package dormouse.imap.view;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LaggingNumbersTest {
  private final LaggingNumbers numbers =
      new LaggingNumbers(UidSet.of(11, 12, 13, 20), UidSet.of(11, 13, 20, 21));

  @Test
  void theClientCountsWhatIsGone() {
    assertThat(numbers.toClient(2)).isEqualTo(3);
    assertThat(numbers.toBackend(UidSet.of(1, 2, 3))).isEqualTo(UidSet.of(1, 2));
    assertThat(numbers.left()).isEqualTo(UidSet.of(11, 13, 20));
  }

  @Test
  void theClientDoesNotCountWhatIsNew() {
    assertThat(numbers.toClient(4)).isZero();
    assertThat(numbers.toClient(5)).isZero();
    assertThat(numbers.toClient(0)).isZero();
    assertThat(numbers.toBackend(UidSet.of(4, 5))).isEqualTo(UidSet.of(3));
  }

  @Test
  void numbersMoveWithWhatGoesMeanwhile() {
    numbers.expunged(1);

    assertThat(numbers.exists()).isEqualTo(3);
    assertThat(numbers.toClient(1)).isEqualTo(3);
    assertThat(numbers.toBackend(UidSet.of(1, 3))).isEqualTo(UidSet.of(1));
  }

  @Test
  void aMessageThatCameAndWentIsNobodys() {
    numbers.exists(6);
    numbers.expunged(6);

    assertThat(numbers.exists()).isEqualTo(5);
    assertThat(numbers.left()).isEqualTo(UidSet.of(11, 13, 20));
  }

  @Test
  void vanishedNamesUids() {
    numbers.vanished(UidSet.of(13, 21));

    assertThat(numbers.exists()).isEqualTo(2);
    assertThat(numbers.left()).isEqualTo(UidSet.of(11, 20));
    assertThat(numbers.toClient(2)).isEqualTo(4);
    assertThat(numbers.numbersOf(UidSet.of(11, 20))).isEqualTo(UidSet.of(1, 2));
  }
}
