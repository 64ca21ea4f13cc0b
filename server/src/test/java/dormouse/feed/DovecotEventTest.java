package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies as Dovecot 2.3.19 posts them.
final class DovecotEventTest {
  private static Heard parse(String json) {
    return DovecotEvent.parse(json.getBytes(StandardCharsets.UTF_8));
  }

  private static Heard fields(String fields) {
    return parse(
        """
        {"event":"push_notification_finished","hostname":"vm","fields":{%s,"reason_code":["a","b"],"duration":3}}\
        """
            .formatted(fields));
  }

  @Test
  void aStoreNamesItsMailbox() {
    assertThat(
            parse(
                """
                {"event":"push_notification_finished","hostname":"vm",\
                "start_time":"2026-11-26T11:31:26.968941Z","end_time":"2026-11-26T11:31:26.969159Z",\
                "fields":{"user":"u1","local_ip":"127.0.0.1","local_port":18143,\
                "session":"Vym7SCxhoMZ/AAAB","duration":191,"cmd_name":"STORE",\
                "reason_code":["imap:cmd_store"],"mailbox":"Aä/b"}}\
                """))
        .isEqualTo(new Heard.Changed("u1", "Aä/b", "Vym7SCxhoMZ/AAAB"));
  }

  /// COPY and MOVE name the selected mailbox, RENAME none of its children.
  @ParameterizedTest
  @ValueSource(strings = {"COPY", "UID COPY", "MOVE", "UID MOVE", "RENAME", "X"})
  void othersMayHaveChangedAny(String command) {
    assertThat(fields("\"user\":\"u1\",\"cmd_name\":\"" + command + "\",\"mailbox\":\"INBOX\""))
        .isEqualTo(new Heard.Changed("u1", null));
  }

  @Test
  void deliveryAndDoveadmNameNone() {
    assertThat(fields("\"protocol\":\"lmtp\",\"user\":\"u1@example.org\""))
        .isEqualTo(new Heard.Changed("u1@example.org", null));
  }

  @Test
  void otherEventsSayNothing() {
    assertThat(parse("{\"event\":\"imap_command_finished\",\"fields\":{\"user\":\"u1\"}}"))
        .isEqualTo(new Heard.Nothing());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "nonsense",
        "{\"event\":\"push_notification_finished\"}",
        "{\"event\":\"push_notification_finished\",\"fields\":{\"user\":7}}",
        "{\"event\":\"push_notification_finished\",\"fields\":\"u1\"}"
      })
  void whatIsNoEventIsMalformed(String body) {
    assertThat(parse(body)).isInstanceOf(Heard.Malformed.class);
  }

  @Test
  void everyPrefixIsMalformedAndNestingEndsSomewhere() {
    String whole =
        "{\"event\":\"push_notification_finished\",\"fields\":{\"user\":\"u1\"},\"x\":[{\"y\":1}]}";
    for (int end = 0; end < whole.length(); end++) {
      assertThat(parse(whole.substring(0, end))).isInstanceOf(Heard.Malformed.class);
    }
    assertThat(parse("{\"a\":".repeat(20_000))).isInstanceOf(Heard.Malformed.class);
  }
}
