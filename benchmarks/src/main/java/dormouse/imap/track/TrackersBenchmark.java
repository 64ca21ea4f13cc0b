package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What does it cost to follow what passes? `./bench inner Trackers`
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TrackersBenchmark {
  private static final int MESSAGES = 100;
  private static final int LINES = 400; // of a literal, of 80 bytes each

  private final Counting counting = new Counting();
  private final ResponseTracker responses = new ResponseTracker(counting, new RecentMessages());
  private final CommandTracker commands = new CommandTracker(counting);
  private final ByteBuf flags = direct(flagsOfAll());
  private final ByteBuf body = direct(bodyOfOne());
  private final ByteBuf asked = direct("a1 UID FETCH 1:* (FLAGS MODSEQ)\r\n".repeat(MESSAGES));

  private static String flagsOfAll() {
    StringBuilder text = new StringBuilder();
    for (int i = 1; i <= MESSAGES; i++) {
      text.append("* %d FETCH (UID %d FLAGS (\\Seen))\r\n".formatted(i, 3 * i));
    }
    return text.append("a1 OK Fetch completed.\r\n").toString();
  }

  private static String bodyOfOne() {
    String mail =
        "Line of a message, as long as lines of mail usually are, * 3 EXPUNGE or not.\r\n";
    String literal = mail.repeat(LINES);
    return "* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\na1 OK Fetch completed.\r\n"
        .formatted(literal.length(), literal);
  }

  private static ByteBuf direct(String text) {
    return Unpooled.directBuffer(text.length()).writeBytes(text.getBytes(US_ASCII));
  }

  /// A hundred FETCH lines with flags, and the tagged reply.
  @Benchmark
  public int aHundredFlags() {
    return respond(flags);
  }

  /// A message of 32 KB, and the tagged reply.
  @Benchmark
  public int aMessage() {
    return respond(body);
  }

  /// A hundred commands in one piece, all forwarded.
  @Benchmark
  public int aHundredCommands() {
    commands.read(asked.readerIndex(0), counting::pass);
    return counting.count;
  }

  private int respond(ByteBuf said) {
    responses.read(said.readerIndex(0), counting::pass);
    return counting.count;
  }

  @Setup(Level.Iteration)
  public void begin() {
    counting.count = 0;
  }

  @TearDown
  public void end() {
    flags.release();
    body.release();
    asked.release();
  }

  /// Passes everything.
  private static final class Counting implements ResponseTracker.Listener, CommandTracker.Listener {
    private int count;

    void pass(ByteBuf bytes) {
      count += bytes.readableBytes();
      bytes.release();
    }

    @Override
    public Verdict line(ResponseLine line) {
      count++;
      return Verdict.PASS;
    }

    @Override
    public void begins(Kind kind) {
      count++;
    }

    @Override
    public void vanished(boolean earlier, long uids) {
      count++;
    }

    @Override
    public CommandTracker.Decision begins(String tag, Verb verb, @Nullable String arguments) {
      return CommandTracker.Decision.FORWARD;
    }

    @Override
    public void forwarded(Command command) {
      count++;
    }

    @Override
    public void answer(Command command) {
      throw new IllegalStateException(command.toString());
    }

    @Override
    public void literal() {
      throw new IllegalStateException("a literal");
    }

    @Override
    public void malformed(String tag, String why) {
      throw new IllegalStateException(why);
    }

    @Override
    public void overflow() {
      throw new IllegalStateException("too long");
    }
  }
}
