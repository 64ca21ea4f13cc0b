package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DrainTest {
  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final List<String> told = new ArrayList<>();

  @Test
  void whoIsLeftIsToldWhileThereIsTimeToSayIt() {
    Drain drain = new Drain(Duration.ofMillis(500), clock);
    drain.of(wheel, () -> told.add("goodbye"), () -> told.add("now"));
    pass(3);
    assertThat(told).containsExactly("goodbye", "now");
  }

  @Test
  void nobodyIsWaitedForInLessTimeThanThatTakes() {
    Drain drain = new Drain(Duration.ofMillis(150), clock);
    drain.of(wheel, () -> told.add("goodbye"), () -> told.add("now"));
    assertThat(told).containsExactly("goodbye", "now");
  }

  @Test
  void ofALongTimeASecondIsLeftForThat() {
    Drain drain = new Drain(Duration.ofSeconds(20), clock);
    drain.of(wheel, () -> told.add("goodbye"), () -> told.add("now"));
    pass(189);
    assertThat(told).containsExactly("goodbye");
    pass(1);
    assertThat(told).containsExactly("goodbye", "now");
  }

  private void pass(int ticks) {
    for (int i = 0; i < ticks; i++) {
      clock.turn(TimerWheel.TICK);
      wheel.advance();
    }
  }

  @Test
  void oneThatCannotBeEndedKeepsNobodyFromTheEnd() {
    List<String> ended = new ArrayList<>();
    Drain.each(
        Stream.of("ann", "bob", "cid", "dan"),
        who -> {
          if (who.equals("bob")) {
            throw new IllegalStateException("as a bug would");
          }
          assert !who.equals("cid");
          ended.add(who);
        });
    assertThat(ended).containsExactly("ann", "dan");
  }
}
