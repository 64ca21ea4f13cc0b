package dormouse.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class FaultsTest {
  private final Faults faults = new Faults();

  @Test
  void whatTakesTooLongIsLateAndNotWrong() {
    faults.add(new CompletionException(new TimeoutException()));
    faults.add(new CompletionException(new UncheckedIOException(new SocketTimeoutException())));
    faults.add(new UncheckedIOException(new HttpTimeoutException("60 s")));
    assertThat(faults.count()).isZero();
    assertThat(faults.lateCount()).isEqualTo(3);
    assertThat(faults.firstLate()).hasSize(3);
  }

  @Test
  void aConnectThatTakesTooLongIsLate() {
    faults.add(
        new CompletionException(
            new IOException("u1 cannot connect", new ConnectTimeoutException("60 s"))));
    faults.add(new IOException("u1 cannot connect", new SslHandshakeTimeoutException("60 s")));
    assertThat(faults.count()).isZero();
    assertThat(faults.lateCount()).isEqualTo(2);
  }

  @Test
  void whoFallsOutForTimeIsLate() {
    assertThat(faults.fellOut("wake", new CompletionException(new TimeoutException())))
        .isEqualTo("not in time");
    assertThat(faults.count()).isZero();
    assertThat(faults.firstLate()).containsExactly("it fell out of wake, not in time");
  }

  @Test
  void whoFallsOutForAnotherReasonIsWrong() {
    faults.fellOut("wake", new CompletionException(new IOException("u1 was cut off")));
    assertThat(faults.first())
        .containsExactly("java.io.IOException: u1 was cut off", "it fell out of wake");
    assertThat(faults.lateCount()).isZero();
  }

  @Test
  void whoFallsOutForWhatAClientHeardIsWrong() {
    faults.fellOut("wake", new CompletionException(new Faults.Heard("* BYE")));
    assertThat(faults.first()).containsExactly("it fell out of wake");
  }

  @Test
  void ofManyThatTakeTooLongEachIsLateOnce() {
    CompletionException late = new CompletionException(new TimeoutException());
    CompletableFuture<Void> ended = CompletableFuture.completedFuture(null);
    faults.add(
        late,
        List.of(new CompletableFuture<>(), ended, new CompletableFuture<>()),
        i -> "visit " + i);
    assertThat(faults.firstLate()).containsExactly("not ended: visit 0", "not ended: visit 2");
    assertThat(faults.lateCount()).isEqualTo(2);
    faults.add(late, List.of(ended), i -> "visit " + i);
    assertThat(faults.lateCount()).isEqualTo(3);
    assertThat(faults.count()).isZero();
  }

  @Test
  void whatIsWrongIsNotHiddenByWhatHasNotEnded() {
    faults.add(
        new CompletionException(new TimeoutException()),
        List.of(
            CompletableFuture.failedFuture(new IOException("u1 was cut off")),
            new CompletableFuture<>(),
            CompletableFuture.failedFuture(new CompletionException(new TimeoutException()))),
        i -> "visit " + i);
    assertThat(faults.first()).containsExactly("java.io.IOException: u1 was cut off");
    assertThat(faults.count()).isEqualTo(1);
    assertThat(faults.lateCount()).isEqualTo(2);
  }

  @Test
  void whatIsCutOffIsWrong() {
    faults.add(new CompletionException(new IOException("u1 was cut off")));
    assertThat(faults.count()).isEqualTo(1);
    assertThat(faults.lateCount()).isZero();
  }
}
