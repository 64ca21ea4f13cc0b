package dormouse.imap.sleep;

import dormouse.auth.Credentials;
import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Backend;
import dormouse.backend.Priority;
import dormouse.imap.backend.Applicant;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.LoginTry;
import dormouse.imap.backend.Wish;
import dormouse.imap.sleep.UserMailboxes.Surroundings;
import dormouse.ops.EventLog;
import dormouse.route.Route;
import dormouse.session.Client;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Which backend serves a user, and the way to it: how the user is logged in again, and what becomes of a connection that whoever had it
/// needs no longer.
///
/// Lives on the user's event loop.
public final class UserBackend {
  private static final EventLog LOG = EventLog.of(UserBackend.class);

  private final UserMailboxes home;
  private Backend now; // who has served the user last
  private int logins;
  private int questions; // to the directory
  private boolean lendsToClients;

  UserBackend(UserMailboxes home, Backend now) {
    this.home = home;
    this.now = now;
  }

  /// Whether the directory is asked nothing.
  boolean rests() {
    return questions == 0;
  }

  void fold(FoldWriter out) {
    out.number(logins);
    out.flag(lendsToClients);
  }

  void unfold(FoldReader from) {
    logins = (int) from.number();
    lendsToClients = from.flag();
  }

  Surroundings surroundings() {
    return home.surroundings();
  }

  private ConnectionPool pool() {
    return surroundings().pool();
  }

  /// Who has served the user last.
  public Backend now() {
    return now;
  }

  /// Who can serve the user, as settings and directory now say.
  Route route() {
    return home.host().route();
  }

  /// Whether what a backend says is of the mail that is watched for the user. It is not where a session of a user goes on who has been sent
  /// elsewhere since: nothing of that is anybody else's, and nothing of what others have heard is for that session.
  public boolean isAt(Backend other) {
    return other.equals(now) || route().keeps(other);
  }

  // ── a login ──

  /// Logs the user in on a new connection, so that a session that waits in a command can go on.
  ///
  /// @param features what the client has enabled
  LoginTry login(Client client, String clientId, Grant grant, Set<String> features) {
    return login(
        wish(client, "session", Priority.CLIENT, grant, features),
        at -> again(client, clientId, grant, at));
  }

  /// Logs the user in on a new connection that watches for sleepers.
  ///
  /// @param first by whose grant it is done
  /// @param who the sleeper in whose name, chosen when its turn has come; null if there is none any more
  LoginTry login(Priority priority, Sleeper first, Supplier<@Nullable Sleeper> who) {
    return login(
        wish(first.client(), "watch", priority, first.grant, Set.of()),
        at -> {
          Sleeper sleeper = who.get();
          return sleeper == null ? null : again(sleeper.client(), "", sleeper.grant, at);
        });
  }

  /// Logs the user in on a new connection that asks for sleepers.
  ///
  /// @param who in whose name, chosen when its turn has come
  LoginTry login(Supplier<StatusDesk.Asker> who) {
    StatusDesk.Asker first = who.get();
    return login(
        wish(first.client(), "watch", Priority.CLIENT, first.grant(), Set.of()),
        at -> {
          StatusDesk.Asker asker = who.get();
          return again(asker.client(), asker.clientId(), asker.grant(), at);
        });
  }

  private Wish wish(
      Client client, String purpose, Priority priority, Grant grant, Set<String> features) {
    return new Wish(
        home.host().login(),
        home.host().user(),
        client,
        purpose,
        priority,
        home.host().name(),
        grant::open,
        Wish.Standing.AGAIN,
        features);
  }

  private LoginTry login(Wish wish, Function<Backend, @Nullable Applicant> applicant) {
    Route to = route();
    return LoginTry.begin(pool(), home::spare, to.order(now), to.approach(), wish, applicant);
  }

  private @Nullable Applicant again(Client client, String clientId, Grant grant, Backend at) {
    Credentials credentials = grant.open(at);
    if (credentials == null) {
      return null;
    }
    Client numbered = client.withSessionId(client.sessionId() + "." + ++logins);
    return new Applicant(numbered, clientId, credentials);
  }

