package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FetchItemsTest {
  @Test
  void itemsAreTakenApart() {
    var fetch =
        Objects.requireNonNull(
            FetchItems.parse(
                "* 7 FETCH (UID 12 FLAGS (\\Seen $A \\Recent) BODY[HEADER.FIELDS (TO CC)] {4}\r\n"
                    + ") x( ENVELOPE (\"a \\\" )\" NIL ((1 2))) MODSEQ (99))"));
    assertThat(fetch.seq()).isEqualTo(7);
    assertThat(fetch.uid()).isEqualTo(12);
    assertThat(fetch.modseq()).isEqualTo(99);
    assertThat(fetch.flags()).containsExactly("$a", "\\seen");
    assertThat(fetch.text("BODY[HEADER.FIELDS (TO CC)]")).isEqualTo(") x(");
    assertThat(fetch.items()).hasSize(5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "* 7 FETCH",
        "* 7 FETCH (UID)",
        "* 7 FETCH (UID 1",
        "* 7 FETCH (UID 1 FLAGS (\\Seen)",
        "* 7 FETCH (UID 1 UID 2)",
        "* 7 EXISTS"
      })
  void whatIsNotWellFormedIsNoFetch(String response) {
    assertThat(FetchItems.parse(response)).isNull();
  }
}
