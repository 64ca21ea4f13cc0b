package dormouse.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/// What [Hold] shall do. Immutable.
///
/// @param sessions how many clients
/// @param users among how many users they are shared; not more than sessions, and at most 3000 in Dovecot
/// @param messages in each user's INBOX when the clients come
/// @param warmUp how many clients come and go before, a few at a time
/// @param held how long all of them are held
/// @param backend the mail server
/// @param engines how many clients of TLS 1.2 are held for comparison when the others have gone
/// @param after the server's `hibernate.after`
/// @param jar Dormouse
record HoldOptions(
    int sessions,
    int users,
    int messages,
    int warmUp,
    Duration held,
    Backend backend,
    int engines,
    String after,
    Path jar) {
  static final String USAGE =
      """
      Usage: ./bench own hold [--sessions 2000] [--users 200] [--messages 3] [--minutes 10] [--warm-up 1000]
                          [--backend dovecot|greenmail|stand-in] [--engines 0] [--hibernate-after 1s]\
      """;

  private static final int MOST_USERS = 3000;

  /// Which mail server.
  enum Backend {
    /// A private Dovecot, processes of its own.
    DOVECOT,
    /// GreenMail, on virtual threads of the load client's process.
    GREENMAIL,
    /// [ManyMailboxes], with events, so that no connection stays at rest.
    STAND_IN
  }

  /// @throws IllegalArgumentException with what is wrong
  static HoldOptions of(String... arguments) {
    int sessions = 2000;
    int users = 200;
    int messages = 3;
    int warmUp = 1000;
    Duration held = Duration.ofMinutes(10);
    Backend backend = Backend.DOVECOT;
    int engines = 0;
    String after = "1s";
    Path jar = Path.of("server/target/dormouse.jar");
    for (int i = 0; i < arguments.length; i += 2) {
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(arguments[i] + " needs a value");
      }
      String value = arguments[i + 1];
      switch (arguments[i]) {
        case "--sessions" -> sessions = Integer.parseInt(value);
        case "--users" -> users = Integer.parseInt(value);
        case "--warm-up" -> warmUp = Integer.parseInt(value);
        case "--messages" -> messages = Integer.parseInt(value);
        case "--minutes" -> held = Duration.ofSeconds(Math.round(Double.parseDouble(value) * 60));
        case "--backend" ->
            backend = Backend.valueOf(value.replace('-', '_').toUpperCase(Locale.ROOT));
        case "--engines" -> engines = Integer.parseInt(value);
        case "--hibernate-after" -> after = value;
        case "--jar" -> jar = Path.of(value);
        default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
      }
    }
    return new HoldOptions(
        sessions,
        Math.min(sessions, backend == Backend.STAND_IN ? users : Math.min(users, MOST_USERS)),
        messages,
        warmUp,
        held,
        backend,
        engines,
        after,
        jar);
  }
}
