package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CommandPiecesTest {
  @Test
  void aCommandIsCutAfterEachLiteralThatWaits() {
    assertThat(CommandPieces.of("a NOOP\r\n")).containsExactly("a NOOP\r\n");
    assertThat(CommandPieces.of("a LOGIN {3}\r\nann {4}\r\npass\r\n"))
        .containsExactly("a LOGIN {3}\r\n", "ann {4}\r\n", "pass\r\n");
    assertThat(CommandPieces.of("a LOGIN {3+}\r\nann {4}\r\npass\r\n"))
        .containsExactly("a LOGIN {3+}\r\nann {4}\r\n", "pass\r\n");
  }

  @Test
  void theBytesOfALiteralAreNotLookedAt() {
    assertThat(CommandPieces.of("a APPEND x {5}\r\n{3}\r\n\r\n"))
        .containsExactly("a APPEND x {5}\r\n", "{3}\r\n\r\n");
  }
}
