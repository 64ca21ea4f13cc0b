package dormouse.ops;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/// Writes events to standard error, those of a moment in one piece: a call of the kernel and a change of threads for each would cost a login more than its
/// lines are worth. Whoever logs never waits: while nobody reads what is written, some thousands are kept, the last of the room for warnings; what is lost is
/// counted, and told once there is room again. So is what cannot be written, as on a full disk.
///
/// Any thread; it has one of its own.
public final class StderrAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
  private static final int MOST = 8192;
  private static final int FOR_WARNINGS = MOST / 5;
  private static final Duration MOMENT = Duration.ofMillis(10);
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private final BlockingQueue<ILoggingEvent> waiting = new ArrayBlockingQueue<>(MOST);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final LongAdder lost = new LongAdder();
  private final OutputStream out;
  private final Thread writer =
      Thread.ofPlatform().daemon().name("dormouse-log").unstarted(this::write);
  private Encoder<ILoggingEvent> encoder = new LineEncoder();
  private boolean cut; // the last line may be; the writer's own

  public StderrAppender() {
    this(new FileOutputStream(FileDescriptor.err));
  }

  StderrAppender(OutputStream out) {
    this.out = out;
  }

  /// What makes lines of events; before [#start].
  public void setEncoder(Encoder<ILoggingEvent> encoder) {
    this.encoder = encoder;
  }

  Encoder<ILoggingEvent> encoder() {
    return encoder;
  }

  @Override
  public void start() {
    super.start();
    writer.start();
  }

  /// Writes what waits, for a second at most, and nothing more.
  @Override
  public void stop() {
    if (!isStarted()) {
      return;
    }
    super.stop();
    ended.countDown();
    writer.interrupt();
    try {
      writer.join(LAST_WORDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  protected void append(ILoggingEvent event) {
    event.getFormattedMessage(); // now: what it is made of may change
    boolean grave = event.getLevel().isGreaterOrEqual(Level.WARN);
    if ((!grave && waiting.remainingCapacity() <= FOR_WARNINGS) || !waiting.offer(event)) {
      lost.increment();
    }
  }

  private void write() {
    List<ILoggingEvent> events = new ArrayList<>();
    try {
      while (true) {
        events.add(waiting.take());
        ended.await(MOMENT.toMillis(), TimeUnit.MILLISECONDS); // or until it is stopped
        writeAll(events);
      }
    } catch (InterruptedException _) { // it is stopped
      writeAll(events);
    }
  }

  /// @param events the first of them; it is empty behind this
  private void writeAll(List<ILoggingEvent> events) {
    waiting.drainTo(events);
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    if (cut) {
      lines.write('\n');
    }
    for (ILoggingEvent event : events) {
      lines.writeBytes(encoder.encode(event));
    }
    int told = events.size();
    events.clear();
    long count = lost.sumThenReset();
    if (count > 0) {
      lines.writeBytes(encoder.encode(lost(count)));
    }
    try {
      lines.writeTo(out);
      out.flush();
      cut = false;
    } catch (IOException e) {
      cut = true;
      lost.add(told + count); // as far as anybody knows
      addError("cannot write", e);
    }
  }

  private LoggingEvent lost(long count) {
    Logger logger = ((LoggerContext) getContext()).getLogger(StderrAppender.class);
    String line = EventLog.line("log-lost", "events", count);
    return new LoggingEvent("", logger, Level.WARN, line, null, null);
  }
}
