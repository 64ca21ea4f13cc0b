package dormouse.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class FaultsTest {
  private final Faults faults = new Faults();

  @Test
  void whatTakesTooLongIsLateAndNotWrong() {
    faults.add(new CompletionException(new TimeoutException()));
    faults.add(new CompletionException(new UncheckedIOException(new SocketTimeoutException())));
    assertThat(faults.count()).isZero();
    assertThat(faults.lateCount()).isEqualTo(2);
    assertThat(faults.firstLate()).hasSize(2);
  }

  @Test
  void whatIsCutOffIsWrong() {
    faults.add(new CompletionException(new IOException("u1 was cut off")));
    assertThat(faults.count()).isEqualTo(1);
    assertThat(faults.lateCount()).isZero();
  }
}
