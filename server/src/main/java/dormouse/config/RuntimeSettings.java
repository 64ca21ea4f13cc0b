package dormouse.config;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// The process itself.
///
/// @param loops event loops; 0: one a core; at most 1024
/// @param stateDir what outlives a restart: the self-signed certificate, the secret of SCRAM salts
/// @param drain how long sessions may finish what they are in when Dormouse is told to stop; at most 10m
/// @param park whether a hibernating client's connection is kept without a channel, where the machine can do that
/// @param ownRecords whether Dormouse carries TLS 1.3 itself after the handshake; else BoringSSL does, and what is so carried is not parked
/// @param nameServers DNS servers that are asked for backends, in turn; empty: those of /etc/resolv.conf
public record RuntimeSettings(
    int loops,
    Path stateDir,
    Duration drain,
    boolean park,
    boolean ownRecords,
    List<InetSocketAddress> nameServers) {
  public static final RuntimeSettings DEFAULT =
      new RuntimeSettings(0, Path.of("state"), ofSeconds(5), true, true, List.of());

  public RuntimeSettings {
    new Checks()
        .between("loops", loops, 0, 1024)
        .between("drain", drain, ZERO, ofMinutes(10))
        .that(
            nameServers.stream().noneMatch(server -> server.getPort() == 0),
            "name-servers",
            "each with its port, which is not 0")
        .done();
    nameServers = List.copyOf(nameServers);
  }

  /// With records of our own and the machine's own DNS servers.
  public RuntimeSettings(int loops, Path stateDir, Duration drain, boolean park) {
    this(loops, stateDir, drain, park, true, List.of());
  }
}
