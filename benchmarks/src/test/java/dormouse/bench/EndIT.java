package dormouse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.compare.Compare;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A benchmark that is told to end in the middle (SIGTERM) leaves no process and no folder.
class EndIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration SOON = Duration.ofSeconds(5);
  private static final Pattern FOLDER =
      Pattern.compile("/[^ ,]*/(?:dormouse-bench|nginx|dovecot)\\d{6,}");
  private static final int SESSIONS = 20;

  @TempDir private Path folder;
  private @Nullable Process benchmark;
  private List<ProcessHandle> started = List.of();

  @AfterEach
  void end() {
    List<ProcessHandle> left = Stream.concat(started.stream(), below()).toList();
    if (benchmark != null) {
      benchmark.destroyForcibly();
    }
    left.forEach(ProcessHandle::destroyForcibly);
  }

  @Test
  void stacksEndInTheirRounds() throws Exception {
    assertNothingIsLeft(
        _ -> below().filter(each -> command(each).endsWith("/imap")).count() >= SESSIONS,
        Compare.class,
        "--tiny",
        "--stacks",
        "nginx,dormouse",
        "storm",
        "mixed");
  }

  @Test
  void loginsEnd() throws Exception {
    assertNothingIsLeft(said -> said.contains("clients at a time"), Login.class, "--only", "plain");
  }

  @Test
  void heldSessionsEnd() throws Exception {
    assertNothingIsLeft(
        said -> said.contains("0 asleep"),
        Hold.class,
        "--sessions",
        "20",
        "--users",
        "4",
        "--warm-up",
        "0");
  }

  @Test
  void echoesEnd() throws Exception {
    assertNothingIsLeft(_ -> !folders().isEmpty(), Records.class, "--only", "echo");
  }

  private void assertNothingIsLeft(Predicate<String> begun, Class<?> main, String... arguments)
      throws Exception {
    Path said = folder.resolve("said");
    Process process = Mains.start(main, said, arguments);
    benchmark = process;
    Wait.until("it is in the middle", PATIENCE, () -> begun.test(read(said)) || !process.isAlive());
    assertThat(process.isAlive()).as(read(said)).isTrue();
    started = below().toList();
    Set<Path> folders = folders();
    assertThat(started).isNotEmpty();
    assertThat(folders).isNotEmpty();
    process.destroy();
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    Wait.until( // who was killed is there until its new parent looks
        "all have ended", SOON, () -> started.stream().noneMatch(ProcessHandle::isAlive));
    assertThat(folders).noneMatch(Files::exists);
    assertThat(ProcessHandle.allProcesses().flatMap(EndIT::foldersOf))
        .doesNotContainAnyElementsOf(folders);
  }

  private Stream<ProcessHandle> below() {
    return benchmark == null ? Stream.of() : benchmark.descendants();
  }

  private Set<Path> folders() {
    return below().flatMap(EndIT::foldersOf).collect(Collectors.toSet());
  }

  private static Stream<Path> foldersOf(ProcessHandle process) {
    try {
      String line = Files.readString(Path.of("/proc", process.pid() + "", "cmdline"));
      return FOLDER
          .matcher(line.replace('\0', ' '))
          .results()
          .map(MatchResult::group)
          .map(Path::of);
    } catch (IOException _) {
      return Stream.of(); // it has ended
    }
  }

  private static String command(ProcessHandle process) {
    return process.info().command().orElse("");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
