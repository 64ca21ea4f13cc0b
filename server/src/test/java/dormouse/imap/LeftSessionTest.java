package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.SessionStage.Carrier;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What stays of a session whose client has hung up, while Dormouse goes on.
class LeftSessionTest {
  private static final Pattern SESSIONS =
      Pattern.compile("(?m)^ *\\d+: +(\\d+) +\\d+ +dormouse\\.imap\\.ImapSession(?: .*)?$");

  @ParameterizedTest
  @EnumSource
  void nothingStaysOfWhoHangsUpWithoutLogout(Carrier carrier) throws Exception {
    TranscriptFile woken =
        TranscriptFile.of("imap/parts").stream()
            .filter(part -> part.name().equals("woken.txt"))
            .findFirst()
            .orElseThrow();
    long others = sessions();
    try (SessionStage stage = SessionTranscriptTest.stage(woken, carrier, false)) {
      new SessionPlay(woken, stage, false).play();
      assertThat(sessions()).isEqualTo(others + 1);
      stage.closeClient(1);
      stage.pass(
          Duration.ofSeconds(
              20)); // for what is done behind it has timers of its own, of 10 seconds
      assertThat(sessions()).isEqualTo(others);
    }
  }

  /// Those that something leads to; collects garbage.
  private static long sessions() throws Exception {
    Object histogram =
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                "gcClassHistogram",
                new Object[] {new String[0]},
                new String[] {String[].class.getName()});
    Matcher sessions = SESSIONS.matcher((String) histogram);
    return sessions.find() ? Long.parseLong(sessions.group(1)) : 0;
  }
}
