package dormouse.bench;

import java.nio.file.Path;
import java.time.Duration;

/// What [Hold] shall do. Immutable.
///
/// @param sessions how many clients
/// @param users among how many users they are shared; at most 3000, and not more than sessions
/// @param messages in each user's INBOX when the clients come
/// @param held how long all of them are held
/// @param greenMail whether the mail server is GreenMail, in this process, and not Dovecot
/// @param after the server's `--hibernate-after`
/// @param jar Dormouse
record HoldOptions(
    int sessions,
    int users,
    int messages,
    Duration held,
    boolean greenMail,
    String after,
    Path jar) {
  static final String USAGE =
      """
      Usage: ./bench hold [--sessions 2000] [--users 200] [--messages 3] [--minutes 10]
                          [--backend dovecot|greenmail] [--hibernate-after 1s]\
      """;

  private static final int MOST_USERS = 3000;

  /// @throws IllegalArgumentException with what is wrong
  static HoldOptions of(String... arguments) {
    int sessions = 2000;
    int users = 200;
    int messages = 3;
    Duration held = Duration.ofMinutes(10);
    boolean greenMail = false;
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
        case "--messages" -> messages = Integer.parseInt(value);
        case "--minutes" -> held = Duration.ofSeconds(Math.round(Double.parseDouble(value) * 60));
        case "--backend" -> greenMail = value.equals("greenmail");
        case "--hibernate-after" -> after = value;
        case "--jar" -> jar = Path.of(value);
        default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
      }
    }
    return new HoldOptions(
        sessions,
        Math.min(Math.min(users, sessions), MOST_USERS),
        messages,
        held,
        greenMail,
        after,
        jar);
  }
}
