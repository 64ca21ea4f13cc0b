package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class OxEventTest {
  private static Heard parse(String json) {
    return OxEvent.parse(json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void asDovecotSaysIt() {
    assertThat(
            parse(
                """
                {"user":"l1","event":"messageNew","folder":"INBOX","imap-uidvalidity":1795341821,\
                "imap-uid":1,"from":"a@b.c","subject":"hello","snippet":"hi there","unseen":1}\
                """))
        .isEqualTo(new Heard.Changed("l1", "INBOX"));
  }

  @Test
  void whatIsNoNewMessageSaysNothingOrIsRefused() {
    assertThat(parse("{\"user\":\"l1\",\"event\":\"other\"}")).isEqualTo(new Heard.Nothing());
    assertThat(parse("{\"event\":\"messageNew\"}")).isInstanceOf(Heard.Malformed.class);
    assertThat(parse("nonsense")).isInstanceOf(Heard.Malformed.class);
  }
}
