package dormouse.config;

/// How fast a backend may be entered: by logins of clients, wakes, and connections that look after sleepers.
///
/// @param loginsPerSecond in the long run; 1 to 100000
/// @param burst at once, after a rest; never fewer than come in the tenth of a second between two looks; 1 to 100000
/// @param concurrentLogins that may wait for the backend's answer at a time; 1 to 100000
/// @param queue how many may wait to be let in, of each priority; 1 to 10000000
public record GateSettings(int loginsPerSecond, int burst, int concurrentLogins, int queue) {
  public static final GateSettings DEFAULT = new GateSettings(200, 50, 50, 5000);

  public GateSettings {
    new Checks()
        .between("logins-per-second", loginsPerSecond, 1, 100_000)
        .between("burst", burst, 1, 100_000)
        .between("concurrent-logins", concurrentLogins, 1, 100_000)
        .between("queue", queue, 1, 10_000_000)
        .done();
  }
}
