package dormouse.bench;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What [Records] shall do. Immutable.
///
/// @param rounds measured, after as many of each as warm it up
/// @param echoes in each round, of each kind
/// @param connections at a time, for echoes
/// @param parked who are told that we are still here
/// @param handshakes in each round
/// @param megabytes fetched in each round
/// @param only which of [#PARTS]
/// @param kinds which echoes, always with the one that the others are compared with
/// @param jar Dormouse
record RecordsOptions(
    int rounds,
    int echoes,
    int connections,
    int parked,
    int handshakes,
    int megabytes,
    List<String> only,
    Set<EchoKind> kinds,
    Path jar) {
  static final List<String> PARTS = List.of("echo", "still-here", "handshakes", "bulk");
  private static final List<String> KINDS = List.of("plain", "live", "light", "full");
  static final String USAGE =
      "Usage: ./bench own records [--rounds 5] [--echoes 50000] [--connections 64] [--parked 2000] [--handshakes 4000]"
          + " [--megabytes 1024] [--only echo,still-here,handshakes,bulk] [--kinds plain,live,light,full]";

  /// @throws IllegalArgumentException with what is wrong
  static RecordsOptions of(String... arguments) {
    Arguments given = new Arguments(arguments);
    Set<EchoKind> kinds = EnumSet.of(EchoKind.ENGINE);
    given
        .some("--kinds", KINDS)
        .forEach(kind -> kinds.add(EchoKind.valueOf(kind.toUpperCase(Locale.ROOT))));
    RecordsOptions options =
        new RecordsOptions(
            given.number("--rounds", 5),
            given.number("--echoes", 50_000),
            given.number("--connections", 64),
            given.number("--parked", 2000),
            given.number("--handshakes", 4000),
            given.number("--megabytes", 1024),
            given.some("--only", PARTS),
            kinds,
            given.jar());
    given.end();
    return options;
  }
}
