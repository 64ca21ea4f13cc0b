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
    backends = Collections.unmodifiableMap(new LinkedHashMap<>(backends));
  }

  /// These listeners before these backends, all else by default.
  public static Settings of(List<ListenSettings> listen, Map<String, BackendSettings> backends) {
    return new Settings(
        listen,
        TlsSettings.DEFAULT,
        backends,
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
}
