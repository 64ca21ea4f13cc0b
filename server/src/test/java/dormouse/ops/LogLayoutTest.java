package dormouse.ops;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.joran.spi.JoranException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// `logback.xml` as it ships.
final class LogLayoutTest {
  private final LoggerContext context = new LoggerContext();

  LogLayoutTest() throws JoranException {
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(Objects.requireNonNull(getClass().getResource("/logback.xml")));
  }

  @Test
  void anEventIsOneLine() {
    assertThat(line(null))
        .matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} WARN  close reason=bug\n");
  }

  @Test
  void aBugsTraceIsFoldedIntoItsLine() {
    assertThat(line(new IllegalStateException("two\nlines", new RuntimeException("cause"))))
        .contains(
            "close reason=bug | java.lang.IllegalStateException: two | lines | at dormouse.ops.LogLayoutTest")
        .contains(" | Caused by: java.lang.RuntimeException: cause | ")
        .endsWith("\n")
        .hasLineCount(1);
  }

  @Test
  void aMessageOfSeveralLinesIsOne() {
    assertThat(encoded("one\r\n  two\n", null)).endsWith(" WARN  one | two\n");
  }

  private String line(@Nullable Throwable bug) {
    return encoded("close reason=bug", bug);
  }

  private String encoded(String message, @Nullable Throwable bug) {
    Appender<ILoggingEvent> stderr =
        context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender("stderr");
    StderrAppender appender = (StderrAppender) stderr;
    Logger logger = context.getLogger("dormouse.session");
    LoggingEvent event = new LoggingEvent("", logger, Level.WARN, message, bug, null);
    return new String(appender.encoder().encode(event), StandardCharsets.UTF_8);
  }

  @AfterEach
  void stop() {
    context.stop();
  }
}
