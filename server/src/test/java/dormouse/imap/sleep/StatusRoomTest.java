package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.StatusCacheSettings;
import dormouse.ops.Metrics;
import org.junit.jupiter.api.Test;

class StatusRoomTest {
  private final StatusRoom room = new StatusRoom(new Metrics());

  @Test
  void allUsersTogetherTakeNoMoreThanThereIs() {
    room.serve(new StatusCacheSettings(600, 1000));
    assertThat(room.perUserBytes()).isEqualTo(600);
    assertThat(room.take(600)).isTrue();
    assertThat(room.take(401)).isFalse();
    assertThat(room.take(400)).isTrue();
    assertThat(room.take(1)).isFalse();
    room.give(600);
    assertThat(room.take(600)).isTrue();
    room.serve(new StatusCacheSettings(600, 1001));
    assertThat(room.take(1)).isTrue();
    assertThat(room.take(1)).isFalse();
  }
}
