package dormouse.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.sleep.StatusOutcome;
import dormouse.imap.sleep.StayReason;
import dormouse.ops.Metrics.State;
import dormouse.session.CloseReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// `docs/operating.md` against what Dormouse says.
final class OperatingDocsTest {
  private static final Pattern METRIC =
      Pattern.compile("(?m)^\\| `(dormouse_[a-z_]+)(?:\\{[a-z,]+})?` \\|");
  private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE (dormouse_[a-z_]+?)(?:_max)? ");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z-]+)` \\| [A-Z`]");
  private static final Pattern EVENT =
      Pattern.compile("\\.(debug|info|warn|error)\\(\\s*(?:\\w+,\\s*)?\"([a-z-]+)\"");
  private static final Pattern EVENT_ROW =
      Pattern.compile("(?m)^\\| (`.*`) \\| (debug|info|warn|error) \\|");
  private static final Pattern WORD = Pattern.compile("`([a-z-]+)`");

  private final String text = Files.readString(Path.of("..", "docs", "operating.md"));

  OperatingDocsTest() throws IOException {}

  @Test
  void everyMetricIsThereAndNoOther() {
    assertThat(all(METRIC, text)).isEqualTo(all(TYPE, everything().scrape()));
  }

  @Test
  void everyEventIsThereWithItsLevelAndNoOther() throws IOException {
    Set<String> logged = new TreeSet<>();
    try (Stream<Path> sources = Files.walk(Path.of("src", "main", "java"))) {
      for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
        String code = Files.readString(source).replaceAll("(?m)^ *///.*$", "");
        EVENT
            .matcher(code)
            .results()
            .forEach(match -> logged.add(match.group(2) + " " + match.group(1)));
      }
    }
    Set<String> documented = new TreeSet<>();
    EVENT_ROW
        .matcher(text)
        .results()
        .forEach(row ->
            WORD.matcher(row.group(1))
                .results()
                .forEach(word -> documented.add(word.group(1) + " " + row.group(2))));
    assertThat(documented).isEqualTo(logged);
  }

  @Test
  void everyReasonToStayAttachedIsThereAndNoOther() {
    String section =
        text.substring(text.indexOf("\n## Reasons to stay"), text.indexOf("\n## Stopping"));
    assertThat(all(ROW, section))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(StayReason.values()).map(StayReason::label).toList());
  }

  @Test
  void everyReasonToCloseIsThereAndNoOther() {
    String section =
        text.substring(text.indexOf("\n## Reasons to close"), text.indexOf("\n## Reasons to stay"));
    assertThat(all(ROW, section))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(CloseReason.values()).map(CloseReason::label).toList());
  }

  @Test
  void everyOutcomeOfStatusIsThere() {
    assertThat(text)
        .contains(
            Arrays.stream(StatusOutcome.values())
                .map(outcome -> "`" + outcome.label() + "`")
                .toList());
  }

  private static Metrics everything() {
    Metrics metrics = new Metrics();
    metrics.watchProcess();
    metrics.handshake("own", true);
    metrics.login("accepted");
    metrics.directoryAnswer("l", "r");
    metrics.directoryTook("l", Duration.ZERO);
    metrics.watchPasswordChecks(() -> 1);
    metrics.sessionState(null, State.GREETING);
    metrics.stayedAttached("r");
    metrics.hibernated();
    metrics.woke("r", Duration.ZERO);
    metrics.wakeFailed("r");
    metrics.askedAgain("r");
    metrics.sync("r", Duration.ZERO);
    metrics.backendConnections("b", "p", 1);
    metrics.backendUp("b", true);
    metrics.backendFailed("b");
    metrics.failedOver("b");
    metrics.feedUp("f", "b", true);
    metrics.feedEvent("f");
    metrics.feedMalformed("f");
    metrics.feedMissed("b");
    metrics.feedUnpublished("k");
    metrics.canary("b", "r");
    metrics.gateWaiting("b", "p", 1);
    metrics.gateWaited("b", "p", Duration.ZERO);
    metrics.gateRefused("b", "p");
    metrics.pool("hit");
    metrics.poolDropped("expired");
    metrics.closed("r");
    metrics.refusedConnection("r");
    metrics.certificates(Map.of(Path.of("mail.pem"), Instant.EPOCH));
    metrics.revocations(Map.of("CN=ca", Instant.EPOCH));
    metrics.staples(Map.of(Path.of("mail.ocsp"), Instant.EPOCH));
    metrics.throttled("r");
    metrics.unparked("r");
    metrics.answeredLocally("NOOP");
    metrics.status("o");
    metrics.select("o");
    return metrics;
  }

  private static Set<String> all(Pattern pattern, String text) {
    Set<String> all = new TreeSet<>();
    pattern.matcher(text).results().forEach(match -> all.add(match.group(1)));
    return all;
  }
}
