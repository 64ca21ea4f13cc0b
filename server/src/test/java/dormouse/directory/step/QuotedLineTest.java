package dormouse.directory.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QuotedLineTest {
  @Test
  void blanksPartWords() {
    assertThat(words(" \t^ann:  mx1\tmore ")).containsExactly("^ann:", "mx1", "more");
    assertThat(words("  ")).isEmpty();
    assertThat(words("'' \"\" ann")).containsExactly("ann");
  }

  @Test
  void aCommentBeginsAnywhere() {
    assertThat(words("# it's \\1 a \"comment")).isEmpty();
    assertThat(words("ann: mx#1")).containsExactly("ann:", "mx");
    assertThat(words("a'#'b\\#c")).containsExactly("a#b#c");
  }

  @Test
  void quotesAndBackslashesTakeWhatTheNextMeans() {
    assertThat(words("'a b\\d\"'c")).containsExactly("a b\\d\"c");
    assertThat(words("\"a b\\.\\\"'\"c")).containsExactly("a b.\"'c");
    assertThat(words("a\\ b\\\\.\\'")).containsExactly("a b\\.'");
  }

  @Test
  void aBackslashAtTheEndLeadsOn() {
    assertThat(QuotedLine.of("ann: \\").goesOn()).isTrue();
    assertThat(QuotedLine.of("# comment \\").goesOn()).isTrue();
    assertThat(QuotedLine.of("ann: \\\\").goesOn()).isFalse();
    assertThat(QuotedLine.of("ann: '\\'").goesOn()).isFalse();
  }

  @Test
  void whatIsWrongIsSaid() {
    assertThat(QuotedLine.of("o'brien: mx").wrong()).isEqualTo("a ' without another");
    assertThat(QuotedLine.of("\"ann: mx").wrong()).isEqualTo("a \" without another");
    assertThat(QuotedLine.of("^\\d+$: mx").wrong())
        .isEqualTo("a \\ before d does nothing outside of '…'");
    assertThat(QuotedLine.of("ann: mx").wrong()).isNull();
  }

  private static Iterable<String> words(String line) {
    QuotedLine read = QuotedLine.of(line);
    assertThat(read.wrong()).isNull();
    return read.words();
  }
}
