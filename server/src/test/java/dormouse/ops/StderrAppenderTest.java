package dormouse.ops;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import dormouse.testkit.Wait;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class StderrAppenderTest {
  private static final int MANY = 20_000;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final LoggerContext context = new LoggerContext();

  /// Takes nothing until it is told to.
  private static class Slow extends OutputStream {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch goesOn = new CountDownLatch(1);
    final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private int writes;

    @Override
    public void write(int one) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      begun.countDown();
      try {
        goesOn.await();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
      taken.write(bytes, from, length);
      writes++;
    }

    String text() {
      return taken.toString(UTF_8);
    }
  }

  /// Fails once, after half of what it is given.
  private static final class Full extends Slow {
    final CountDownLatch failed = new CountDownLatch(1);
    private int calls;

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      boolean fails = ++calls == 2;
      super.write(bytes, from, fails ? length / 2 : length);
      if (fails) {
        failed.countDown();
        throw new IOException("No space left on device");
      }
    }
  }

  private StderrAppender appender(OutputStream out) {
    StderrAppender appender = new StderrAppender(out);
    LineEncoder encoder = new LineEncoder();
    encoder.start();
    appender.setContext(context);
    appender.setEncoder(encoder);
    appender.start();
    return appender;
  }

  private LoggingEvent event(Level level, String message) {
    return new LoggingEvent("", context.getLogger("dormouse"), level, message, null, null);
  }

  @Test
  void whatIsLoggedInAMomentIsWrittenInOnePiece() {
    Slow out = new Slow();
    out.goesOn.countDown();
    StderrAppender appender = appender(out);
    for (int i = 0; i < 100; i++) {
      appender.doAppend(event(Level.INFO, "login session=" + i));
    }
    appender.stop();
    assertThat(out.text().lines()).hasSize(100);
    assertThat(out.text().lines().toList().getLast()).endsWith(" INFO  login session=99");
    assertThat(out.writes).isLessThan(50);
  }

  /// None of the many waits, warnings find room, and what was lost is told.
  @Test
  void whoLogsDoesNotWaitWhileNobodyReads() throws InterruptedException {
    Slow out = new Slow();
    StderrAppender appender = appender(out);
    appender.doAppend(event(Level.INFO, "first"));
    out.begun.await();
    for (int i = 0; i < MANY; i++) {
      appender.doAppend(event(Level.INFO, "login"));
    }
    appender.doAppend(event(Level.WARN, "backend-down"));
    out.goesOn.countDown();
    Wait.until("it tells what was lost", PATIENCE, () -> out.text().contains("log-lost"));
    appender.stop();
    long logins = out.text().lines().filter(line -> line.endsWith(" login")).count();
    assertThat(out.text()).contains(" WARN  backend-down\n");
    assertThat(logins).isLessThan(MANY);
    assertThat(out.text()).contains("log-lost events=" + (MANY - logins));
  }

  /// What is cut ends there, and what was to be told with it is told later.
  @Test
  void whatCannotBeWrittenIsLost() throws InterruptedException {
    Full out = new Full();
    StderrAppender appender = appender(out);
    appender.doAppend(event(Level.INFO, "first"));
    out.begun.await();
    for (int i = 0; i < MANY; i++) {
      appender.doAppend(event(Level.INFO, "login"));
    }
    out.goesOn.countDown();
    out.failed.await();
    appender.doAppend(event(Level.WARN, "login-failed"));
    Wait.until("it is written", PATIENCE, () -> out.text().contains("login-failed"));
    appender.stop();
    String stamp = "[-0-9]{10} [:,0-9]{12} ";
    assertThat(out.text().lines().toList().reversed())
        .first(STRING)
        .matches(stamp + "WARN  log-lost events=" + MANY);
    assertThat(out.text().lines().filter(line -> line.endsWith("login-failed")))
        .singleElement(STRING)
        .matches(stamp + "WARN  login-failed");
  }
}
