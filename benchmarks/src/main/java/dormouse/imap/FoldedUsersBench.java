package dormouse.imap;

import com.sun.management.GarbageCollectionNotificationInfo;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

/// What do ten million sleeping sessions cost in one process, and what do the collector and each look-up take?
/// ```text
/// ./bench own park [SESSIONS]
/// ```
/// All are of [SleepingUsers], on one loop. Each user is folded; then users are looked up at random, by name and by slot; then at random one goes
/// and one comes. Timed is the folding of one whose objects are there, and the unfolding to such and their end. What makes them, as a login does, is not timed: it is
/// the garbage that the collector has. Pauses are those that it tells of; at the end all of the heap is collected once, as no server does by itself.
public final class FoldedUsersBench {
  private static final int SESSIONS = 10_000_000;
  private static final int TURNS = 500_000;
  private static final int WARM_UP = 30_000;

  /// Work of which a part is timed.
  private interface Work {
    /// @return how many nanoseconds the part took
    long run(int turn);
  }

  private final PrintStream out;
  private final SleepingUsers sleeping;
  private final SplittableRandom random = new SplittableRandom(1);
  private final int[] there; // users by number
  private final AtomicLong longestPauseMillis = new AtomicLong();
  private final AtomicInteger pauses = new AtomicInteger();
  private int next;
  private long sum;

  private FoldedUsersBench(PrintStream out, SleepingUsers sleeping, int users) {
    this.out = out;
    this.sleeping = sleeping;
    this.there = new int[users];
  }

  public static void main(String... arguments) throws Exception {
    Locale.setDefault(Locale.ROOT);
    int sessions = arguments.length > 0 ? Integer.parseInt(arguments[0]) : SESSIONS;
    SleepingUsers sleeping = new SleepingUsers();
    FoldedUsersBench bench =
        new FoldedUsersBench(System.out, sleeping, sessions / SleepingUsers.SESSIONS_A_USER);
    sleeping
        .loop
        .submit(() -> {
          bench.run();
          return bench;
        })
        .get();
    System.exit(0);
  }

  private void run() throws IOException {
    for (int i = 0; i < WARM_UP; i++) { // until the compiler has seen it
      insert(0);
      sum += lookUp(0) + read(0) + remove(0);
    }
    System.gc(); // what all refer to is old
    watchCollectors();
    long before = pss();
    report("insert", there.length, this::insert);
    long sessions = (long) there.length * SleepingUsers.SESSIONS_A_USER;
    say(
        "%,d sessions of %,d users: Pss grew by %,d bytes a session"
            .formatted(sessions, there.length, (pss() - before) / sessions));
    int turns = Math.min(TURNS, there.length);
    report("look up by name", turns, _ -> lookUp(random.nextInt(there.length)));
    report("look up by slot and read", turns, _ -> read(random.nextInt(3 * there.length)));
    report("remove, and another comes", turns, _ -> renew(/* removal= */ true));
    report("insert where another has gone", turns, _ -> renew(/* removal= */ false));
    say("Pss of the process: %,d MB (%d)".formatted(pss() >> 20, sum & 1));
    report("collect all", 1, _ -> collectAll());
    say("Pss of the process: %,d MB".formatted(pss() >> 20));
  }

  private long insert(int at) {
    there[at] = next++;
    ImapUser user = sleeping.rest(there[at]);
    long begin = System.nanoTime();
    user.due();
    return System.nanoTime() - begin;
  }

  private long lookUp(int at) {
    ImapUser like = sleeping.like(there[at]);
    long begin = System.nanoTime();
    sum += Objects.requireNonNull(sleeping.folded.backendOf(like)).name().length();
    return System.nanoTime() - begin;
  }

  private long read(int slot) {
    long begin = System.nanoTime();
    sum += sleeping.folded.head(sleeping.slots.member(slot)).sessions();
    return System.nanoTime() - begin;
  }

  private long remove(int at) {
    ImapUser like = sleeping.like(there[at]);
    long begin = System.nanoTime();
    sleeping.end(Objects.requireNonNull(sleeping.folded.find(like)));
    return System.nanoTime() - begin;
  }

  private long renew(boolean removal) {
    int at = random.nextInt(there.length);
    long removing = remove(at);
    long inserting = insert(at);
    return removal ? removing : inserting;
  }

  private static long collectAll() {
    long begin = System.nanoTime();
    System.gc();
    return System.nanoTime() - begin;
  }

  private void watchCollectors() {
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      if (collector.getName().contains("Concurrent")) {
        continue; // its pauses are told by the others
      }
      ((NotificationEmitter) collector)
          .addNotificationListener(
              (told, _) -> {
                long millis =
                    GarbageCollectionNotificationInfo.from((CompositeData) told.getUserData())
                        .getGcInfo()
                        .getDuration();
                longestPauseMillis.accumulateAndGet(millis, Math::max);
                pauses.incrementAndGet();
              },
              null,
              null);
    }
  }

  /// @param times for how many users
  private void report(String what, int times, Work work) {
    longestPauseMillis.set(0);
    pauses.set(0);
    long nanos = 0;
    for (int i = 0; i < times; i++) {
      nanos += work.run(i);
    }
    say(
        "%s: %,d ns a user, %,d a session; %d pauses of the collector, the longest %,d ms"
            .formatted(
                what,
                nanos / times,
                nanos / times / SleepingUsers.SESSIONS_A_USER,
                pauses.get(),
                longestPauseMillis.get()));
  }

  private static long pss() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/smaps_rollup"))) {
      return lines
          .filter(line -> line.startsWith("Pss:"))
          .mapToLong(line -> Long.parseLong(line.split("\\s+")[1]) << 10)
          .sum();
    }
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }
}
