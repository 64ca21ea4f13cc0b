package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/// HIBERNATION T40: however the backend's bytes are cut, the same happens, nothing fails, and what waits is bounded.
class ResponseTrackerFuzzTest {

  @FuzzTest(maxDuration = "45s")
  void whatPassesIsUnchanged(byte[] input) {
    var run = everyWay(input, _ -> Verdict.PASS, _ -> {});
    String text = new String(input, ISO_8859_1);
    assertThat(text).startsWith(run.output());
    assertThat(text.length() - run.output().length())
        .isLessThanOrEqualTo(ResponseTracker.MAX_HELD_BYTES);
    if (run.events().getLast().equals("at line start")) {
      assertThat(run.output()).isEqualTo(text);
    }
  }

  @FuzzTest(maxDuration = "45s")
  void whatIsHiddenDoesNotDependOnCuts(byte[] input) {
    for (boolean fetching : new boolean[] {false, true}) {
      everyWay(
          input,
          line -> line.number() % 2 == 0 ? Verdict.DROP : Verdict.PASS,
          ResponseRun.hide(fetching));
    }
  }

  @FuzzTest(maxDuration = "45s")
  void everyLineCanBeRead(byte[] input) {
    var in = Unpooled.wrappedBuffer(input);
    try {
      new ResponseLines(Math.max(1, input.length)).read(in, ResponseTrackerFuzzTest::read);
    } catch (ResponseTooLongException _) {
      // a literal may claim to be longer than all of the input
    }
    in.release();
  }

  private static void read(ResponseLine line) {
    assertThat(ResponseLine.parse(line.text()).kind()).isEqualTo(line.kind());
    assertThat(line.text()).contains(line.tag(), line.data(), line.message());
    assertThat(line.code() == null && !line.codeArguments().isEmpty()).isFalse();
    FetchLine fetch = FetchLine.parse(line);
    assertThat(fetch == null || fetch.seq() == line.number()).isTrue();
  }

  private static ResponseRun everyWay(
      byte[] input, Function<ResponseLine, Verdict> verdicts, Consumer<ResponseTracker> setUp) {
    ResponseRun whole = ResponseRun.run(List.of(input), verdicts, setUp);
    for (int size : new int[] {1, 2, 3, 7, 64}) {
      assertThat(ResponseRun.run(Cuts.pieces(input, size), verdicts, setUp))
          .as("in pieces of %d", size)
          .isEqualTo(whole);
    }
    return whole;
  }
}
