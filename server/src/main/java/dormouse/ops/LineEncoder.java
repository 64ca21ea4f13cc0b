package dormouse.ops;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.CoreConstants;
import ch.qos.logback.core.encoder.EncoderBase;
import ch.qos.logback.core.util.CachingDateFormatter;
import java.util.regex.Pattern;

/// Makes one line of an event: when, how grave, what; a bug's trace is folded into it, and whatever else has more lines. For one thread at a time.
/// ```
/// 2026-01-31 09:12:05,117 INFO  login session=7f3a user=ann result=accepted took=12ms
/// ```
public final class LineEncoder extends EncoderBase<ILoggingEvent> {
  private static final Pattern BREAK = Pattern.compile("\\s*\\R\\s*");
  private static final int LEVEL_WIDTH = 5;

  private final CachingDateFormatter dates =
      new CachingDateFormatter(CoreConstants.ISO8601_PATTERN);
  private final ThrowableProxyConverter traces = new ThrowableProxyConverter();
  private final String prefix =
      System.getProperty("dormouse.log.prefix", ""); // the demo's live line is wiped by it

  @Override
  public void start() {
    traces.start();
    super.start();
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    String level = event.getLevel().toString();
    return (prefix
            + dates.format(event.getTimeStamp())
            + " "
            + level
            + " ".repeat(LEVEL_WIDTH + 1 - level.length())
            + text(event)
            + "\n")
        .getBytes(UTF_8);
  }

  private String text(ILoggingEvent event) {
    String message = event.getFormattedMessage();
    if (event.getThrowableProxy() != null) {
      message += "\n" + traces.convert(event);
    }
    return message.indexOf('\n') < 0 && message.indexOf('\r') < 0
        ? message
        : BREAK.matcher(message.strip()).replaceAll(" | ");
  }
}
