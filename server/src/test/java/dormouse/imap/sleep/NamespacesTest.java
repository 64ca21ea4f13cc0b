package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.backend.ImapString;
import dormouse.imap.track.ResponseLine;
import org.junit.jupiter.api.Test;

final class NamespacesTest {
  @Test
  void whatIsNotTheUsersOwnIsFound() {
    assertThat(Namespaces.foreign("((\"\" \"/\")) NIL NIL")).isEmpty();
    assertThat(
            Namespaces.foreign(
                "((\"\" \"/\")(\"more/\" \"/\")) ((\"~\" \"/\")) ((\"#a\\\"b/\" \"/\" \"X-P\" (\"F\"))(\"#c/\" NIL))"))
        .containsExactly("\"~", "\"#a\\\"b/", "\"#c/");
    assertThat(Namespaces.foreign("NIL ((\"Other Users/\" \"/\")) ((\"\" \"/\"))"))
        .containsExactly("\"Other Users/");
  }

  @Test
  void namesInUtf8AreKnownInModifiedUtf7() {
    Namespaces namespaces = new Namespaces();
    String answer = "* NAMESPACE ((\"\" \"/\")) NIL ((\"Öffentlich & mehr/\" \"/\"))";
    namespaces.hear(ResponseLine.parse(ImapString.utf8(answer)), /* utf8= */ true);
    assertThat(namespaces.isOwn("\"&ANY-ffentlich &- mehr/x\"")).isFalse();
    assertThat(namespaces.isOwn("\"&ANY-ffentlich\"")).isTrue();

    String inUtf7 = "* NAMESPACE ((\"\" \"/\")) NIL ((\"&ANY-ffentlich/\" \"/\"))";
    namespaces.hear(ResponseLine.parse(inUtf7), /* utf8= */ false);
    assertThat(namespaces.isOwn("\"&ANY-ffentlich/x\"")).isFalse();
  }

  @Test
  void nonsenseIsNothing() {
    for (String nonsense : new String[] {"", "NI", "(((", ")))", "((\"", "((\"a\\", "x y z"}) {
      assertThat(Namespaces.foreign(nonsense)).isEmpty();
    }
  }
}
