package dormouse.directory;

import dormouse.config.BackendMechanism;
import dormouse.config.Network;
import dormouse.config.TokenMechanism;
import dormouse.config.Units;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a directory knows of a user, by the names of Dovecot's passdb fields; what it does not know is `null`, empty or false.
///
/// Immutable. Fields that mean nothing to a front end are left out (`home`, `uid`, `userdb_…`), so a query made for Dovecot
/// works here. A flag is set by `""`, `y`, `yes`, `true` or `1`, and not by `n`, `no`, `false` or `0`.
///
/// @param fields all but the password
/// @param pass what the backend wants as the password instead of the client's own; null if it wants that
@SuppressWarnings("ArrayRecordComponent") // a password is never compared
public record Facts(Map<String, String> fields, byte @Nullable [] pass) {
  /// Nothing is known.
  public static final Facts NONE = new Facts(Map.of(), null);

  /// As the client has logged in itself, which says no more than what is usual here (Dovecot).
  private static final String THE_CLIENTS = "%m";

  private static final Set<String> YES = Set.of("", "y", "yes", "true", "t", "1");
  private static final Set<String> NO = Set.of("n", "no", "false", "f", "0");
  private static final Set<String> FLAGS =
      Set.of("proxy", "proxy_maybe", "nologin", "proxy_not_trusted", "nodelay", "nopassword");
  private static final Set<String> TEXTS =
      Set.of(
          "user",
          "destuser",
          "master",
          "backend",
          "host",
          "hostip",
          "reason",
          "code",
          "allow_nets");

  private static final Set<String> HOSTS = Set.of("host", "hostip");

  /// Whom Dovecot calls `local`, who have no address: none of them comes here, and nobody from this one.
  private static final Network LOCAL = new Network(InetAddress.ofLiteral("255.255.255.255"), 32);

  /// By which a backend is named.
  private static final Set<String> PLACES = Set.of("backend", "host", "hostip");

  /// Where it is.
  private static final Set<String> PLACE = Set.of("backend", "host", "hostip", "port");

  /// How it is reached.
  private static final Set<String> TLS = Set.of("ssl", "starttls");

  /// All of where a user is served.
  private static final Set<String> WHERE =
      Set.of("backend", "host", "hostip", "port", "ssl", "starttls");

  private static final Pattern PORT = Pattern.compile("\\d{1,5}");
  private static final Pattern DELAY_UNTIL =
      Pattern.compile("(?<at>\\d{1,12})(\\+(?<random>\\d{1,6}))?");
  private static final Pattern INTERVAL =
      Pattern.compile("(?<count>\\d{1,6}) ?(?<unit>msecs|ms|secs|s|mins|m)?");
  private static final Duration LONGEST_TIMEOUT = Duration.ofMinutes(10);
  private static final String FORWARD = "forward_";
  private static final Pattern FORWARDED =
      Pattern.compile(FORWARD + "[A-Za-z0-9._-]{1,20}"); // x-forward-… has 30 (RFC 2971 §3.3)

  private static final Pattern SAYABLE = Pattern.compile("[ -~]{0,1024}");

  public Facts {
    fields = Map.copyOf(fields);
  }

  /// How the backend is to be reached, as far as the directory says.
  public enum Tls {
    /// It does not say.
    UNSAID,
    /// TLS from the first byte.
    TLS,
    /// STARTTLS.
    STARTTLS
  }

  /// An acceptance with these facts, or [Answer.CannotTell] of this user alone if one of them cannot be right.
  ///
  /// @param told by name; names that are unknown or begin with `userdb_` are left out
  public static Answer accept(Map<String, String> told) {
    Map<String, String> kept = new TreeMap<>();
    List<String> bad = new ArrayList<>();
    told.forEach((name, value) -> {
      if (!name.equals("pass") && isKnown(name)) {
        kept.put(name, HOSTS.contains(name) ? Units.host(value) : value);
        if (!isPossible(name, value)) {
          bad.add(name);
        }
      }
    });
    if (!bad.isEmpty()) {
      return new Answer.CannotTell(
          "impossible facts: " + String.join(", ", bad), /* down= */ false);
    }
    String pass = told.get("pass");
    return new Answer.Accept(
        new Facts(kept, pass == null ? null : pass.getBytes(StandardCharsets.UTF_8)));
  }

  private static boolean isKnown(String name) {
    return FLAGS.contains(name)
        || TEXTS.contains(name)
        || name.startsWith(FORWARD)
        || Set.of(
                "port",
                "ssl",
                "starttls",
                "delay_until",
                "proxy_timeout",
                "proxy_refresh",
                "proxy_mech",
                "source_ip")
            .contains(name);
  }

