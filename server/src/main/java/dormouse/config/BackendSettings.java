package dormouse.config;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A mail server behind Dormouse.
///
/// @param host its name or number; its certificate must be made out to it. With `*` in it: a pattern for hosts that a directory
///     names, `*` standing for any letters
/// @param port 0 here becomes the usual port for `tls`
/// @param tls how Dormouse comes to TLS with it
/// @param verify whether its certificate is checked, for who signed it and for its name
/// @param ca PEM, certificates that may sign the backend's; none: those the JDK trusts
/// @param trusted whether it is told who the client is: ID with `x-originating-ip` and friends (Dovecot, nginx)
/// @param proxyProtocol whether it is told the client's address by a PROXY header, before anything else
/// @param connectTimeout for TCP and TLS to stand; 10ms to 5m
/// @param answerTimeout for its greeting, its answer to a login and to Dormouse's own commands; 10ms to 10m
/// @param gate how fast it may be entered
/// @param health how it is known whether it serves
/// @param pool how its connections are kept for their users
/// @param loginAs who logs users in again while their clients are not asked
/// @param canary proves that feeds tell of its changes
public record BackendSettings(
    @Required @Key("address") String host,
    @Required @Key("address") int port,
    BackendTls tls,
    boolean verify,
    @Nullable Path ca,
    boolean trusted,
    ProxyProtocol proxyProtocol,
    Duration connectTimeout,
    Duration answerTimeout,
    GateSettings gate,
    HealthSettings health,
    PoolSettings pool,
    LoginAsSettings loginAs,
    CanarySettings canary) {
  /// A mail server on this machine. Other backends take from it what they do not set, but for the address.
  public static final BackendSettings DEFAULT =
      new BackendSettings(
          "localhost",
          0,
          BackendTls.STARTTLS,
          true,
          null,
          false,
          ProxyProtocol.NONE,
          ofSeconds(5),
          ofSeconds(30),
          GateSettings.DEFAULT,
          HealthSettings.DEFAULT,
          PoolSettings.DEFAULT,
          LoginAsSettings.DEFAULT,
          CanarySettings.DEFAULT);

  public BackendSettings {
    port = port == 0 ? tls.usualPort() : port;
    new Checks()
        .that(!host.isBlank(), "address", "a host, with or without a port")
        .between("address", port, 1, 65535)
        .between("connect-timeout", connectTimeout, ofMillis(10), ofMinutes(5))
        .between("answer-timeout", answerTimeout, ofMillis(10), ofMinutes(10))
        .that(
            canary.user() == null || canary.passwordFile() != null || loginAs.user() != null,
            "canary",
            "`password-file`, or a `login-as` of the backend that logs the canary in")
        .that(
            canary.user() == null || host.indexOf('*') < 0,
            "canary",
            "none for a pattern: it must be known where to log in")
        .done();
  }

  /// A backend at an address, all else by default.
  public static BackendSettings to(String host, int port, BackendTls tls) {
    return DEFAULT.at(host, port, tls);
  }

  /// A backend without TLS, all else by default.
  public static BackendSettings inClear(String host, int port, boolean trusted) {
    return to(host, port, BackendTls.NONE).withVerify(false).withTrusted(trusted);
  }

  /// The same, whether or not its certificate is checked.
  public BackendSettings withVerify(boolean checked) {
    return Derived.from(this, "verify", checked);
  }

  /// The same with other certificates that may sign its own.
  public BackendSettings withCa(@Nullable Path other) {
    return Derived.from(this, "ca", other);
  }

  /// The same, whether or not it is told who the client is.
  public BackendSettings withTrusted(boolean other) {
    return Derived.from(this, "trusted", other);
  }

  /// The same with another PROXY header, or none.
  public BackendSettings withProxyProtocol(ProxyProtocol other) {
    return Derived.from(this, "proxyProtocol", other);
  }

  /// The same with other timeouts.
  public BackendSettings withTimeouts(Duration connect, Duration answer) {
    return Derived.from(Derived.from(this, "connectTimeout", connect), "answerTimeout", answer);
  }

  /// The same behind another gate.
  public BackendSettings withGate(GateSettings other) {
    return Derived.from(this, "gate", other);
  }

  /// The same with another way to know whether it serves.
  public BackendSettings withHealth(HealthSettings other) {
    return Derived.from(this, "health", other);
  }

  /// The same with another pool.
  public BackendSettings withPool(PoolSettings other) {
    return Derived.from(this, "pool", other);
  }

  /// The same with another way to log in again.
  public BackendSettings withLoginAs(LoginAsSettings other) {
    return Derived.from(this, "loginAs", other);
  }

  /// The same with another canary.
  public BackendSettings withCanary(CanarySettings other) {
    return Derived.from(this, "canary", other);
  }

  /// Whether this is not one backend but any that a directory names and whose host fits.
  public boolean isPattern() {
    return host.indexOf('*') >= 0;
  }

  /// Whether a host fits the pattern; never if this is none.
  public boolean fits(String other) {
    return isPattern()
        && Pattern.compile(host.replace(".", "\\.").replace("*", ".*"), Pattern.CASE_INSENSITIVE)
            .matcher(other)
            .matches();
  }

  /// The same at another address.
  ///
  /// @param otherPort 0: as here
  /// @param otherTls null: as here
  public BackendSettings at(String otherHost, int otherPort, @Nullable BackendTls otherTls) {
    BackendTls wanted = otherTls == null ? tls : otherTls;
    int usual = wanted == tls ? port : wanted.usualPort();
    BackendSettings there = Derived.from(Derived.from(this, "host", otherHost), "tls", wanted);
    return Derived.from(there, "port", otherPort == 0 ? usual : otherPort);
  }
}
