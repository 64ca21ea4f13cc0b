package dormouse.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// All that an operator can set. Immutable.
///
/// @param listen where clients come in; at least one
/// @param tls TLS towards clients
/// @param backends the mail servers by name; at least one; in the order of the file
/// @param groups backends among which users are spread, by name; in the order of the file
/// @param routes the rules by which users come to a backend or a group, in turn
/// @param directory the links that are asked who a client is, in turn; none: the backend decides
/// @param login what a client may do before it has logged in
/// @param limits how many connections clients may have
/// @param throttle how who guesses passwords is slowed down
/// @param imap what clients may do behind their login
/// @param hibernate when sessions hibernate and what is kept of them
/// @param feeds who tells that mailboxes have changed
/// @param admin where operators look in
/// @param runtime the process itself
public record Settings(
    List<ListenSettings> listen,
    TlsSettings tls,
    Map<String, BackendSettings> backends,
    Map<String, GroupSettings> groups,
    List<RouteSettings> routes,
    List<LinkSettings> directory,
    LoginSettings login,
    LimitsSettings limits,
    ThrottleSettings throttle,
    ImapSettings imap,
    HibernateSettings hibernate,
    List<FeedSettings> feeds,
    AdminSettings admin,
    RuntimeSettings runtime) {
  public Settings {
    new Checks()
        .that(!listen.isEmpty(), "listen", "at least one listener")
        .that(!backends.isEmpty(), "backends", "at least one backend")
        .done();
    listen = List.copyOf(listen);
    directory = directory.isEmpty() ? List.of(LinkSettings.DEFAULT) : List.copyOf(directory);
    feeds = List.copyOf(feeds);
    routes = List.copyOf(routes);
    groups = Collections.unmodifiableMap(new LinkedHashMap<>(groups));
    backends = Collections.unmodifiableMap(new LinkedHashMap<>(backends));
  }

  /// These listeners before these backends, all else by default.
  public static Settings of(List<ListenSettings> listen, Map<String, BackendSettings> backends) {
    return new Settings(
        listen,
        TlsSettings.DEFAULT,
        backends,
        Map.of(),
        List.of(),
        List.of(),
        LoginSettings.DEFAULT,
        LimitsSettings.DEFAULT,
        ThrottleSettings.DEFAULT,
        ImapSettings.DEFAULT,
        HibernateSettings.DEFAULT,
        List.of(),
        AdminSettings.DEFAULT,
        RuntimeSettings.DEFAULT);
  }

  /// The same with other TLS towards clients.
  public Settings withTls(TlsSettings other) {
    return Derived.from(this, "tls", other);
  }

  /// The same, where other numbers of clients may come.
  public Settings withLimits(LimitsSettings other) {
    return Derived.from(this, "limits", other);
  }

  /// The same, where clients may do other things behind their login.
  public Settings withImap(ImapSettings other) {
    return Derived.from(this, "imap", other);
  }

  /// The same, where sessions hibernate otherwise.
  public Settings withHibernate(HibernateSettings other) {
    return Derived.from(this, "hibernate", other);
  }

  /// The same with another directory.
  public Settings withDirectory(List<LinkSettings> other) {
    return Derived.from(this, "directory", other);
  }

  /// The same with other feeds.
  public Settings withFeeds(List<FeedSettings> other) {
    return Derived.from(this, "feeds", other);
  }

  /// The same, where operators look in elsewhere.
  public Settings withAdmin(AdminSettings other) {
    return Derived.from(this, "admin", other);
  }

  /// The same for another process.
  public Settings withRuntime(RuntimeSettings other) {
    return Derived.from(this, "runtime", other);
  }
}
