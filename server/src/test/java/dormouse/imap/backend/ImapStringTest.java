package dormouse.imap.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImapStringTest {
  @Test
  void textIsBytesOneCharEach() {
    assertThat(ImapString.utf8("zoë")).isEqualTo("zo\u00c3\u00ab");
  }

  @Test
  void onlyPlainAsciiIsQuotable() {
    assertThat(ImapString.quotable("a \"b\" \\c")).isTrue();
    assertThat(ImapString.quotable("a\rb")).isFalse();
    assertThat(ImapString.quotable("a\nb")).isFalse();
    assertThat(ImapString.quotable("a\0b")).isFalse();
    assertThat(ImapString.quotable("zo\u00c3\u00ab")).isFalse();
  }

  @Test
  void quotesAndBackslashesAreEscaped() {
    assertThat(ImapString.quoted("a \"b\" \\c")).isEqualTo("\"a \\\"b\\\" \\\\c\"");
    assertThat(ImapString.list(List.of("name", "x\"y"))).isEqualTo("(\"name\" \"x\\\"y\")");
    assertThat(ImapString.list(List.of())).isEqualTo("()");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Sent (CONDSTORE)",
        "\"Sent\" (CONDSTORE)",
        "\"Se\\nt\"",
        "{4}\r\nSent (CONDSTORE)",
        "{4+}\r\nSent"
      })
  void aMailboxHasOneName(String arguments) {
    assertThat(ImapString.mailbox(arguments)).isEqualTo("\"Sent\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inbox", "\"InBox\"", "{5}\r\nINBOX"})
  void inboxHasNoCase(String arguments) {
    assertThat(ImapString.mailbox(arguments)).isEqualTo("INBOX");
  }

  @Test
  void aMailboxNameIsQuotedAgain() {
    assertThat(ImapString.mailbox("\"a \\\"b\\\" \\\\c\"")).isEqualTo("\"a \\\"b\\\" \\\\c\"");
    assertThat(ImapString.mailbox("\"\"")).isEqualTo("\"\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " x",
        "\"open",
        "\"open\\",
        "{4}",
        "{}\r\nSent",
        "{9}\r\nSent",
        "{x}\r\nSent",
        "{4"
      })
  void whatIsNoNameIsNull(String arguments) {
    assertThat(ImapString.mailbox(arguments)).isNull();
  }

  @Test
  void aNameInUtf8BecomesModifiedUtf7() {
    assertThat(ImapString.inUtf7(ImapString.utf8("\"Entwürfe\""))).isEqualTo("\"Entw&APw-rfe\"");
    assertThat(ImapString.inUtf7(ImapString.utf8("\"~peter/mail/台北/日本語\"")))
        .as("RFC 3501 §5.1.3")
        .isEqualTo("\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"");
    assertThat(ImapString.inUtf7(ImapString.utf8("\"ü & ö\""))).isEqualTo("\"&APw- &- &APY-\"");
    assertThat(ImapString.inUtf7(ImapString.utf8("\"😀\""))).isEqualTo("\"&2D3eAA-\"");
  }

  @Test
  void ofANameInAsciiOnlyTheAmpersandChanges() {
    assertThat(ImapString.inUtf7("\"R&D\"")).isEqualTo("\"R&-D\"");
    assertThat(ImapString.inUtf7("INBOX")).isEqualTo("INBOX");
  }
}
