package dormouse.bench.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.bench.load.Faults;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class JvmTest {
  private final Jvm own = new Jvm(ProcessHandle.current().pid());

  @Test
  void itSaysWhatItIsAskedFor() {
    assertThat(own.say("VM.version")).contains("JDK");
  }

  @Test
  void whoIsNotAnsweredInTimeIsLateAndNotWrong() {
    Faults faults = new Faults();
    assertThatThrownBy(() -> own.say("VM.version", Duration.ofMillis(1))) // jcmd takes longer
        .isInstanceOfSatisfying(CompletionException.class, faults::add);
    assertThat(faults.count()).isZero();
    assertThat(faults.lateCount()).isEqualTo(1);
  }
}
