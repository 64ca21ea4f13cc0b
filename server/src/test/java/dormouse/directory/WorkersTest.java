package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.session.HandClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private final HandClock clock = new HandClock();
  private final Workers workers = new Workers("test", 1, Duration.ofSeconds(5), clock);
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch open = new CountDownLatch(1);
  private final AtomicInteger worked = new AtomicInteger();

  @AfterEach
  void stop() {
    workers.close();
  }

  @Test
  void whatHasWaitedTooLongIsNotDone() throws Exception {
    CompletableFuture<Integer> first = work();
    CompletableFuture<Integer> second = work();
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
    clock.turn(Duration.ofSeconds(6));
    open.countDown();
    first.get(10, TimeUnit.SECONDS);
    assertThatThrownBy(() -> second.get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(Workers.Crowded.class);
    assertThat(worked).hasValue(1);
  }

  @Test
  void whatWasCancelledIsNotDone() throws Exception {
    work();
    CompletableFuture<Integer> second = work();
    CompletableFuture<Integer> third = work();
    second.cancel(true);
    open.countDown();
    third.get(10, TimeUnit.SECONDS);
    assertThat(worked).hasValue(2);
  }

  @Test
  void whatFindsNoPlaceToWaitFailsAtOnce() {
    List<CompletableFuture<Integer>> all = new ArrayList<>();
    for (int i = 0; i < 1002; i++) {
      all.add(work());
    }
    assertThat(all).filteredOn(CompletableFuture::isCompletedExceptionally).isNotEmpty();
    assertThat(workers.waiting()).isLessThanOrEqualTo(1000);
    open.countDown();
  }

  @Test
  void whatFailsFails() {
    CompletableFuture<Integer> failing =
        workers.run(() -> {
          throw new IllegalStateException("no");
        });
    assertThatThrownBy(() -> failing.get(10, TimeUnit.SECONDS)).hasMessageContaining("no");
  }

  private CompletableFuture<Integer> work() {
    return workers.run(() -> {
      begun.countDown();
      open.await();
      return worked.incrementAndGet();
    });
  }
}
