package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.ops.Metrics;
import org.junit.jupiter.api.Test;

final class StatusRoomTest {
  private final StatusRoom room = new StatusRoom(new Metrics());

  private static String copy(String text) {
    return String.valueOf(text.toCharArray());
  }

  @Test
  void namesOfMailboxesDoNotPushOutWhatManyShare() {
    String words = room.shared(copy("* FLAGS"));
    String inbox = room.name(copy("INBOX"));
    assertThat(room.name(copy("INBOX"))).isSameAs(inbox);
    for (int i = 0; i < 2000; i++) {
      room.name("box " + i);
    }
    assertThat(room.shared(copy("* FLAGS"))).isSameAs(words);
  }
}
