package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.CommandTracker.Decision;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// A [CommandTracker] with a client before it, and a backend behind it that answers every wait at once.
///
/// What happens is written down in order, one line an event: `begins a1 NOOP`, `> ` and what was passed on (in one
/// line, however many slices it were), `forwarded …`, `answer …`, `malformed …`, `overflow`, `+` or `refused`.
final class CommandRun implements CommandTracker.Listener {
  private final BiFunction<String, Verb, Decision> decisions;
  private final boolean refusing;
  private final List<String> events = new ArrayList<>();
  private final StringBuilder passed = new StringBuilder();
  private final CommandTracker tracker = new CommandTracker(this);
  private String lastTag = "";

  private CommandRun(BiFunction<String, Verb, Decision> decisions, boolean refusing) {
    this.decisions = decisions;
    this.refusing = refusing;
  }

  /// All that happens if everything is forwarded.
  static List<String> forwarding(String input) {
    return Cuts.everyWay(input, p -> run(p, (_, _) -> Decision.FORWARD, false));
  }

  /// All that happens if everything is forwarded, and the backend refuses wherever it may.
  static List<String> refused(String input) {
    return Cuts.everyWay(input, p -> run(p, (_, _) -> Decision.FORWARD, true));
  }

  /// All that happens if everything is answered.
  static List<String> answering(String input) {
    return Cuts.everyWay(input, p -> run(p, (_, _) -> Decision.ANSWER, false));
  }

  static List<String> run(
      List<byte[]> pieces, BiFunction<String, Verb, Decision> decisions, boolean refusing) {
    var run = new CommandRun(decisions, refusing);
    ByteBuf in = Unpooled.directBuffer();
    for (byte[] piece : pieces) {
      in.discardReadBytes();
      in.writeBytes(piece);
      run.read(in);
      assertThat(run.tracker.heldBytes()).isLessThan(CommandTracker.MAX_ARGUMENT_BYTES + 4);
      assertThat(in.readableBytes()).isLessThanOrEqualTo(CommandTracker.MAX_HEAD_BYTES);
    }
    run.flush();
    if (in.isReadable()) {
      run.events.add("left " + in.toString(ISO_8859_1));
    }
    in.release();
    assertThat(in.refCnt()).isZero();
    return run.events;
  }

  private void read(ByteBuf in) {
    tracker.read(in, this::pass);
    while (tracker.awaitingContinuation()) {
      event(refusing ? "refused" : "+");
      if (refusing) {
        tracker.replied(lastTag);
      } else {
        tracker.continued();
      }
      tracker.read(in, this::pass);
    }
  }

  private void pass(ByteBuf bytes) {
    assertThat(bytes.isReadable()).isTrue();
    passed.append(bytes.toString(ISO_8859_1));
    bytes.release();
  }

  private void event(String event) {
    flush();
    events.add(event);
  }

  private void flush() {
    if (!passed.isEmpty()) {
      events.add("> " + passed);
      passed.setLength(0);
    }
  }

  @Override
  public Decision begins(String tag, Verb verb, @Nullable String arguments) {
    event("begins " + tag + " " + verb);
    lastTag = tag;
    return decisions.apply(tag, verb);
  }

  @Override
  public void forwarded(Command command) {
    event("forwarded " + told(command));
  }

  @Override
  public void answer(Command command) {
    event("answer " + told(command));
    if (command.verb() == Verb.IDLE) {
      tracker.enterIdle();
    }
  }

  @Override
  public void literal() {
    event("literal");
  }

  @Override
  public void malformed(String tag, String why) {
    event("malformed " + tag + " " + why);
  }

  @Override
  public void overflow() {
    event("overflow");
  }

  private static String told(Command command) {
    return command.tag()
        + " "
        + command.verb()
        + "|"
        + command.argumentsText()
        + "|"
        + (command.mentionsModseq() ? " modseq" : "")
        + (command.savesSearch() ? " saves" : "")
        + (command.updatesContext() ? " updates" : "");
  }
}
