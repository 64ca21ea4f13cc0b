package dormouse.bench.work;

import dormouse.bench.load.Client;
import dormouse.bench.stack.Held;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.stack.Usage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// What does an idle session take? See [#question].
final class Hold implements Workload {
  private static final String NAME = "hold";
  private static final Measure PROCESSES = Measure.less(NAME, "processes' memory a session", "KiB");
  private static final Measure FRONT = Measure.less(NAME, "of it the front's", "KiB");
  private static final Measure KERNEL = Measure.less(NAME, "kernel's memory a session", "KiB");
  private static final Measure SOCKET =
      Measure.aside(NAME, "the client's socket, which is not in it", "KiB");
  private static final Measure ALL = Measure.less(NAME, "all memory a session", "KiB");
  private static final Measure CPU = Measure.less(NAME, "CPU of 1,000 keep-alives", "ms");
  private static final Measure FIXED =
      Measure.less(NAME, "CPU of that time that no keep-alive takes", "ms");
  private static final Measure COUNT = Measure.less(NAME, "processes at the end", "");
  private static final Measure BEFORE =
      Measure.less(NAME, "memory of all processes before the first session", "MiB");
  private static final int WARM = 50;
  private static final int FEWER = 5; // where each takes a process
  private static final int MOST =
      18_400; // of all stacks in all rounds: one process has 20,000 descriptors
  private static final int MORE_TO_WARM_UP = 8;
  private static final int EACH = 3; // of a user
  private static final int SOCKETS = 4000; // pairs: what the kernel counts of fewer is too coarse
  private static final double STEADY = 1.02; // of the code before
  private static final int BEATS = 6;
  private static final int SLACK = 5; // of a time, so that a beat at its very end is in it
  private static final double PASSED_OVER = 1.5; // times: who heard something just before a beat
  private static final int REST = 4; // times the time to warm up, for compilers to be gone
  private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final long LOOK_NANOS = 250_000_000;

  /// Between two looks: of four, five seconds, every which HotSpot gives things back.
  private static final long STEADY_NANOS = 1_700_000_000;

