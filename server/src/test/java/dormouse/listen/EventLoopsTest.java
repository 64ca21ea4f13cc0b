package dormouse.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EventLoopsTest {
  @Test
  void aUserHasOneLoopAndLoopsShareTheUsers() {
    try (EventLoops loops = EventLoops.untimed(4, Instant::now)) {
      Map<EventLoop, Integer> users = new HashMap<>();
      for (int i = 0; i < 4000; i++) {
        String user = "user" + i + "@example.org";
        assertThat(loops.loopOf(user)).isSameAs(loops.loopOf(new String(user.toCharArray())));
        assertThat(loops.loopOf("User" + i + "@Example.ORG")).isSameAs(loops.loopOf(user));
        users.merge(loops.loopOf(user), 1, Integer::sum);
      }
      assertThat(users).hasSize(4);
      assertThat(users.values()).allMatch(count -> count > 800 && count < 1200);
    }
  }

  @Test
  void theClockIsTurnedByHandOnEachLoop() {
    Instant[] now = {Instant.EPOCH};
    try (EventLoops loops = EventLoops.untimed(3, () -> now[0])) {
      AtomicInteger ran = new AtomicInteger();
      for (EventLoop loop : loops.all()) {
        Runnable task =
            () -> {
              assertThat(loop.inEventLoop()).isTrue();
              ran.incrementAndGet();
            };
        loop.submit(() -> loops.wheel(loop).after(Duration.ofSeconds(1), task))
            .syncUninterruptibly();
      }
      loops.advance();
      assertThat(ran).hasValue(0);
      now[0] = now[0].plusSeconds(1);
      loops.advance();
      assertThat(ran).hasValue(3);
    }
  }
}
