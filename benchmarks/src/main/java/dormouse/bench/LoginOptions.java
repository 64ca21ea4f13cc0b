package dormouse.bench;

import java.nio.file.Path;
import java.util.List;

/// What [Login] shall do. Immutable.
///
/// @param logins in each round, each of another user
/// @param clients how many log in at a time
/// @param rounds measured, after two that are not
/// @param only which Dormouse of `plain`, `keep-alive`, `cache` and `pool`; nginx is always there
/// @param jar Dormouse
record LoginOptions(int logins, int clients, int rounds, List<String> only, Path jar) {
  static final List<String> DORMICE = List.of("plain", "keep-alive", "cache", "pool");
  static final String USAGE =
      "Usage: ./bench own login [--logins 10000] [--clients 64] [--rounds 3] [--only plain,keep-alive,cache,pool]";

  /// @throws IllegalArgumentException with what is wrong
  static LoginOptions of(String... arguments) {
    int logins = 10_000;
    int clients = 64;
    int rounds = 3;
    List<String> only = DORMICE;
    Path jar = Path.of("server/target/dormouse.jar");
    for (int i = 0; i < arguments.length; i += 2) {
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(arguments[i] + " needs a value");
      }
      String value = arguments[i + 1];
      switch (arguments[i]) {
        case "--logins" -> logins = Integer.parseInt(value);
        case "--clients" -> clients = Integer.parseInt(value);
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--only" -> {
          only = List.of(value.split(","));
          if (!DORMICE.containsAll(only)) {
            throw new IllegalArgumentException("--only takes " + String.join(",", DORMICE));
          }
        }
        case "--jar" -> jar = Path.of(value);
        default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
      }
    }
    return new LoginOptions(logins, clients, rounds, only, jar);
  }
}
