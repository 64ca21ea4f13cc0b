package dormouse.bench.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class UsageTest {
  private static final long MILLISECOND = 1_000_000;

  @Test
  void aProcessOfManyThreadsIsCountedAsFinelyAsOneOfOne() {
    List<Long> own = List.of(ProcessHandle.current().pid());
    for (int i = 0; i < 10; i++) {
      Usage before = Usage.of(own, false);
      spend(3 * MILLISECOND);
      Usage used = Usage.of(own, false).minus(before);
      assertThat(used.front()).isBetween(0.003, 10.0);
      assertThat(Math.round(used.front() * 1e9) % (10 * MILLISECOND)).isNotZero();
    }
  }

  @Test
  void whatAThreadHasUsedIsNotForgottenWhenItEnds() throws InterruptedException {
    List<Long> own = List.of(ProcessHandle.current().pid());
    Usage before = Usage.of(own, false);
    Thread thread = new Thread(() -> spend(30 * MILLISECOND));
    thread.start();
    thread.join();
    assertThat(Usage.of(own, false).minus(before).front()).isGreaterThan(0.03);
  }

  @Test
  void theKernelsPartIsInIt() throws IOException {
    List<Long> own = List.of(ProcessHandle.current().pid());
    Usage before = Usage.of(own, false);
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long end = threads.getCurrentThreadCpuTime() + 300 * MILLISECOND;
    while (threads.getCurrentThreadCpuTime() < end) {
      Files.readString(Path.of("/proc/self/smaps")); // most of which is the kernel's work
    }
    Usage used = Usage.of(own, false).minus(before);
    assertThat(used.kernel()).isBetween(0.03, used.front() + 0.02);
  }

  private static void spend(long nanos) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long end = threads.getCurrentThreadCpuTime() + nanos;
    while (threads.getCurrentThreadCpuTime() < end) {
      Thread.onSpinWait();
    }
  }
}
