package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.view.UidSet;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/// A [ResponseTracker] with a backend behind it and a client before it.
///
/// @param events what the listener heard, in order: `TAGGED a OK`, `begins FETCH`, `vanished 3`
/// @param output what the client got
record ResponseRun(List<String> events, String output) {

  /// What comes of `input` if every line passes.
  static ResponseRun passing(String input) {
    return judging(input, _ -> Verdict.PASS);
  }

  /// What comes of `input` under `verdicts`.
  static ResponseRun judging(String input, Function<ResponseLine, Verdict> verdicts) {
    return Cuts.everyWay(input, pieces -> run(pieces, verdicts, _ -> {}));
  }

  /// What is left of `input` once MODSEQ is hidden.
  static String hiding(String input, boolean fetching) {
    return Cuts.everyWay(input, pieces -> run(pieces, _ -> Verdict.PASS, hide(fetching))).output();
  }

  static Consumer<ResponseTracker> hide(boolean fetching) {
    return tracker -> {
      tracker.hideModseq(true);
      tracker.fetching(fetching);
    };
  }

  /// What is left of `input` while these messages of a mailbox, whose numbers are their UIDs, are `\\Recent`.
  static ResponseRun recent(String input, boolean hidden, long... uids) {
    return Cuts.everyWay(
        input,
        pieces ->
            run(
                pieces,
                _ -> Verdict.PASS,
                tracker -> tracker.hideModseq(hidden),
                recentOf100(uids)));
  }

  static RecentMessages recentOf100(long... uids) {
    var recent = new RecentMessages();
    recent.set(UidSet.of(uids), UidSet.builder().addRange(1, 100).build());
    return recent;
  }

  static ResponseRun run(
      List<byte[]> pieces,
      Function<ResponseLine, Verdict> verdicts,
      Consumer<ResponseTracker> setUp) {
    return run(pieces, verdicts, setUp, new RecentMessages());
  }

  static ResponseRun run(
      List<byte[]> pieces,
      Function<ResponseLine, Verdict> verdicts,
      Consumer<ResponseTracker> setUp,
      RecentMessages recent) {
    var events = new ArrayList<String>();
    var tracker = new ResponseTracker(new Recorder(events, verdicts), recent);
    setUp.accept(tracker);
    var output = new StringBuilder();
    for (byte[] piece : pieces) {
      ByteBuf in = Unpooled.directBuffer().writeBytes(piece);
      tracker.read(
          in,
          bytes -> {
            assertThat(bytes.isReadable()).isTrue();
            output.append(bytes.toString(ISO_8859_1));
            bytes.release();
          });
      assertThat(in.isReadable()).isFalse();
      in.release();
      assertThat(in.refCnt()).isZero();
      assertThat(tracker.heldBytes()).isLessThanOrEqualTo(ResponseTracker.MAX_HELD_BYTES);
    }
    events.add(tracker.atLineStart() ? "at line start" : "inside");
    return new ResponseRun(events, output.toString());
  }

  private record Recorder(List<String> events, Function<ResponseLine, Verdict> verdicts)
      implements ResponseTracker.Listener {
    @Override
    public Verdict line(ResponseLine line) {
      events.add(line.kind() + " " + line.text());
      return verdicts.apply(line);
    }

    @Override
    public void begins(Kind kind) {
      events.add("begins " + kind);
    }

    @Override
    public void vanished(boolean earlier, long count) {
      events.add("vanished " + count + (earlier ? " earlier" : ""));
    }
  }
}