  private static boolean isPossible(String name, String value) {
    if (value.chars().anyMatch(Character::isISOControl)) {
      return false;
    }
    return switch (name) {
      case "port" -> PORT.matcher(value).matches() && isPort(Integer.parseInt(value));
      case "ssl", "starttls" -> value.equals("any-cert") || isFlag(value);
      case "delay_until" -> DELAY_UNTIL.matcher(value).matches();
      case "proxy_timeout", "proxy_refresh" -> INTERVAL.matcher(value).matches();
      case "proxy_mech" ->
          mechanism(value) != null || tokens(value) != null || value.equals(THE_CLIENTS);
      case "source_ip" -> address(value) != null;
      case "allow_nets" -> networks(value).allMatch(Objects::nonNull);
      case "host" -> !value.isBlank() && !Units.isScoped(value);
      case "hostip" -> Units.isNumber(value) && !Units.isScoped(value);
      case "user", "destuser", "master", "backend" -> !value.isBlank();
      default ->
          name.startsWith(FORWARD)
              ? FORWARDED.matcher(name).matches() && SAYABLE.matcher(value).matches()
              : !FLAGS.contains(name) || isFlag(value);
    };
  }

  private static boolean isPort(int port) {
    return port > 0 && port <= 65535;
  }

  private static boolean isFlag(String value) {
    String word = value.toLowerCase(Locale.ROOT);
    return YES.contains(word) || NO.contains(word);
  }

  /// These facts, and those of `others` that are not among them. If these name a backend, nothing of where it is comes from the others: the port
  /// of one would be that of another. Only that it is reached by TLS goes on, or a password would go out in clear, unless these say how it is.
  public Facts over(Facts others) {
    Map<String, String> both = new HashMap<>(others.fields);
    if (fields.keySet().stream().anyMatch(PLACES::contains)) {
      both.keySet().removeAll(fields.keySet().stream().anyMatch(TLS::contains) ? WHERE : PLACE);
    }
    both.putAll(fields);
    return new Facts(both, pass == null ? others.pass : pass);
  }

  /// The user's one name, whatever the client has typed; limits, logs and the event loop go by it.
  public @Nullable String user() {
    return fields.get("user");
  }

  /// The user's name at the backend.
  public @Nullable String backendUser() {
    return fields.getOrDefault("destuser", fields.get("user"));
  }

  /// Who logs in at the backend in the user's place, with [#pass]: a master user.
  public @Nullable String master() {
    return fields.get("master");
  }

  /// The name of a backend in the settings.
  public @Nullable String backend() {
    return fields.get("backend");
  }

  /// The same of a user of this name, unless they name it otherwise.
  public Facts named(String user) {
    return fields.containsKey("user") ? this : over(new Facts(Map.of("user", user), null));
  }

  /// The backend's host by name or number.
  public @Nullable String host() {
    return fields.getOrDefault("host", fields.get("hostip"));
  }

  /// Where that is, by number; null if it is not said.
  public @Nullable String hostip() {
    return fields.get("hostip");
  }

  /// The backend's port; 0 if it is the usual one.
  public int port() {
    String port = fields.get("port");
    return port == null ? 0 : Integer.parseInt(port);
  }

  /// Whether the backend is reached by TLS, and how.
  public Tls tls() {
    if (isSet("ssl")) {
      return Tls.TLS;
    }
    return isSet("starttls") ? Tls.STARTTLS : Tls.UNSAID;
  }

  /// How long connecting and logging in may take; null if it is not said. Zero, which to Dovecot is no limit, says nothing; the longest is
  /// ten minutes.
  public @Nullable Duration timeout() {
    Duration told = interval("proxy_timeout");
    if (told == null || told.isZero()) {
      return null;
    }
    return told.compareTo(LONGEST_TIMEOUT) > 0 ? LONGEST_TIMEOUT : told;
  }

  /// How old what is known of the user may be when a sleeping session of it needs a backend; null if it is not said. Zero, by which Dovecot asks
  /// never again, says nothing.
  public @Nullable Duration refresh() {
    Duration told = interval("proxy_refresh");
    return told == null || told.isZero() ? null : told;
  }

  private @Nullable Duration interval(String name) {
    Matcher matcher = INTERVAL.matcher(fields.getOrDefault(name, ""));
    if (!matcher.matches()) {
      return null;
    }
    long count = Long.parseLong(matcher.group("count"));
    String unit = Objects.requireNonNullElse(matcher.group("unit"), "s");
    return switch (unit) {
      case "msecs", "ms" -> Duration.ofMillis(count);
      case "mins", "m" -> Duration.ofMinutes(count);
      default -> Duration.ofSeconds(count);
    };
  }

  /// By which mechanism the user is logged in at the backend; null if it is not said.
  public @Nullable BackendMechanism mechanism() {
    String told = fields.get("proxy_mech");
    return told == null ? null : mechanism(told);
  }

