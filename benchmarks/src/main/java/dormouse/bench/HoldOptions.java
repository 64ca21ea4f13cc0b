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
/// @param sslHandler how many are held for comparison by a Dormouse that leaves their records to BoringSSL
/// @param after the server's `hibernate.after`
/// @param jar Dormouse
record HoldOptions(
    int sessions,
    int users,
    int messages,
    int warmUp,
    Duration held,
    Backend backend,
    int sslHandler,
    String after,
    Path jar) {
  static final String USAGE =
      """
      Usage: ./bench own hold [--sessions 2000] [--users 200] [--messages 3] [--minutes 10] [--warm-up 1000]
                          [--backend dovecot|greenmail|stand-in] [--ssl-handler 2000] [--hibernate-after 1s]\
      """;

  private static final int MOST_USERS = 3000;
  private static final int SSL_HANDLER = 2000; // they are heavy

  /// Which mail server.
  enum Backend {
    /// A private Dovecot, processes of its own.
    DOVECOT,
    /// GreenMail, on virtual threads of the load client's process.
    GREENMAIL,
    /// [ManyMailboxes], with events, so that no connection stays at rest.
    STAND_IN;

    static Backend of(String name) {
      for (Backend each : values()) {
        if (each.name().equals(name.replace('-', '_').toUpperCase(Locale.ROOT))) {
          return each;
        }
      }
      throw new IllegalArgumentException("--backend takes dovecot, greenmail or stand-in");
    }
  }

  /// @throws IllegalArgumentException with what is wrong
  static HoldOptions of(String... arguments) {
    Arguments given = new Arguments(arguments);
    int sessions = given.number("--sessions", 2000);
    int users = given.number("--users", 200);
    Backend backend = Backend.of(given.text("--backend", "dovecot"));
    HoldOptions options =
        new HoldOptions(
            sessions,
            Math.min(sessions, backend == Backend.STAND_IN ? users : Math.min(users, MOST_USERS)),
            given.number("--messages", 3),
            given.number("--warm-up", 1000),
            Duration.ofSeconds(Math.round(given.decimal("--minutes", 10) * 60)),
            backend,
            given.number("--ssl-handler", Math.min(sessions, SSL_HANDLER)),
            given.text("--hibernate-after", "1s"),
            given.jar());
    given.end();
    return options;
  }
}
