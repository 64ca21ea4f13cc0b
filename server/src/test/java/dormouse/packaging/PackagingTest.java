package dormouse.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

final class PackagingTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path VERIFIER = Path.of("/usr/bin/systemd-analyze");

  /// Whence a JVM takes options by itself.
  private static final List<String> HEARD_BY_THE_JVM =
      List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  private static final Pattern INSTRUCTION =
      Pattern.compile(
          "(FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|HEALTHCHECK|STOPSIGNAL|ENTRYPOINT|CMD)\\s+(.+)");

  @TempDir Path directory = Path.of("");

  @Test
  @EnabledIf("systemdIsHere")
  void systemdFindsNothingWrongWithTheUnit() throws Exception {
    String unit = Files.readString(ROOT.resolve("packaging/dormouse.service"));
    Path here = directory.resolve("dormouse.service");
    Path launcher = ROOT.resolve("packaging/dormouse");
    Files.writeString(here, unit.replace("ExecStart=/usr/bin/dormouse", "ExecStart=" + launcher));
    Path said = directory.resolve("said");
    Process verify =
        new ProcessBuilder(VERIFIER.toString(), "verify", here.toString())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    assertThat(verify.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(said)).doesNotContain("dormouse.service");
    assertThat(verify.exitValue()).isZero();
  }

  static boolean systemdIsHere() {
    return Files.isExecutable(VERIFIER);
  }

  @Test
  void theUnitGivesUpWhatItDoesNotNeed() throws IOException {
    assertThat(Files.readAllLines(ROOT.resolve("packaging/dormouse.service")))
        .contains(
            "User=dormouse",
            "StateDirectory=dormouse",
            "LimitNOFILE=1048576",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE",
            "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "Restart=on-failure");
  }

  @Test
  void theLauncherChoosesACollectorUnlessOneIsNamed() throws Exception {
    assertThat(launched("JAVA_OPTS", "")).containsOnlyOnce("-XX:+UseParallelGC");
    assertThat(launched("JAVA_OPTS", "-Xmx4g"))
        .containsOnlyOnce("-XX:+UseParallelGC")
        .contains("-Xmx4g");
    assertThat(launched("JAVA_OPTS", "-Xmx4g -XX:+UseZGC"))
        .containsOnlyOnce("-XX:+UseZGC")
        .doesNotContain("-XX:+UseParallelGC");
    for (String variable : HEARD_BY_THE_JVM) {
      assertThat(launched(variable, "-XX:+UseG1GC"))
          .as(variable)
          .doesNotContain("-XX:+UseParallelGC");
    }
  }

  /// What it starts where no other of these variables is set.
  private static String launched(String variable, String options) throws Exception {
    ProcessBuilder launcher =
        new ProcessBuilder(ROOT.resolve("packaging/dormouse").toString(), "--version");
    launcher.environment().keySet().removeAll(HEARD_BY_THE_JVM);
    launcher.environment().remove("JAVA_OPTS");
    launcher.environment().put("JAVA", "/bin/echo");
    launcher.environment().put(variable, options);
    Process process = launcher.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return said;
  }

  @Test
  void theImageIsMadeOfInstructionsThatThereAre() throws IOException {
    List<String> instructions = instructions();
    assertThat(instructions).allMatch(line -> INSTRUCTION.matcher(line).matches());
    assertThat(instructions.getFirst()).startsWith("FROM ").endsWith(" AS build");
    assertThat(instructions.stream().filter(line -> line.startsWith("FROM "))).hasSize(2);
    assertThat(instructions.indexOf("USER dormouse"))
        .isGreaterThan(0)
        .isLessThan(instructions.size() - 2);
    assertThat(instructions.stream().map(line -> line.split(" ", 2)[0]))
        .contains("EXPOSE", "HEALTHCHECK", "ENTRYPOINT");
  }

  @Test
  void theImageCopiesOnlyWhatIsThere() throws IOException {
    for (String line : instructions()) {
      if (line.startsWith("COPY ") && !line.contains("--from=")) {
        String[] words = line.split(" ", -1);
        for (int i = 1; i < words.length - 1; i++) {
          assertThat(ROOT.resolve(words[i])).exists();
        }
      }
    }
  }

  /// Of the Dockerfile: comments left out, continued lines joined.
  private static List<String> instructions() throws IOException {
    List<String> instructions = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    for (String line : Files.readAllLines(ROOT.resolve("packaging/Dockerfile"))) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      boolean continues = line.endsWith("\\");
      open.append(continues ? line.substring(0, line.length() - 1) : line);
      if (!continues) {
        instructions.add(open.toString());
        open.setLength(0);
      }
    }
    assertThat(open).isEmpty();
    return instructions;
  }
}
