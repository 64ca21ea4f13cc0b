package dormouse.imap.backend;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/// Since when what a backend has accepted holds no more for others: of an account that it has refused since, of a user who was sent away
/// since. Whom it forgets, for there are too many, counts for everybody; that costs logins, and no more.
///
/// Lives on the event loop of its pool.
final class Overruled {
  private static final int MOST = 10_000;

  private final Map<Object, Long> since = new LinkedHashMap<>(); // the earliest is first
  private long everybodySince;
  private long turns; // of accepting and refusing

  /// The turn of a login that is accepted now.
  long nextTurn() {
    return ++turns;
  }

  /// All that was accepted up to now is.
  ///
  /// @param whom an [Account], or a name as in [#is]
  void add(Object whom) {
    since.remove(whom);
    since.put(whom, nextTurn());
    if (since.size() > MOST) {
      Iterator<Long> earliest = since.values().iterator();
      everybodySince = Math.max(everybodySince, earliest.next());
      earliest.remove();
    }
  }

  /// Whether a login is: its account, or one of its three names.
  boolean is(BackendConnection.Login login) {
    Account account = login.account();
    return login.turn() <= everybodySince
        || isSince(account, login)
        || isSince(login.name(), login)
        || isSince(account.user(), login)
        || isSince(account.owner(), login);
  }

  private boolean isSince(Object whom, BackendConnection.Login login) {
    Long at = since.get(whom);
    return at != null && login.turn() <= at;
  }
}
