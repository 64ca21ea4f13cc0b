package dormouse.ops;

import ch.qos.logback.core.spi.LifeCycle;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/// Writes one line an event: its name, then its fields as `key=value`, in the order given. Any thread.
///
/// ```
/// events.info("login", "session", "7f3a", "user", "ann", "backend", "mx2", "took", Duration.ofMillis(12));
/// → login session=7f3a user=ann backend=mx2 took=12ms
/// ```
///
/// A value is shown by its `toString`, but a [Duration] as `12ms` `4.1s` `41m`, an address as `10.0.0.7:51234`, an enum
/// constant in kebab-case. A field whose value is `null` is left out. A value with anything but visible characters
/// in it is quoted and escaped, so that nobody can forge a line. No password, token or mail text is ever a value.
public final class EventLog {
  private static final int MAX_VALUE_LENGTH = 1000;

  private final Logger log;

  private EventLog(Logger log) {
    this.log = log;
  }

  /// The log of one part of Dormouse. Its level can be set by the class's name.
  public static EventLog of(Class<?> part) {
    return new EventLog(LoggerFactory.getLogger(part));
  }

  /// Counted rather than told: each hibernate and wake.
  public void debug(String event, @Nullable Object... fields) {
    if (log.isDebugEnabled()) {
      log.debug(line(event, fields));
    }
  }

  /// Start, reload, login, close.
  public void info(String event, @Nullable Object... fields) {
    if (log.isInfoEnabled()) {
      log.info(line(event, fields));
    }
  }

  /// We degraded.
  public void warn(String event, @Nullable Object... fields) {
    if (log.isWarnEnabled()) {
      log.warn(line(event, fields));
    }
  }

  /// Somebody must act now.
  public void error(String event, @Nullable Object... fields) {
    log.error(line(event, fields));
  }

  /// A bug of ours: the line ends with where it happened.
  public void error(Throwable bug, String event, @Nullable Object... fields) {
    LoggingEventBuilder builder = log.atError().setCause(bug);
    builder.log(line(event, fields));
  }

  /// Writes what is still queued, and logs nothing more. The last thing a process does.
  public static void flush() {
    if (LoggerFactory.getILoggerFactory() instanceof LifeCycle logging) {
      logging.stop();
    }
  }

  static String line(String event, @Nullable Object... fields) {
    if (fields.length % 2 != 0) {
      throw new IllegalArgumentException("a field of " + event + " has no value"); // our bug
    }
    StringBuilder line = new StringBuilder(event);
    for (int i = 0; i < fields.length; i += 2) {
      Object value = fields[i + 1];
      if (value != null) {
        line.append(' ').append(fields[i]).append('=');
        append(line, show(value));
      }
    }
    return line.toString();
  }

  private static String show(Object value) {
    return switch (value) {
      case Duration duration -> show(duration);
      case InetSocketAddress address -> show(address);
      case Enum<?> constant -> constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
      default -> value.toString();
    };
  }

  private static String show(InetSocketAddress address) {
    if (address.isUnresolved()) {
      return address.getHostString() + ":" + address.getPort();
    }
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static String show(Duration duration) {
    long millis = duration.toMillis();
    if (millis < 1000) {
      return millis + "ms";
    }
    if (millis < 10_000) {
      return millis / 1000 + "." + millis % 1000 / 100 + "s";
    }
    if (millis < 120_000) {
      return millis / 1000 + "s";
    }
    if (millis < 7_200_000) {
      return millis / 60_000 + "m";
    }
    return millis < 172_800_000 ? millis / 3_600_000 + "h" : millis / 86_400_000 + "d";
  }

  private static void append(StringBuilder line, String value) {
    String text =
        value.length() > MAX_VALUE_LENGTH ? value.substring(0, MAX_VALUE_LENGTH) + "…" : value;
    if (isPlain(text)) {
      line.append(text);
      return;
    }
    line.append('"');
    text.chars().forEach(c -> appendEscaped(line, (char) c));
    line.append('"');
  }

  private static boolean isPlain(String text) {
    return !text.isEmpty()
        && text.chars().allMatch(c -> isVisible((char) c) && c != '"' && c != '\\' && c != ' ');
  }

  private static void appendEscaped(StringBuilder line, char c) {
    switch (c) {
      case '"', '\\' -> line.append('\\').append(c);
      case '\n' -> line.append("\\n");
      case '\r' -> line.append("\\r");
      case '\t' -> line.append("\\t");
      default -> {
        if (c == ' ' || isVisible(c)) {
          line.append(c);
        } else {
          line.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
        }
      }
    }
  }

  /// Letters, digits and signs of any script; not what moves a terminal's cursor or turns its direction of writing.
  private static boolean isVisible(char c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.UNASSIGNED,
          Character.PRIVATE_USE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
