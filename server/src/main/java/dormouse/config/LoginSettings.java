package dormouse.config;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.time.Duration;
import java.util.List;

/// What a client may do before it has logged in.
///
/// @param timeout silence after which it is disconnected; 10ms to 30m
/// @param limit from accept to the end of its login; 10ms to 30m
/// @param maxErrors failed logins and malformed commands, together, before it is disconnected; 1 to 1000
/// @param maxCommands commands before it is disconnected; 1 to 100000
/// @param maxLineBytes the longest line, its literals not counted; 512 to 64KiB
/// @param maxLiteralBytes the longest that all literals of a command may be together; 64 to 64KiB
/// @param mechanisms by which clients may log in, in the order in which they are offered; without `plain` and `login` IMAP's LOGIN
///     is not there either
/// @param trustedNetworks of mail proxies and webmail before Dormouse, which may say by ID for whom they come
/// @param admins users, and master users (`ann*root`), who may log in only from `admins-from`
/// @param adminsFrom networks from which they may
public record LoginSettings(
    Duration timeout,
    Duration limit,
    int maxErrors,
    int maxCommands,
    int maxLineBytes,
    int maxLiteralBytes,
    List<SaslMechanism> mechanisms,
    List<Network> trustedNetworks,
    List<String> admins,
    List<Network> adminsFrom) {
  public static final LoginSettings DEFAULT =
      new LoginSettings(
          ofSeconds(60),
          ofSeconds(180),
          5,
          100,
          8 * 1024,
          4 * 1024,
          List.of(SaslMechanism.PLAIN, SaslMechanism.LOGIN),
          List.of(),
          List.of(),
          List.of());

  public LoginSettings {
    new Checks()
        .between("timeout", timeout, ofMillis(10), ofMinutes(30))
        .between("limit", limit, ofMillis(10), ofMinutes(30))
        .between("max-errors", maxErrors, 1, 1000)
        .between("max-commands", maxCommands, 1, 100_000)
        .bytesBetween("max-line-bytes", maxLineBytes, 512, 64 * 1024)
        .bytesBetween("max-literal-bytes", maxLiteralBytes, 64, 64 * 1024)
        .that(!mechanisms.isEmpty(), "mechanisms", "at least one")
        .done();
    mechanisms = List.copyOf(mechanisms);
    trustedNetworks = List.copyOf(trustedNetworks);
    admins = List.copyOf(admins);
    adminsFrom = List.copyOf(adminsFrom);
  }
}
