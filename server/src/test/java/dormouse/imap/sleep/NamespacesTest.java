package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

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
  void nonsenseIsNothing() {
    for (String nonsense : new String[] {"", "NI", "(((", ")))", "((\"", "((\"a\\", "x y z"}) {
      assertThat(Namespaces.foreign(nonsense)).isEmpty();
    }
  }
}
