package dormouse.imap;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.FrontEnd;
import dormouse.ops.Metrics;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// A client whose network drops its packets, so that nobody tells that it is gone. The whole runs in a process with a network of its own,
/// for whose route is taken away is lost to all. Where the kernel gives none, it is skipped.
class VanishedClientIT {
  private static final List<String> APART = List.of("unshare", "--net");
  private static final String CLIENT = "127.0.0.5";

  /// What this process' sockets have of Dormouse, and what they are given instead, so that nobody waits for a minute.
  private static final int USER_TIMEOUT_MILLIS = 60_000;

  private static final int SOONER_MILLIS = 3000;

  /// Longer than that, and shorter than a minute; without a timeout the kernel would try for a quarter of an hour.
  private static final Duration LIMIT = Duration.ofSeconds(40);

  private static final int IPPROTO_TCP = 6;
  private static final int TCP_USER_TIMEOUT = 18;

  // T33
  @Test
  void itsNextKeepAliveIsNotAcknowledgedAndItsRecordIsFreed() throws Exception {
    assumeTrue(run(with(APART, "ip", "link", "set", "lo", "up")).isEmpty());
    List<String> java = new ArrayList<>(APART);
    java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(one -> one.startsWith("-X") || one.startsWith("--"))
        .forEach(java::add);
    java.addAll(
        List.of("-cp", System.getProperty("java.class.path"), VanishedClientIT.class.getName()));

    assertThat(run(java)).contains("the record is freed, for the client is gone");
  }

  private static List<String> with(List<String> one, String... more) {
    List<String> all = new ArrayList<>(one);
    all.addAll(List.of(more));
    return all;
  }

  /// What a command says.
  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return e.toString();
    }
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  /// The test itself, in a network of its own.
  public static void main(String[] arguments) throws Throwable {
    mustBeSilent("ip", "link", "set", "lo", "up");
    try (DovecotServer dovecot = DovecotServer.start();
        FrontEnd front =
            FrontEnd.before(
                dovecot.imapPort(), hibernate -> hibernate.withKeepAlive(Duration.ofSeconds(1)));
        ImapClient client = ImapClient.connect(front.tls(), CLIENT, "localhost")) {
      client.login("u1", DovecotServer.PASSWORD).ok("SELECT INBOX");
      client.startIdle();
      front.awaitAsleep(1);
      client.expectMatch("\\* OK .*"); // it is there

      giveUpSooner();
      mustBeSilent("ip", "route", "add", "blackhole", CLIENT + "/32", "table", "local");
      Wait.until("the record is freed", LIMIT, () -> front.sessions(Metrics.State.HIBERNATED) == 0);
      Wait.until( // counted a moment after
          "it counts as gone",
          LIMIT,
          () -> Stage.metric(front, "dormouse_closes_total{reason=\"client-gone\"}") == 1);
      System.out.println("the record is freed, for the client is gone");
    }
  }

  /// Whatever socket of this process has the timeout, asleep or not.
  @SuppressWarnings("restricted") // it calls the C library
  private static void giveUpSooner() throws Throwable {
    Linker linker = Linker.nativeLinker();
    MethodHandle get =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("getsockopt"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    MethodHandle set =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setsockopt"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    try (Arena arena = Arena.ofConfined();
        Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      MemorySegment millis = arena.allocate(JAVA_INT);
      MemorySegment bytes = arena.allocateFrom(JAVA_INT, Integer.BYTES);
      for (Path each : open.toList()) {
        int fd = Integer.parseInt(each.getFileName().toString());
        int told = (int) get.invokeExact(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, millis, bytes);
        if (told == 0 && millis.get(JAVA_INT, 0) == USER_TIMEOUT_MILLIS) {
          millis.set(JAVA_INT, 0, SOONER_MILLIS);
          int done =
              (int) set.invokeExact(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, millis, Integer.BYTES);
          assertThat(done).isZero();
        }
      }
    }
  }

  private static void mustBeSilent(String... command) throws IOException, InterruptedException {
    assertThat(run(List.of(command))).as(List.of(command).toString()).isEmpty();
  }
}
