package dormouse.bench;

import java.nio.file.Path;
import java.util.List;

/// What [Login] shall do. Immutable.
///
/// @param logins in each round, each of another user
/// @param clients how many log in at a time
/// @param rounds measured, after those that are not
/// @param only which Dormouse of `plain`, `keep-alive`, `cache` and `pool`; nginx is always there
/// @param alone whether they leave once they are greeted: what a connection takes by itself
/// @param jar Dormouse
record LoginOptions(
    int logins, int clients, int rounds, List<String> only, boolean alone, Path jar) {
  static final List<String> DORMICE = List.of("plain", "keep-alive", "cache", "pool");
  static final String USAGE =
      "Usage: ./bench own login [--logins 10000] [--clients 64] [--rounds 3] [--only plain,keep-alive,cache,pool] [--until login|greeting]";
  private static final List<String> ENDS = List.of("login", "greeting");

  /// @throws IllegalArgumentException with what is wrong
  static LoginOptions of(String... arguments) {
    Arguments given = new Arguments(arguments);
    LoginOptions options =
        new LoginOptions(
            given.number("--logins", 10_000),
            given.number("--clients", 64),
            given.number("--rounds", 3),
            given.some("--only", DORMICE),
            given.one("--until", ENDS).equals("greeting"),
            given.jar());
    given.end();
    return options;
  }
}