  private static @Nullable BackendMechanism mechanism(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "plain" -> BackendMechanism.PLAIN;
      case "login" -> BackendMechanism.LOGIN;
      default -> null;
    };
  }

  /// By which mechanism the backend is shown the client's access token, if it has one; null if it is not said.
  public @Nullable TokenMechanism tokens() {
    String told = fields.get("proxy_mech");
    return told == null ? null : tokens(told);
  }

  private static @Nullable TokenMechanism tokens(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "oauthbearer" -> TokenMechanism.OAUTHBEARER;
      case "xoauth2" -> TokenMechanism.XOAUTH2;
      default -> null;
    };
  }

  /// The address of this machine from which the backend is connected to; null if it is not said.
  public @Nullable InetAddress source() {
    String told = fields.get("source_ip");
    return told == null ? null : address(told);
  }

  /// Whether the backend is told nothing of the client by ID, though the settings trust it.
  public boolean untold() {
    return isSet("proxy_not_trusted");
  }

  private static @Nullable InetAddress address(String number) {
    try {
      return InetAddress.ofLiteral(number);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /// Whether the user may not log in, though name and password are right. As in Dovecot, `proxy` overrides that: its queries often tell
  /// both.
  public boolean nologin() {
    return isSet("nologin") && !isSet("proxy") && !isSet("proxy_maybe");
  }

  /// Whether any password is the user's, as when the backend's login decides on it.
  public boolean nopassword() {
    return isSet("nopassword");
  }

  /// What remains of these facts at a server of ours. With `proxy_maybe` several servers may share a table in which each user's
  /// own is named: at that one nothing is said of where the user is served.
  ///
  /// @param here the address at which the client came in
  public Facts at(InetSocketAddress here) {
    String address = hostip() == null ? host() : hostip();
    if (!isSet("proxy_maybe")
        || address == null
        || !isAddress(address, here.getAddress())
        || (port() != 0 && port() != here.getPort())) {
      return this;
    }
    Map<String, String> local = new HashMap<>(fields);
    local.keySet().removeAll(WHERE);
    local
        .keySet()
        .removeAll(
            Set.of(
                "proxy",
                "proxy_maybe",
                "proxy_timeout",
                "proxy_mech",
                "proxy_not_trusted",
                "source_ip"));
    return new Facts(local, pass);
  }

  private static boolean isAddress(String host, InetAddress address) {
    return Arrays.equals(NetUtil.createByteArrayFromIpAddressString(host), address.getAddress());
  }

  /// Why not, for the client; or "".
  public String reason() {
    return fields.getOrDefault("reason", "");
  }

  /// The response code for that, of RFC 5530 §3 without brackets; or "". What Dovecot calls it is translated.
  public String code() {
    String told = fields.getOrDefault("code", "");
    return switch (told) {
      case "authz_fail" -> "AUTHORIZATIONFAILED";
      case "pass_expired" -> "EXPIRED";
      case "user_disabled", "login_disabled" -> "CONTACTADMIN";
      case "temp_fail" -> "UNAVAILABLE";
      default -> told.toUpperCase(Locale.ROOT);
    };
  }

  /// Networks from which alone the user may log in; empty: from everywhere.
  public List<Network> allowNets() {
    String nets = fields.get("allow_nets");
    return nets == null ? List.of() : networks(nets).filter(Objects::nonNull).toList();
  }

  private static Stream<@Nullable Network> networks(String nets) {
    return Arrays.stream(nets.split(","))
        .map(String::strip)
        .map(net -> net.equals("local") ? LOCAL : Network.parse(net));
  }

  /// How long the login is held up, by `delay_until`, and at most five minutes; as when the user's mail is just moved.
  ///
  /// @param random 0 to 1: which part of the random time that it may have on top
  public Duration delay(Instant now, double random) {
    String until = fields.get("delay_until");
    Matcher matcher = DELAY_UNTIL.matcher(until == null ? "" : until);
    if (!matcher.matches()) {
      return Duration.ZERO;
    }
    String most = matcher.group("random");
    long extraMillis = most == null ? 0 : (long) (Long.parseLong(most) * 1000 * random);
    Instant at = Instant.ofEpochSecond(Long.parseLong(matcher.group("at"))).plusMillis(extraMillis);
    Duration delay = Duration.between(now, at);
    Duration longest = Duration.ofMinutes(5);
    if (delay.isNegative()) {
      return Duration.ZERO;
    }
    return delay.compareTo(longest) > 0 ? longest : delay;
  }

  /// What a backend that trusts us is told of the user, by name (Dovecot: `forward_…`, without that).
  public Map<String, String> forwarded() {
    Map<String, String> forwarded = new TreeMap<>();
    fields.forEach((name, value) -> {
      if (name.startsWith(FORWARD)) {
        forwarded.put(name.substring(FORWARD.length()), value);
      }
    });
    return forwarded;
  }

  private boolean isSet(String name) {
    String value = fields.get(name);
    return value != null && !NO.contains(value.toLowerCase(Locale.ROOT));
  }

  @Override
  public String toString() {
    return "Facts" + new TreeMap<>(fields) + (pass == null ? "" : " and a hidden password");
  }
}
