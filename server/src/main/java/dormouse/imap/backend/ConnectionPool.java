package dormouse.imap.backend;

import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.PoolSettings;
import dormouse.ops.Metrics;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Backend connections that nobody needs now, kept for a while and lent again instead of a login.
///
/// A connection is lent to the same [Account] only, with what has logged in on it ([LoginKey]), for a client of whom the backend
/// would be told the same ([Introduction]), and never with a feature enabled that its new client has not. Where none is kept, one will do that has nothing to do just now
/// ([Spares]). What is kept has nothing selected. It is let go when its time is over, when the backend says anything on it, when there are too many, and when the backend has
/// refused the account.
///
/// One a loop. Lives on that event loop.
public final class ConnectionPool {
  /// Who has connections that look after something, and have nothing to do just now.
  public interface Spares {
    /// There are none.
    Spares NONE = _ -> null;

    /// One that does, given up: nothing is selected on it, or will be once its running commands are done. Null if there is none.
    @Nullable BackendConnection take(Predicate<BackendConnection> does);
  }

  /// Why a connection was let go.
  private enum Reason {
    EXPIRED,
    /// The backend has closed it, said something on it, or did not leave its mailbox.
    BACKEND,
    /// The account has as many as it may.
    USER_FULL,
    /// The backend has as many as it may.
    FULL,
    REFUSED,
    KICKED,
    RELOAD
  }

  private static final class Entry {
    final BackendConnection connection;
    final BackendConnection.Login login;
    @Nullable Timer expiry;

    Entry(BackendConnection connection, BackendConnection.Login login) {
      this.connection = connection;
      this.login = login;
    }
  }

  private final EventLoop loop;
  private final TimerWheel wheel;
  private final Metrics metrics;
  private final Set<Entry> all = new LinkedHashSet<>(); // the one kept first is first
  private final Map<Account, Set<Entry>> byAccount = new HashMap<>();
  private final Overruled overruled = new Overruled();
  private final RecentLogins recent = new RecentLogins();
  private boolean closed;

  public ConnectionPool(EventLoop loop, TimerWheel wheel, Metrics metrics) {
    this.loop = loop;
    this.wheel = wheel;
    this.metrics = metrics;
  }

  /// Whether anything is kept of a backend's connections.
  public boolean keeps(Backend backend) {
    PoolSettings settings = backend.settings().pool();
    return !closed && settings.perUser() > 0 && settings.max() > 0;
  }

  /// Takes over a connection on which nothing is selected, or will be once its running commands are done; where one of these
  /// fails, it must be closed.
  ///
  /// @param afterLogout whether its client has left: then for `keep-after-logout`, else for `keep`
  public void keep(BackendConnection connection, boolean afterLogout) {
    assert loop.inEventLoop();
    BackendConnection.Login login = connection.login();
    PoolSettings settings = connection.backend().settings().pool();
    Duration time = afterLogout ? settings.keepAfterLogout() : settings.keep();
    if (login == null
        || overruled.is(login)
        || !connection.open()
        || !keeps(connection.backend())
        || time.isZero()) {
      connection.leave();
      return;
    }
    Set<Entry> siblings = byAccount.getOrDefault(login.account(), Set.of());
    if (siblings.size() >= settings.perUser()) {
      letGo(siblings.iterator().next(), Reason.USER_FULL);
    }
    if (!makeRoom(connection.backend(), settings.max())) {
      dropped(Reason.FULL);
      connection.leave();
      return;
    }
    Entry entry = new Entry(connection, login);
    all.add(entry);
    byAccount.computeIfAbsent(login.account(), _ -> new LinkedHashSet<>()).add(entry);
    connection.purpose("pool");
    connection.onClose(() -> letGo(entry, Reason.BACKEND));
    connection.onUnasked(_ -> letGo(entry, Reason.BACKEND));
    entry.expiry = wheel.after(time, () -> letGo(entry, Reason.EXPIRED));
  }

  /// A connection that was to be kept is of no use after all: it is let go, or closed under whoever has got it meanwhile.
  public void spoilt(BackendConnection connection) {
    all.stream()
        .filter(entry -> entry.connection == connection)
        .findFirst()
        .ifPresent(entry -> letGo(entry, Reason.BACKEND));
    connection.close();
  }

  /// Takes a place among the backend's kept connections, if need be that of the oldest on this loop.
  private boolean makeRoom(Backend backend, int max) {
    if (backend.kept().incrementAndGet() <= max) {
      return true;
    }
    for (Entry entry : all) {
      if (entry.login.account().backend() == backend) {
        letGo(entry, Reason.FULL);
        return true;
      }
    }
    backend.kept().decrementAndGet();
    return false;
  }

  /// Whether a connection may be lent for a wish.
  boolean mayLend(Backend backend, Wish wish) {
    return keeps(backend) && wish.standing().mayBeLent(backend.settings().pool());
  }

