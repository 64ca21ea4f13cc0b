package dormouse.imap.backend;

import dormouse.imap.track.ResponseLine;
import org.jspecify.annotations.Nullable;

/// How a command of our own ended. What a backend does wrong is a value: a connection that broke or fell silent is
/// [Status#GONE] or [Status#SLOW], never an exception. Immutable.
///
/// @param line the tagged reply, null when there is none
public record Reply(Status status, @Nullable ResponseLine line) {
  public enum Status {
    OK,
    NO,
    BAD,
    /// The connection ended before the reply came.
    GONE,
    /// The backend did not answer within `answer-timeout`; the connection is closed.
    SLOW
  }

  public static final Reply GONE = new Reply(Status.GONE, null);
  static final Reply SLOW = new Reply(Status.SLOW, null);

  static Reply of(ResponseLine line) {
    return new Reply(
        switch (line.status()) {
          case "OK" -> Status.OK;
          case "NO" -> Status.NO;
          default -> Status.BAD;
        },
        line);
  }

  public boolean ok() {
    return status == Status.OK;
  }

  /// Whether the backend could not be asked, so that another try may help.
  public boolean lost() {
    return status == Status.GONE || status == Status.SLOW;
  }

  /// The name of the response code (RFC 5530), upper case, or "".
  public String codeName() {
    return line == null ? "" : line.codeName();
  }
}
