package dormouse.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.load.Client;
import dormouse.bench.load.Faults;
import dormouse.bench.load.Load;
import dormouse.bench.load.Load.Tls;
import dormouse.bench.stack.Backend;
import dormouse.bench.stack.Scratch;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Bench;
import dormouse.bench.work.Figures;
import dormouse.bench.work.Size;
import dormouse.bench.work.Workload;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What becomes of a stack that cannot go on, while a client of it is still there.
class TurnsIT {
  private static final Path JAR = Path.of("../server/target/dormouse.jar");
  private static final long SOON_SECONDS = 60;

  private final Scratch scratch = Scratch.create();
  private final Load load = new Load(1);
  private final Figures figures = new Figures();
  private final Bench bench = new Bench(load, Size.TINY, figures, new ConcurrentHashMap<>());
  private final Faults faults = bench.faults(StackKind.DOVECOT);

  @AfterEach
  void end() {
    load.close();
    scratch.close();
  }

  @Test
  void whoFallsOutForTimeIsLateWhateverItsClientHearsAsItEnds() {
    run(new TimeoutException());
    assertThat(faults.first()).isEmpty();
    assertThat(faults.firstLate()).containsExactly("it fell out of falling, not in time");
    assertThat(figures.notes("falling")).containsExactly("Dovecot fell out of it, not in time");
  }

  private void run(Exception why) {
    new Turns(new Falling(why), bench, scratch, JAR).run(List.of(StackKind.DOVECOT));
    load.close(); // its client has heard of the end by then
  }

  private record Falling(Exception why) implements Workload {
    @Override
    public String name() {
      return "falling";
    }

    @Override
    public String question() {
      return "";
    }

    @Override
    public List<StackKind> stacks() {
      return List.of(StackKind.DOVECOT);
    }

    @Override
    public Rounds prepare(Bench bench, Stack stack) {
      Client client =
          bench
              .load()
              .connect(stack.user(0), stack.plainPort(), Tls.NONE, bench.faults(stack.kind()))
              .thenCompose(greeted -> greeted.login(stack.user(0), Backend.PASSWORD))
              .orTimeout(SOON_SECONDS, TimeUnit.SECONDS)
              .join();
      return new Rounds() {
        @Override
        public void round() {
          throw new CompletionException(why);
        }

        @Override
        public void close() {
          client.close();
        }
      };
    }
  }
}
