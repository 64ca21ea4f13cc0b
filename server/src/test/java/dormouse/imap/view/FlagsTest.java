package dormouse.imap.view;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlagsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|''",
        "\\Recent|''",
        "\\RECENT \\seen|\\Seen",
        "\\Seen \\Answered|\\Answered \\Seen",
        "work \\Seen $Junk Apple \\FLAGGED|\\Flagged \\Seen $Junk Apple work",
        "\\Seen  \\SEEN a A|\\Seen a",
        "\\Important b \\Seen|\\Important \\Seen b",
        "\\Deleted \\Draft|\\Deleted \\Draft"
      })
  void flagsHaveOneSpelling(String flags, String canonical) {
    assertThat(Flags.canonical(flags)).isEqualTo(canonical);
    assertThat(Flags.canonical(canonical)).isEqualTo(canonical);
  }

  @Test
  void theSameFlagsShareOneText() {
    String first = Flags.canonical("\\Seen \\Answered x1");

    assertThat(Flags.canonical(String.join(" ", "\\Seen", "\\Answered", "x1"))).isSameAs(first);
  }

  @Test
  void flagsAreEqualWhateverTheirOrderAndCase() {
    assertThat(Flags.equal("\\Seen $Junk", "$junk \\SEEN \\Recent")).isTrue();
    assertThat(Flags.equal("", "\\Recent")).isTrue();
    assertThat(Flags.equal("\\Seen", "\\Seen x")).isFalse();
    assertThat(Flags.equal("a b", "ab")).isFalse();
  }

  @Test
  void aTextTooLongToRememberIsReadAllTheSame() {
    String keyword = "k".repeat(5000);

    assertThat(Flags.canonical(keyword + " \\Seen")).isEqualTo("\\Seen " + keyword);
  }

  @Test
  void textsInTheSamePlaceAreNotMistakenForEachOther() {
    for (int i = 0; i < 20_000; i++) {
      assertThat(Flags.canonical("k" + i % 3000 + " \\Seen")).isEqualTo("\\Seen k" + i % 3000);
    }
  }
}
