package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.ImapCommand.Authenticate;
import dormouse.imap.ImapCommand.Login;
import dormouse.imap.ImapCommand.Malformed;
import dormouse.imap.ImapCommand.Noop;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ImapCommandTest {
  @Test
  void namesAreOfAnyCase() {
    assertThat(parse("a1 nOOp")).isEqualTo(new Noop("a1"));
  }

  @Test
  void tagsAreBoundedAndRepeatNothingStrange() {
    String longest = "t".repeat(128);
    assertThat(parse(longest + " NOOP")).isEqualTo(new Noop(longest));
    assertThat(parse(longest + "t NOOP").tag()).isEqualTo("*");
    assertThat(parse("a\u00ff NOOP").tag()).isEqualTo("*");
    assertThat(parse("a\u0001 NOOP").tag()).isEqualTo("*");
    assertThat(parse("a* NOOP").tag()).isEqualTo("*");
  }

  @Test
  void nulsAreRefusedWhereverTheyStand() {
    assertThat(parse("a1 LOGIN ann {3}\r\na\0b")).isInstanceOf(Malformed.class);
    assertThat(parse("a1 LOGIN ann \"a\0b\"")).isInstanceOf(Malformed.class);
    assertThat(parse("a1 LOGIN {3}\r\na\0b secret")).isInstanceOf(Malformed.class);
  }

  @Test
  void aLiteralMustBeThereAsAWhole() {
    assertThat(parse("a1 LOGIN ann {6}\r\nsecret")).isInstanceOf(Login.class);
    assertThat(parse("a1 LOGIN ann {7}\r\nsecret")).isInstanceOf(Malformed.class);
    assertThat(parse("a1 LOGIN ann {5}\r\nsecret")).isInstanceOf(Malformed.class);
    assertThat(parse("a1 LOGIN ann {99999999999999999999}\r\nx")).isInstanceOf(Malformed.class);
    assertThat(parse("a1 LOGIN ann {}\r\n")).isInstanceOf(Malformed.class);
    assertThat(parse("a1 LOGIN ann {6}secret")).isInstanceOf(Malformed.class);
  }

  @Test
  void noSecretIsEverShown() {
    assertThat(parse("a1 LOGIN ann secret").toString()).contains("ann").doesNotContain("secret");
    assertThat(parse("a1 AUTHENTICATE PLAIN c2VjcmV0").toString()).doesNotContain("c2VjcmV0");
    assertThat(parse("a1 LOGIN ann secret twice").toString()).doesNotContain("secret");
    assertThat(parse("a1 AUTHENTICATE plain")).isEqualTo(new Authenticate("a1", "PLAIN", null));
  }

  @Test
  void ofIdOnlySoMuchIsKept() {
    String value = "v".repeat(1000);
    assertThat(parse("a1 ID (\"a\" \"" + value + "\" \"b\" \"" + value + "\")"))
        .isEqualTo(id("(\"a\" \"" + value + "\")"));
    assertThat(parse("a1 ID (\"a\" \"\u00e4\" \"b\" \"c\")")).isEqualTo(id("(\"b\" \"c\")"));
    assertThat(parse("a1 ID (\"a\" \"" + value + "v".repeat(25) + "\")"))
        .isInstanceOf(Malformed.class);
  }

  @Test
  void ofIdThirtyFieldsAreTheMost() {
    assertThat(parse("a1 ID (" + fields(30) + ")")).isInstanceOf(ImapCommand.Id.class);
    assertThat(parse("a1 ID (" + fields(31) + ")")).isInstanceOf(Malformed.class);
  }

  @Test
  void whatProxiesSayOfAClientStandsApart() {
    assertThat(parse("a1 ID (\"name\" \"x\" \"X-Proxy-TTL\" \"3\" \"x-a\" NIL)"))
        .isEqualTo(
            new ImapCommand.Id("a1", new ClientId("(\"name\" \"x\")", Map.of("x-proxy-ttl", "3"))));
  }

  private static ImapCommand id(String kept) {
    return new ImapCommand.Id("a1", new ClientId(kept, Map.of()));
  }

  private static String fields(int count) {
    StringBuilder fields = new StringBuilder();
    for (int i = 0; i < count; i++) {
      fields.append(i == 0 ? "" : " ").append("\"f").append(i).append("\" NIL");
    }
    return fields.toString();
  }

  private static ImapCommand parse(String command) {
    return ImapCommand.parse(command.getBytes(ISO_8859_1));
  }
}
