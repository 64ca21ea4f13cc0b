package dormouse.directory.ldap;

import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionPoolHealthCheck;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.ServerSet;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The servers of one link in the order in which they are wanted. One that cannot be connected to, or is silent when it is asked something, or
/// busy, is passed over for a minute, unless all are; then one search tries it again. Any thread.
///
/// ```
/// asked ──no connection, silent, busy──▶ passed over ──a minute──▶ one search tries it
///   ▲                                         ▲                        │          │
///   │                                         └─────────badly──────────┘          │
///   └───────────────────────────────answers a search──────────────────────────────┘
/// ```
/// That a server takes connections and binds says nothing of the searches that logins wait for, so only an answer to one calls it well. One
/// search that takes too long, or one user's bind, does not make it silent while it answers others of that kind: that one is put to the next
/// server, and all others as before. Nor does anything but a search try it: a connection that a pool makes by itself may be asked nothing for
/// that minute, or be made by a login that has its answer.
///
/// UnboundID's `FailoverServerSet` asks the first each time a connection is made, and each waits for it in vain; nor does it
/// hear of answers that do not come later.
final class FailOver extends ServerSet {
  static final Duration PASSED_OVER = Duration.ofMinutes(1);

  /// What a server is asked for a login. That it answers one says nothing of the other.
  enum Question {
    SEARCH,
    /// With a user's password.
    BIND
  }

  /// What a connection is wanted for.
  ///
  /// @param avoided the server that has just failed to answer it; null if none has
  private record Purpose(Question kind, @Nullable Server avoided) {}

  /// Not bound where a pool makes connections by itself.
  private static final ScopedValue<Purpose> PURPOSE = ScopedValue.newInstance();

  private final List<Server> servers;
  private final InstantSource clock;

  /// @param servers each one server, in order; all of them bind, or none
  /// @param clock steady
  FailOver(List<ServerSet> servers, InstantSource clock) {
    this.servers =
        IntStream.range(0, servers.size())
            .mapToObj(place -> new Server(servers.get(place), Integer.toString(place)))
            .toList();
    this.clock = clock;
  }

  @Override
  public boolean includesAuthentication() {
    return servers.getFirst().set.includesAuthentication();
  }

  @Override
  public boolean includesPostConnectProcessing() {
    return servers.getFirst().set.includesPostConnectProcessing();
  }

  @Override
  public LDAPConnection getConnection() throws LDAPException {
    return getConnection(null);
  }

  @Override
  public LDAPConnection getConnection(@Nullable LDAPConnectionPoolHealthCheck check)
      throws LDAPException {
    List<Server> order = new ArrayList<>(servers);
    order.sort(Comparator.comparing(FailOver::isAvoided)); // behind all others
    LDAPException failure = null;
    for (int i = 0; i < order.size(); i++) {
      Server server = order.get(i);
      if (i < servers.size() && (isAvoided(server) || !server.mayBeTried())) {
        order.add(server);
        continue;
      }
      try {
        return server.connect(check);
      } catch (LDAPException e) {
        failure = e;
      }
    }
    throw Objects.requireNonNull(failure);
  }

  private static boolean isAvoided(Server server) {
    return PURPOSE.isBound() && PURPOSE.get().avoided() == server;
  }

  private static boolean isForSearch() {
    return PURPOSE.isBound() && PURPOSE.get().kind() == Question.SEARCH;
  }

  /// How many questions of a kind the connection's server has answered.
  long answers(LDAPConnection connection, Question kind) {
    return of(connection).answers(kind).get();
  }

  /// One was answered.
  void answered(LDAPConnection connection, Question kind) {
    of(connection).answered(connection, kind);
  }

  /// One was not answered in time, or by that it cannot be answered now.
  ///
  /// @param before its [#answers] when it was asked: a server that has answered others of its kind since is not passed over
  void failed(LDAPConnection connection, Question kind, long before) {
    Server its = of(connection);
    if (its.answers(kind).get() == before) {
      its.passOver();
    }
  }

