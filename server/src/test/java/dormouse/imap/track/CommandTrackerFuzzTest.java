package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dormouse.imap.track.CommandTracker.Decision;
import java.util.List;
import java.util.function.BiFunction;

/// HIBERNATION T40: however the client's bytes are cut, the same happens, nothing fails, and what waits is bounded.
class CommandTrackerFuzzTest {

  @FuzzTest(maxDuration = "45s")
  void whatIsForwardedPassesUnchanged(byte[] input) {
    List<String> events = everyWay(input, (_, _) -> Decision.FORWARD, false);
    if (events.stream().anyMatch(e -> e.startsWith("malformed") || e.equals("overflow"))) {
      return;
    }
    var passed = new StringBuilder();
    for (String event : events) {
      if (event.startsWith("> ")) {
        passed.append(event, 2, event.length());
      } else if (event.startsWith("left ")) {
        passed.append(event, 5, event.length());
      }
    }
    // a line being swallowed at the end is neither passed nor left
    assertThat(new String(input, ISO_8859_1)).startsWith(passed);
  }

  @FuzzTest(maxDuration = "45s")
  void whatIsAnsweredNeverPasses(byte[] input) {
    assertThat(everyWay(input, (_, _) -> Decision.ANSWER, false))
        .noneMatch(event -> event.startsWith("> ") || event.startsWith("forwarded"));
  }

  @FuzzTest(maxDuration = "45s")
  void theRestIsCutAlikeWhateverIsDecided(byte[] input) {
    everyWay(
        input,
        (tag, verb) ->
            (tag.length() + verb.name().length()) % 2 == 0 ? Decision.FORWARD : Decision.ANSWER,
        true);
  }

  private static List<String> everyWay(
      byte[] input, BiFunction<String, Verb, Decision> decisions, boolean refusing) {
    List<String> whole = CommandRun.run(List.of(input), decisions, refusing);
    for (int size : new int[] {1, 2, 3, 7, 64}) {
      assertThat(CommandRun.run(Cuts.pieces(input, size), decisions, refusing))
          .as("in pieces of %d", size)
          .isEqualTo(whole);
    }
    return whole;
  }
}