  /// A connection of the backend that fits the wish; null if there is none, or none will do. It may be dead, without anybody knowing yet.
  ///
  /// @param approach how it would be come to
  /// @param key what a new login would be made with
  /// @param spares who is asked where none is kept
  @Nullable BackendConnection take(
      Backend backend, Approach approach, Wish wish, LoginKey key, Spares spares) {
    assert loop.inEventLoop();
    if (!mayLend(backend, wish)) {
      return null;
    }
    Account account = new Account(backend, wish.user(), wish.owner());
    Introduction introduction = Introduction.of(wish.client(), backend, approach);
    Predicate<BackendConnection> does =
        connection -> {
          BackendConnection.Login login = connection.login();
          return login != null
              && login.account().equals(account)
              && isFresh(login, wish.standing())
              && key.opens(login.key())
              && Objects.equals(login.introduction(), introduction)
              && fits(connection, wish.features());
        };
    Entry best = null;
    for (Entry entry : byAccount.getOrDefault(account, Set.of())) {
      if (does.test(entry.connection) && (best == null || enabled(entry) >= enabled(best))) {
        best = entry;
      }
    }
    BackendConnection lent;
    if (best == null) {
      lent = spares.take(does);
    } else {
      remove(best);
      lent = best.connection;
    }
    if (lent == null) {
      metrics.pool("miss");
      return null;
    }
    lent.onClose(() -> {});
    lent.onUnasked(_ -> {});
    lent.purpose(wish.purpose());
    return lent;
  }

  /// What the backend has offered when it let in the very login that is wished for, so lately that this one would be lent a connection if one were
  /// kept: it needs none before its client asks for something. Null if the backend is to decide.
  ///
  /// @param approach how the backend would be come to
  public @Nullable Capabilities letInLately(Backend backend, Approach approach, Wish wish) {
    assert loop.inEventLoop();
    LoginKey key = mayLend(backend, wish) ? LoginKey.of(backend, wish) : null;
    if (key == null) {
      return null;
    }
    BackendConnection.Login login =
        recent.last(
            new Account(backend, wish.user(), wish.owner()),
            Introduction.of(wish.client(), backend, approach),
            key);
    return login != null && isFresh(login, wish.standing()) && !overruled.is(login)
        ? login.capabilities()
        : null;
  }

  /// A backend has accepted a login just now.
  ///
  /// @param name the user's one name
  /// @param introduction what the backend was told of the client
  /// @param key what it was made with
  BackendConnection.Login accepted(
      Account account,
      String name,
      @Nullable Introduction introduction,
      LoginKey key,
      Capabilities capabilities) {
    BackendConnection.Login login =
        new BackendConnection.Login(
            account, name, introduction, key, wheel.millis(), overruled.nextTurn(), capabilities);
    if (keeps(account.backend())) {
      recent.add(login);
    }
    return login;
  }

  /// Whether what has shown that it lives still does for who took it: meanwhile the backend may have refused the account, or the user was sent
  /// away.
  boolean serves(BackendConnection.Login login, Wish.Standing wants) {
    return wants == Wish.Standing.AGAIN || !overruled.is(login);
  }

  /// Whether the backend has let it in so lately that it need not decide again.
  private boolean isFresh(BackendConnection.Login login, Wish.Standing wants) {
    Duration age = Duration.ofMillis(wheel.millis() - login.atMillis());
    PoolSettings settings = login.account().backend().settings().pool();
    return switch (wants) {
      case AGAIN -> true;
      case PROVEN -> age.compareTo(settings.longestTrust()) <= 0;
      case SHOWN -> age.compareTo(settings.trustPassword()) <= 0;
      case NEW -> false;
    };
  }

  private static boolean fits(BackendConnection connection, Set<String> features) {
    return connection.open()
        && connection.enabled().stream()
            .allMatch(name -> name.equals("CONDSTORE") || features.contains(name));
  }

  private static int enabled(Entry entry) {
    return entry.connection.enabled().size();
  }

  /// The backend has refused the account: nothing of it is lent any more, nor what is in use now and comes later.
  void refused(Account account) {
    overruled.add(account);
    List.copyOf(byAccount.getOrDefault(account, Set.of()))
        .forEach(entry -> letGo(entry, Reason.REFUSED));
  }

  /// Lets go what is kept of a user, on every backend, and what is in use now as soon as it is not.
  ///
  /// @param user the user's one name, or as in [Account#user] or [Account#owner]
  public void kicked(String user) {
    assert loop.inEventLoop();
    overruled.add(user);
    all.stream()
        .filter(entry -> {
          Account account = entry.login.account();
          return entry.login.name().equals(user)
              || account.user().equals(user)
              || account.owner().equals(user);
        })
        .toList()
        .forEach(entry -> letGo(entry, Reason.KICKED));
  }

  /// Lets all go; the settings were changed.
  public void clear() {
    assert loop.inEventLoop();
    recent.clear();
    List.copyOf(all).forEach(entry -> letGo(entry, Reason.RELOAD));
  }

  /// Lets all go, and keeps nothing more.
  public void close() {
    closed = true;
    clear();
  }

  private void letGo(Entry entry, Reason reason) {
    if (!all.contains(entry)) {
      return;
    }
    remove(entry);
    dropped(reason);
    entry.connection.leave();
  }

  private void remove(Entry entry) {
    all.remove(entry);
    byAccount.computeIfPresent(
        entry.login.account(),
        (_, entries) -> {
          entries.remove(entry);
          return entries.isEmpty() ? null : entries;
        });
    entry.login.account().backend().kept().decrementAndGet();
    if (entry.expiry != null) {
      entry.expiry.cancel();
    }
  }

  private void dropped(Reason reason) {
    metrics.poolDropped(reason.name().toLowerCase(Locale.ROOT).replace('_', '-'));
  }

  EventLoop loop() {
    return loop;
  }

  TimerWheel wheel() {
    return wheel;
  }

  Metrics metrics() {
    return metrics;
  }
}
