package dormouse.bench.stack;

import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A Java process of this machine, as `jcmd` shows it. Immutable.
public record Jvm(long pid) {
  private static final Path JCMD = Path.of(System.getProperty("java.home"), "bin", "jcmd");
  private static final Pattern CODE =
      Pattern.compile("(?m)^CodeCache: size=\\d+Kb,? used=(\\d+)Kb");
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofMinutes(1);
  private static final Duration SPARE_KEPT =
      Duration.ofSeconds(6); // HotSpot empties its pools of arenas every five

  /// Returns when no compiler is at work, who take megabytes while they are; after ten seconds all the same.
  public void awaitCompilers() {
    try {
      Wait.until("its compilers rest", PATIENCE, this::compilersRest);
    } catch (AssertionError _) {
      // then the figure is what it is
    }
  }

  /// Returns when none has been at work for so long that what they took is free again: HotSpot keeps it for who compiles next, up to 20 MB, and
  /// gives it back a few seconds later.
  ///
  /// @param most how long it waits for that
  /// @return whether it is free; else one of them has been at work until the last
  public boolean awaitCompilersGone(Duration most) {
    long end = System.nanoTime() + most.toNanos();
    while (end - System.nanoTime() >= SPARE_KEPT.toNanos()) {
      awaitCompilers();
      long before = codeBytes();
      LockSupport.parkNanos(SPARE_KEPT.toNanos());
      if (codeBytes() == before && compilersRest()) {
        return true;
      }
    }
    return false;
  }

  private boolean compilersRest() {
    return !say("Compiler.queue").contains("::"); // a method, under way or waiting
  }

  /// How many bytes of machine code there are.
  public long codeBytes() {
    Matcher used = CODE.matcher(say("Compiler.codecache"));
    if (!used.find()) {
      throw new IllegalStateException("nothing is told of the code");
    }
    return Long.parseLong(used.group(1)) << 10;
  }

  /// What it answers to a command of `jcmd`; if that takes more than a minute, it fails by a [TimeoutException].
  public String say(String command) {
    return say(command, ANSWER);
  }

  String say(String command, Duration within) {
    AtomicBoolean late = new AtomicBoolean();
    try {
      Process process =
          new ProcessBuilder(JCMD.toString(), Long.toString(pid), command)
              .redirectErrorStream(true)
              .start();
      process
          .onExit()
          .orTimeout(within.toNanos(), TimeUnit.NANOSECONDS)
          .exceptionally(_ -> {
            late.set(true);
            return process.destroyForcibly(); // which ends what is read
          });
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      if (late.get()) {
        throw late(command);
      }
      if (code != 0) {
        throw new IllegalStateException("jcmd " + command + ": " + said);
      }
      return said;
    } catch (IOException e) { // its end may close what is read
      throw late.get() ? late(command) : new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static CompletionException late(String command) {
    return new CompletionException(new TimeoutException("jcmd " + command));
  }
}
