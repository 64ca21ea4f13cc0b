package dormouse.directory.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.SqlLinkSettings;
import dormouse.directory.Workers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/// What is wrong before a database is asked; the rest is [SqlLinkIT]'s.
class SqlLinkTest {
  private final InstantSource clock = InstantSource.system();

  @Test
  void aUrlThatTheDriverDoesNotTakeIsAFaultOfTheSettings() {
    SqlLinkSettings settings =
        new SqlLinkSettings(
            "jdbc:postgresql://db:notaport/x", null, null, "SELECT 1 WHERE :user = ''", "PLAIN", 1);
    try (Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock)) {
      assertThatThrownBy(() -> SqlLink.of(settings, "1-sql", Duration.ofSeconds(5), checks, clock))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("1-sql: ");
    }
  }

  @Test
  void aLinkThatCannotBeMadeLeavesNoPoolOpen() {
    SqlLinkSettings settings =
        new SqlLinkSettings(
            "jdbc:sqlite::memory:",
            null,
            Path.of("no", "such", "file"),
            "SELECT 1 WHERE :user = ''",
            "PLAIN",
            1);
    try (Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock)) {
      assertThatThrownBy(
              () -> SqlLink.of(settings, "left-open", Duration.ofSeconds(5), checks, clock))
          .isInstanceOf(IOException.class);
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("left-open"));
  }
}
