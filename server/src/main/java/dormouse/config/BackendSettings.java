package dormouse.config;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
/// @param tlsName the name that its certificate must be made out to, and that it is asked for (SNI); null: the host
/// @param pins SHA-256 of keys in base64, one of which its certificate must have, whoever signed it; empty: who signed it matters
/// @param clientCertificate PEM, by which Dormouse proves to it who it is; null: it does not
/// @param clientKey PEM, the key to that
/// @param clientPassphraseFile pass phrases, one a line, one of which opens the key; null: it is in clear
/// @param sourceAddresses addresses of this machine from which connections come, in turn; empty: the kernel chooses
/// @param trusted whether it is told who the client is: ID with `x-originating-ip` and friends (Dovecot, nginx)
/// @param proxyProtocol whether it is told the client's address by a PROXY header, before anything else
/// @param mechanism by which users are logged in
/// @param tokenMechanism by which they are whose client has shown an access token
/// @param connectTimeout for TCP and TLS to stand; 10ms to 5m
/// @param answerTimeout for its greeting, its answer to a login and to Dormouse's own commands; 10ms to 10m
/// @param watch how changes are heard of where no feed tells
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
    @Nullable String tlsName,
    List<String> pins,
    @Nullable Path clientCertificate,
    @Nullable Path clientKey,
    @Nullable Path clientPassphraseFile,
    List<InetAddress> sourceAddresses,
    boolean trusted,
    ProxyProtocol proxyProtocol,
    BackendMechanism mechanism,
    TokenMechanism tokenMechanism,
    Duration connectTimeout,
    Duration answerTimeout,
    Watch watch,
    GateSettings gate,
    HealthSettings health,
    PoolSettings pool,
    LoginAsSettings loginAs,
    CanarySettings canary) {
  /// Of IPv4, or of IPv6, which has colons in it.
  private static final Pattern OF_NUMBERS = Pattern.compile("[0-9.*]*[0-9][0-9.*]*|.*:.*");

  /// A mail server on this machine. Other backends take from it what they do not set, but for the address.
  public static final BackendSettings DEFAULT =
      new BackendSettings(
          "localhost",
          0,
          BackendTls.STARTTLS,
          true,
          null,
          null,
          List.of(),
          null,
          null,
          null,
          List.of(),
          false,
          ProxyProtocol.NONE,
          BackendMechanism.AUTO,
          TokenMechanism.NONE,
          ofSeconds(5),
          ofSeconds(30),
          Watch.AUTO,
          GateSettings.DEFAULT,
          HealthSettings.DEFAULT,
          PoolSettings.DEFAULT,
          LoginAsSettings.DEFAULT,
          CanarySettings.DEFAULT);

  public BackendSettings {
    host = Units.host(host);
    port = port == 0 ? tls.usualPort() : port;
    pins = pins.stream().map(pin -> pin.replaceFirst("^sha256//?(?=.{44}$)", "")).toList();
    sourceAddresses = List.copyOf(sourceAddresses);
    new Checks()
        .that(!host.isBlank(), "address", "a host, with or without a port")
        .that(!Units.isScoped(host), "address", "an address without a scope (`%eth0`)")
        .between("address", port, 1, 65535)
        .that(
            pins.stream().allMatch(pin -> pin.matches("[A-Za-z0-9+/]{43}=")),
            "pins",
            "each the SHA-256 of a key in base64, 44 characters, with or without sha256/ before it")
        .that(
            pins.isEmpty() || (ca == null && verify),
            "pins",
            "no `ca` and no `verify: false` beside them")
        .that(
            (clientCertificate == null) == (clientKey == null),
            clientCertificate == null ? "client-certificate" : "client-key",
            "`client-certificate` and `client-key` together")
        .that(
            clientPassphraseFile == null || clientKey != null,
            "client-passphrase-file",
            "a `client-key`, which it opens")
        .between("connect-timeout", connectTimeout, ofMillis(10), ofMinutes(5))
        .between("answer-timeout", answerTimeout, ofMillis(10), ofMinutes(10))
        .that(
            mechanism != BackendMechanism.LOGIN
                || loginAs.user() == null
                || loginAs.separator() != null,
            "mechanism",
            "`plain` or `auto`, or a `separator` in `login-as`: LOGIN takes one name only")
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

  /// The same, whose certificate is made out to another name than its host.
  public BackendSettings withTlsName(@Nullable String name) {
    return Derived.from(this, "tlsName", name);
  }

  /// The same with keys that its certificate may have, and no others.
  public BackendSettings withPins(List<String> others) {
    return Derived.from(this, "pins", others);
  }

  /// The same, to which connections come from these addresses.
  public BackendSettings withSourceAddresses(List<InetAddress> others) {
    return Derived.from(this, "sourceAddresses", others);
  }

  /// The same, whether or not it is told who the client is.
  public BackendSettings withTrusted(boolean other) {
    return Derived.from(this, "trusted", other);
  }

  /// The same with another PROXY header, or none.
  public BackendSettings withProxyProtocol(ProxyProtocol other) {
    return Derived.from(this, "proxyProtocol", other);
  }

  /// The same, shown clients' access tokens by another mechanism, or not.
  public BackendSettings withTokenMechanism(TokenMechanism other) {
    return Derived.from(this, "tokenMechanism", other);
  }

  /// Whether it is shown the access tokens of clients.
  public boolean takesTokens() {
    return tokenMechanism != TokenMechanism.NONE;
  }

  /// The same with other timeouts.
  public BackendSettings withTimeouts(Duration connect, Duration answer) {
    return Derived.from(Derived.from(this, "connectTimeout", connect), "answerTimeout", answer);
  }

  /// The same, with another way to hear of changes.
  public BackendSettings withWatch(Watch other) {
    return Derived.from(this, "watch", other);
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

  /// Whether a host fits the pattern; never if this is none. One of numbers, as `10.0.0.*`, fits no name: anybody may have one that begins so.
  public boolean fits(String other) {
    return isPattern()
        && (Units.isNumber(other) || !OF_NUMBERS.matcher(host).matches())
        && Wildcard.fits(host, other);
  }

  /// Whether it is reached in this way.
  ///
  /// @param thePort 0: by any
  /// @param theTls null: in any way
  public boolean isReachedBy(int thePort, @Nullable BackendTls theTls) {
    return (thePort == 0 || thePort == port) && (theTls == null || theTls == tls);
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