  private static final double MIB = 1 << 20;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    TLS clients, three a user, log in, select INBOX and idle; each round adds as many again (a fifth where each takes a process, many times as many of Dormouse, or as many as the load client has descriptors for, where each takes hardly anything; they come to a Dovecot whose processes serve one session after the other, which is quicker, and \
    gone before anything is taken), waits until whoever hibernates them has done so, and takes what all have added since the end of the first round, for each session; what they are compared with is looked at until some looks in turn (`holdLooks`) have found the same, or for long enough. What a virtual machine's own memory goes up and down by for its compilers, a MiB or two, is much where its sessions are few. All users have selected INBOX at Dovecot itself before, so that what it writes of a mailbox is there. Before that round as many as it adds come, sleep and leave, before Dormouse fewer at a time, the first of whom stay for some keep-alives, but again and again until its code has ceased \
    to grow: a peer in C has nothing to compile. Memory of processes is Pss, what lies behind files left out, but before the first session all of it, each time behind another start. The kernel's is page tables, stacks, and records of sockets, files, watches and tasks of the \
    whole machine, but for names of files that nobody has open, less the client's socket and its place in the client's epoll, which are measured first. Of Dormouse's heap what a full collection leaves is counted, once its compilers have rested for some seconds and the C library has given back what it holds, also what of it has not been written to and is in no memory yet, but before the first session all that it has. CPU is taken over a \
    time in which each session hears a keep-alive, most of them two, and is for a thousand more of those that were heard: the line through all rounds, whose sessions are more and more; where it begins is what goes on without sessions.\
    """;
  }

  @Override
  public List<StackKind> stacks() {
    return List.of(
        StackKind.DOVECOT,
        StackKind.DOVECOT_HIBERNATE,
        StackKind.NGINX_HIBERNATE,
        StackKind.DOVECOT_PROXY_HIBERNATE,
        StackKind.PERDITION_HIBERNATE,
        StackKind.HAPROXY_HIBERNATE,
        StackKind.DORMOUSE,
        StackKind.DORMOUSE_ATTACHED);
  }

  @Override
  public int keepAliveSeconds(Size size) {
    return size.holdSeconds();
  }

  @Override
  public int watchSeconds(Size size) {
    return (int) Math.ceil(size.holdSeconds() * PASSED_OVER)
        + Math.max(1, size.holdSeconds() / SLACK);
  }

  /// One more, which is what the others are compared with.
  @Override
  public int rounds(Size size) {
    return size.rounds() + 1;
  }

  private int step(Size size, StackKind kind) {
    if (kind.forks()) {
      return size.holdStep() / FEWER;
    }
    if (!many(kind)) {
      return size.holdStep();
    }
    int others =
        stacks().stream().filter(each -> !many(each)).mapToInt(each -> step(size, each)).sum();
    return Math.min(size.holdStep() * size.holdMore(), MOST / rounds(size) - others);
  }

  /// Whether it is Dormouse and lets them sleep.
  private static boolean many(StackKind kind) {
    return kind.isDormouse() && !kind.forks();
  }

  private static Duration warm(Bench bench) {
    return Duration.ofSeconds(bench.size().warmSeconds());
  }

  private static int warmUps(Bench bench, Stack stack, int step) {
    if (stack.kind().forks()) {
      return WARM;
    }
    return Math.max(WARM, many(stack.kind()) ? bench.size().holdStep() * MORE_TO_WARM_UP : step);
  }

  @Override
  public Rounds prepare(Bench bench, Stack stack) {
    int step = step(bench.size(), stack.kind());
    int all = step * rounds(bench.size());
    int warmUps = warmUps(bench, stack, step);
    int users = Math.ceilDiv(Math.max(all, warmUps), EACH);
    bench.mailboxes(stack, 0, users);
    justStarted(bench, stack);
    bench.visit(stack, users);
    quickly(stack, () -> comeAndGo(bench, stack, warmUps));
    return new Rounds() {
      private final List<Client> held = new ArrayList<>();
      private @Nullable Held base;
      private final Map<Client, Integer> silent = new HashMap<>(); // of the last look
      private long patience; // until when they may be so
      private final List<Line.Point> heard = new ArrayList<>();
      private int fewest;
      private double client;

      // A JVM's code grows as it is compiled, also that of keep-alives; what a peer in C needs
      // for a session it has had from the first that came.
      @Override
      public void warmUp() {
        if (stack.kind().isDormouse()) {
          untilCodeIsSteady(bench, stack, warmUps);
        }
      }

      @Override
      public void round() {
        whoIsStillSilent();
        if (base == null) {
          client =
              clientBytes(); // no other stack does anything; and what it closes is gone long before
          // a round that counts
          compilersGone(bench, stack); // at first a heap shrinks, which goes back a little later
          stack.ownMemory();
        }
        long slabs = Held.settledSlabs();
        int first = held.size();
        quickly(
            stack,
            () -> {
              held.addAll(bench.hold(stack, first, first + step, EACH));
              bench.settle(stack, held.size());
            });
        if (many(stack.kind())) {
          bench.settle(stack, held.size()); // once more: its Dovecot is another now
        }
        Held now = look(bench, stack);
        if (base == null) {
          base = now;
          fewest = held.size();
          return;
        }
        long more = Held.settledSlabs() - slabs;
        bench.add(COUNT, stack, now.processes());
        Held added = now.minus(base);
        double sessions = held.size() - fewest;
        double front = added.front() / 1024.0 / sessions;
        double processes = front + added.back() / 1024.0 / sessions;
        double kernel = (added.tables() / sessions + more / (double) step - client) / 1024;
        bench.add(PROCESSES, stack, processes);
        bench.add(FRONT, stack, front);
        if (slabs > 0) { // which only root may read
          bench.add(KERNEL, stack, kernel);
          bench.figures().put(SOCKET, stack.kind(), client / 1024);
          bench.add(ALL, stack, processes + kernel);
        }
      }

      @Override
      public Runnable watch() {
        int[] before = held.stream().mapToInt(Client::keptAlive).toArray();
        Usage begin = stack.usage();
        return () -> {
          double used = stack.usage().minus(begin).sum();
          long all = 0;
          for (int i = 0; i < before.length; i++) {
            int more = held.get(i).keptAlive() - before[i];
            all += more;
            if (more == 0) {
              silent.put(held.get(i), before[i]);
            }
          }
          patience = System.nanoTime() + PATIENCE_NANOS;
          heard.add(new Line.Point(all, used * 1e3));
          Line.through(heard)
              .ifPresent(line -> {
                bench.figures().put(CPU, stack.kind(), line.slope() * 1e3);
                bench.figures().put(FIXED, stack.kind(), line.begin());
              });
        };
      }

      // Each is told of once: also what has not come in a minute may be the machine's fault; but
      // not that none has.
      private void whoIsStillSilent() {
        whoHasHeardMeanwhile();
        while (!silent.isEmpty() && System.nanoTime() - patience < 0) {
          LockSupport.parkNanos(LOOK_NANOS);
          whoHasHeardMeanwhile();
        }
        if (!silent.isEmpty() && silent.size() == held.size()) {
          bench.faults(stack).add("nobody has heard a keep-alive in a minute");
        }
        silent.forEach((_, _) -> bench.faults(stack).late("no keep-alive in a minute"));
        silent.clear();
      }

      private void whoHasHeardMeanwhile() {
        int before = silent.size();
        silent.entrySet().removeIf(one -> one.getKey().keptAlive() > one.getValue());
        for (int i = silent.size(); i < before; i++) {
          bench.faults(stack).late("no keep-alive in its time");
        }
      }

      @Override
      public void close() {
        whoIsStillSilent();
        CompletableFuture.allOf(held.stream().map(Client::closed).toArray(CompletableFuture[]::new))
            .join(); // to wake thousands would take long, and is not asked here
      }
    };
  }

  private static void justStarted(Bench bench, Stack stack) {
    for (int i = 0; i < bench.size().rounds(); i++) {
      if (i > 0) {
        stack.restart();
        bench.warmUp(stack, i);
      }
      bench.settle(stack, 0);
      compilersGone(bench, stack, warm(bench));
      Held empty = stack.processes();
      bench.add(BEFORE, stack, ((double) empty.front() + empty.back()) / (1 << 20));
    }
  }

  /// Waits until it stays the same, in each round alike: what is given back a little later is nobody's.
  private static Held look(Bench bench, Stack stack) {
    compilersGone(bench, stack);
    long pause = Math.min(STEADY_NANOS, warm(bench).dividedBy(REST).toNanos());
    int alike = bench.size().holdLooks();
    Held.Steady now =
        Held.steady(stack::ownMemory, () -> LockSupport.parkNanos(pause), alike, 2 * alike - 1);
    if (now.changedBytes() > 0) {
      bench
          .figures()
          .note(
              NAME,
              "the memory of %s still changed by %,d KiB when it was looked at"
                  .formatted(stack.kind().title(), now.changedBytes() >> 10));
    }
    return now.held();
  }

  private static void compilersGone(Bench bench, Stack stack) {
    compilersGone(bench, stack, warm(bench).multipliedBy(REST));
  }

  /// Waits until its compilers have given back what they had, or the page says that they have not.
  private static void compilersGone(Bench bench, Stack stack, Duration most) {
    if (!stack.awaitCompilersGone(most)) {
      bench
          .figures()
          .note(
              NAME,
              "compilers of %s may still have had something when it was looked at"
                  .formatted(stack.kind().title()));
    }
  }

  /// Does it at a quick backend, if those are many who log in: that takes most of the time, and is not asked here. Afterwards it is as it was.
  private static void quickly(Stack stack, Runnable what) {
    if (!many(stack.kind())) {
      what.run();
      return;
    }
    stack.quickBackend(true);
    try {
      what.run();
    } finally {
      stack.quickBackend(false);
    }
  }

  private static void comeAndGo(Bench bench, Stack stack, int count) {
    List<Client> came = bench.hold(stack, 0, count, EACH);
    bench.settle(stack, count);
    bench.leave(stack, came);
    bench.settle(stack, 0);
  }

  private static void untilCodeIsSteady(Bench bench, Stack stack, int atOnce) {
    stack.quickBackend(true);
    beat(bench, stack, atOnce);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(bench.size().warmSeconds());
    long before = 0;
    long code = stack.codeBytes();
    while (code > before * STEADY) {
      if (System.nanoTime() - end > 0) {
        bench
            .figures()
            .note(
                NAME,
                "the code of %s still grew after %d s of clients that come, sleep and leave: from %.1f to %.1f MiB"
                    .formatted(
                        stack.kind().title(),
                        bench.size().warmSeconds(),
                        before / MIB,
                        code / MIB));
        break;
      }
      before = code;
      comeAndGo(bench, stack, atOnce);
      stack.awaitCompilers();
      code = stack.codeBytes();
    }
    stack.quickBackend(false);
  }

  /// Sleeps so long that each session hears some keep-alives.
  private static void beat(Bench bench, Stack stack, int count) {
    List<Client> came = bench.hold(stack, 0, count, EACH);
    bench.settle(stack, count);
    long beats = TimeUnit.SECONDS.toNanos((long) BEATS * bench.size().holdSeconds());
    LockSupport.parkNanos(Math.min(beats, warm(bench).toNanos()));
    bench.leave(stack, came);
    bench.settle(stack, 0);
  }

  /// What the kernel keeps of a client's end of an idle connection: of the socket, and of its place in the client's epoll. 0 for who may not see
  /// what it keeps.
  private static double clientBytes() {
    if (Held.kernelSlabs() == 0) {
      return 0;
    }
    List<SocketChannel> open = new ArrayList<>();
    try (Selector selector = Selector.open();
        ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), SOCKETS);
      long none = Held.settledSlabs();
      for (int i = 0; i < SOCKETS; i++) {
        open.add(SocketChannel.open(server.getLocalAddress()));
        open.add(server.accept());
      }
      for (SocketChannel each : open) {
        each.configureBlocking(false).register(selector, SelectionKey.OP_READ);
      }
      selector.selectNow(); // tells the kernel of them
      return (Held.settledSlabs() - none) / (double) open.size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      for (SocketChannel each : open) {
        try {
          each.close();
        } catch (IOException _) {
          // it is gone
        }
      }
    }
  }
}
