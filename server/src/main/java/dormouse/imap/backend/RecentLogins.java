package dormouse.imap.backend;

import dormouse.imap.backend.BackendConnection.Login;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The logins that a backend has accepted, for as long as one may stand for another that is the same in all that the backend may decide by. Some 400
/// bytes each. The oldest goes first where they are too many; that costs logins, and no more.
///
/// Lives on the event loop of its pool.
final class RecentLogins {
  private static final int MOST = 20_000;

  /// What the backend has decided on.
  private record Made(Account account, @Nullable Introduction introduction, LoginKey key) {}

  private final Map<Made, Login> all = new LinkedHashMap<>(); // the earliest is first

  /// @param login accepted just now
  void add(Login login) {
    Made made = new Made(login.account(), login.introduction(), login.key());
    all.remove(made);
    all.put(made, login);
    Iterator<Login> earliest = all.values().iterator();
    while (earliest.hasNext()) {
      Login one = earliest.next();
      long mostMillis = one.account().backend().settings().pool().longestTrust().toMillis();
      if (login.atMillis() - one.atMillis() <= mostMillis && all.size() <= MOST) {
        return;
      }
      earliest.remove();
    }
  }

  /// The last one that was the same; it may be too old. Null if there is none.
  @Nullable Login last(Account account, @Nullable Introduction introduction, LoginKey key) {
    return all.get(new Made(account, introduction, key));
  }

  void clear() {
    all.clear();
  }
}