  // ── who serves ──

  /// As [UserMailboxes.Host#askAgain]; the user is not folded before the answer is taken in ([#answered]), for who has asked may be gone by then, and what it
  /// says of the user holds all the same.
  CompletableFuture<Resumption> askAgain(Standing standing, Client client, String clientId) {
    questions++;
    try {
      return home.host().askAgain(standing, client, clientId);
    } catch (RuntimeException | AssertionError bug) {
      return CompletableFuture.failedFuture(bug);
    }
  }

  /// The answer to [#askAgain] is being taken in.
  void answered() {
    questions--;
    home.rests();
  }

  /// The directory sends the user elsewhere. If nobody is left who has asked, nothing is kept of it: whoever logs in next would find what
  /// no feed tells of anything any more.
  void moved(Resumption.Goes there) {
    if (home.isUnused()) {
      return;
    }
    LOG.info(
        "user-moved", "user", home.host().user(), "from", now.name(), "to", there.route().place());
    home.host().moved(there);
    servedBy(there.route().order(null).getFirst());
    home.rerouted();
  }

  /// The directory leaves the user where it is, and may say anew how its backends are come to: that holds for the next login, and what is
  /// connected stays so.
  void stays(Resumption.Goes there) {
    if (!home.isUnused()) {
      home.host().stays(there);
    }
  }

  /// A backend has let the user in: what comes next goes there too, and its feeds are listened to. Not if the user has been sent elsewhere while
  /// it did: then all remains as it is.
  ///
  /// @param way by which the user was sent there when the login began
  /// @return whether the user still belongs there
  public boolean servedBy(Backend other, Route way) {
    boolean belongs = route().confirms(way, other);
    if (belongs) {
      servedBy(other);
    }
    return belongs;
  }

  private void servedBy(Backend other) {
    Backend before = now;
    now = other;
    if (before.isSameServer(other) || home.isUnused()) {
      return;
    }
    LOG.debug("moved", "user", home.host().user(), "from", before.name(), "backend", other.name());
    home.servedBy(other);
  }

  // ── a connection that is needed no longer ──

  /// Says whether clients of the user may be given a kept connection when they log in.
  public void lendsToClients(boolean on) {
    lendsToClients = on;
  }

  /// The user is sent away: no connection that was made before serves a login.
  public void kicked() {
    lendsToClients = false;
    pool().kicked(home.host().login());
  }

  /// Whether somebody may come for a connection of the user once a session of it has ended.
  public boolean awaitsOthers() {
    return lendsToClients || home.sessions().count() > 1;
  }

  /// Takes over a connection that its session or watch needs no longer, in case that another does.
  ///
  /// @param connection with no command running, but for an IDLE of ours
  /// @param selected whether a mailbox is selected on it
  /// @param afterLogout whether its client has left
  public void keep(BackendConnection connection, boolean selected, boolean afterLogout) {
    if (!mayKeep(connection, selected) || (home.sessions().count() == 0 && !lendsToClients)) {
      connection.leave();
      return;
    }
    if (connection.idling()) {
      connection.done();
    }
    if (selected) {
      unselect(connection);
    }
    pool().keep(connection, afterLogout);
  }

  /// Whether a connection can be kept for others.
  ///
  /// @param selected whether a mailbox is selected on it
  public boolean mayKeep(BackendConnection connection, boolean selected) {
    return pool().keeps(connection.backend())
        && connection.open()
        && (!selected || connection.offers("UNSELECT") || connection.offers("IMAP4REV2"))
        && route().keeps(connection.backend());
  }

  /// Has the backend leave the mailbox; if it does not, the connection ends, whoever has got it meanwhile.
  void unselect(BackendConnection connection) {
    connection
        .run("UNSELECT", _ -> {}) // CLOSE would expunge
        .thenAccept(reply -> {
          if (!reply.ok()) {
            pool().spoilt(connection);
          }
        });
  }
}
