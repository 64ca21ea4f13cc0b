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
  static final String USAGE =
      "Usage: ./bench own records [--rounds 5] [--echoes 50000] [--connections 64] [--parked 2000] [--handshakes 4000]"
          + " [--megabytes 1024] [--only echo,still-here,handshakes,bulk] [--kinds plain,live,light,full]";

  /// @throws IllegalArgumentException with what is wrong
  static RecordsOptions of(String... arguments) {
    int rounds = 5;
    int echoes = 50_000;
    int connections = 64;
    int parked = 2000;
    int handshakes = 4000;
    int megabytes = 1024;
    List<String> only = PARTS;
    Set<EchoKind> kinds = EnumSet.allOf(EchoKind.class);
    Path jar = Path.of("server/target/dormouse.jar");
    for (int i = 0; i < arguments.length; i += 2) {
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(arguments[i] + " needs a value");
      }
      String value = arguments[i + 1];
      switch (arguments[i]) {
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--echoes" -> echoes = Integer.parseInt(value);
        case "--connections" -> connections = Integer.parseInt(value);
        case "--parked" -> parked = Integer.parseInt(value);
        case "--handshakes" -> handshakes = Integer.parseInt(value);
        case "--megabytes" -> megabytes = Integer.parseInt(value);
        case "--only" -> {
          only = List.of(value.split(","));
          if (!PARTS.containsAll(only)) {
            throw new IllegalArgumentException("--only takes " + String.join(",", PARTS));
          }
        }
        case "--kinds" -> {
          kinds = EnumSet.of(EchoKind.ENGINE);
          for (String kind : value.split(",")) {
            kinds.add(EchoKind.valueOf(kind.toUpperCase(Locale.ROOT)));
          }
        }
        case "--jar" -> jar = Path.of(value);
        default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
      }
    }
    return new RecordsOptions(
        rounds, echoes, connections, parked, handshakes, megabytes, only, kinds, jar);
  }
}