  /// Has a pool give a connection on which this is asked at once.
  LDAPConnection toAsk(Question kind, ScopedValue.CallableOp<LDAPConnection, LDAPException> connect)
      throws LDAPException {
    return ScopedValue.where(PURPOSE, new Purpose(kind, null)).call(connect);
  }

  /// The same, of another server than this connection's, if any of them can be connected to.
  LDAPConnection toAskElsewhere(
      Question kind,
      LDAPConnection connection,
      ScopedValue.CallableOp<LDAPConnection, LDAPException> connect)
      throws LDAPException {
    return ScopedValue.where(PURPOSE, new Purpose(kind, of(connection))).call(connect);
  }

  private Server of(LDAPConnection connection) {
    return servers.get(Integer.parseInt(connection.getConnectionName()));
  }

  /// Whether no other server is to be asked now.
  private boolean isWanted(LDAPConnection connection) {
    Server its = of(connection);
    return its.isTriedBy(connection)
        || servers.stream().filter(server -> !server.isPassedOver()).findFirst().orElse(its) == its;
  }

  /// That a server is not asked.
  ///
  /// @param untilMillis when a search may try it again
  /// @param trial the connection that tries it; null before there is one
  private record Mark(long untilMillis, @Nullable LDAPConnection trial) {}

  private final class Server {
    final ServerSet set;
    private final String name;
    private final AtomicLong searches = new AtomicLong();
    private final AtomicLong binds = new AtomicLong();
    private final AtomicReference<@Nullable Mark> mark = new AtomicReference<>();

    Server(ServerSet set, String name) {
      this.set = set;
      this.name = name;
    }

    boolean isPassedOver() {
      Mark seen = mark.get();
      return seen != null && !isOver(seen);
    }

    private boolean isOver(Mark seen) {
      return isForSearch() && clock.millis() >= seen.untilMillis();
    }

    /// Whether it is not passed over; to one only of the searches that come when its minute is over.
    boolean mayBeTried() {
      Mark seen = mark.get();
      return seen == null || (isOver(seen) && mark.compareAndSet(seen, fresh()));
    }

    LDAPConnection connect(@Nullable LDAPConnectionPoolHealthCheck check) throws LDAPException {
      Mark seen = mark.get();
      try {
        LDAPConnection connection = set.getConnection(check);
        connection.setConnectionName(name);
        if (seen != null) {
          mark.compareAndSet(seen, new Mark(seen.untilMillis(), connection));
        }
        return connection;
      } catch (LDAPException e) {
        passOver();
        throw e;
      }
    }

    void passOver() {
      mark.set(fresh());
    }

    private Mark fresh() {
      return new Mark(clock.millis() + PASSED_OVER.toMillis(), null);
    }

    boolean isTriedBy(LDAPConnection connection) {
      Mark seen = mark.get();
      return seen != null && seen.trial() == connection;
    }

    AtomicLong answers(Question kind) {
      return kind == Question.SEARCH ? searches : binds;
    }

    void answered(LDAPConnection connection, Question kind) {
      answers(kind).incrementAndGet();
      Mark seen = mark.get();
      if (kind == Question.SEARCH && seen != null && seen.trial() == connection) {
        mark.compareAndSet(seen, null);
      }
    }
  }

  /// For the pool of these servers' connections.
  LDAPConnectionPoolHealthCheck check() {
    return new Check();
  }

  private final class Check extends LDAPConnectionPoolHealthCheck {
    /// Where no bind has shown it, that there is more behind the connection than a kernel. Any answer will do.
    @Override
    public void ensureNewConnectionValid(LDAPConnection connection) throws LDAPException {
      if (includesAuthentication()) {
        return;
      }
      try {
        connection.getEntry("", SearchRequest.NO_ATTRIBUTES);
      } catch (LDAPException e) {
        if (e.getResultCode().isClientSideResultCode()) {
          throw e;
        }
      }
    }

    @Override
    public void ensureConnectionValidForCheckout(LDAPConnection connection) throws LDAPException {
      if (!isWanted(connection)) {
        throw new LDAPException(ResultCode.CONNECT_ERROR, "another server is asked now");
      }
    }
  }
}
