package dormouse.config;

import java.util.List;

/// How many connections clients may have. Sleepers cost next to nothing, and so are counted apart. 0 is no limit.
///
/// @param perAddress awake connections of one address, of IPv6 its /64; 0 to 1000000
/// @param perNetwork awake connections of one network, an IPv4 /24 or an IPv6 /48; 0 to 1000000
/// @param perUser awake sessions of one user; 0 to 1000000
/// @param asleepPerAddress sleeping sessions of one address, of IPv6 its /64; 0 to 100000000
/// @param asleepPerNetwork sleeping sessions of one network, an IPv4 /24 or an IPv6 /48; 0 to 100000000
/// @param asleepPerUser sleeping sessions of one user; 0 to 1000000
/// @param perListener connections of one listener, awake or asleep; 0 to 100000000
/// @param beforeLogin connections that have not logged in yet, of all clients; beyond, the oldest are closed; 0 to
///     1000000
/// @param exempt networks of which addresses are not counted: webmail, proxies
public record LimitsSettings(
    int perAddress,
    int perNetwork,
    int perUser,
    int asleepPerAddress,
    int asleepPerNetwork,
    int asleepPerUser,
    int perListener,
    int beforeLogin,
    List<Network> exempt) {
  public static final LimitsSettings DEFAULT =
      new LimitsSettings(500, 2000, 100, 5000, 100_000, 1000, 0, 10_000, List.of());

  private static final int MANY = 1_000_000;
  private static final int VERY_MANY = 100_000_000;

  public LimitsSettings {
    new Checks()
        .between("per-address", perAddress, 0, MANY)
        .between("per-network", perNetwork, 0, MANY)
        .between("per-user", perUser, 0, MANY)
        .between("asleep-per-address", asleepPerAddress, 0, VERY_MANY)
        .between("asleep-per-network", asleepPerNetwork, 0, VERY_MANY)
        .between("asleep-per-user", asleepPerUser, 0, MANY)
        .between("per-listener", perListener, 0, VERY_MANY)
        .between("before-login", beforeLogin, 0, MANY)
        .done();
    exempt = List.copyOf(exempt);
  }
}
