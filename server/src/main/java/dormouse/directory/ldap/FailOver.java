package dormouse.directory.ldap;

import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionPoolHealthCheck;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.ServerSet;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The servers of one link in the order in which they are wanted. One that does not answer, be it that it takes connections and is
/// silent on them, is passed over for a minute, unless all are; then one connection tries it again. Any thread.
///
/// UnboundID's `FailoverServerSet` asks the first each time a connection is made, and each waits for it in vain; nor does it
/// hear of answers that do not come later.
final class FailOver extends ServerSet {
  static final Duration PASSED_OVER = Duration.ofMinutes(1);

  private final List<ServerSet> servers;
  private final InstantSource clock;

  /// When each may be tried again; 0 for one that answers.
  private final AtomicLongArray notBeforeMillis;

  /// @param servers each one server, in order; all of them bind, or none
  FailOver(List<ServerSet> servers, InstantSource clock) {
    this.servers = List.copyOf(servers);
    this.clock = clock;
    notBeforeMillis = new AtomicLongArray(servers.size());
  }

  @Override
  public boolean includesAuthentication() {
    return servers.getFirst().includesAuthentication();
  }

  @Override
  public boolean includesPostConnectProcessing() {
    return servers.getFirst().includesPostConnectProcessing();
  }

  @Override
  public LDAPConnection getConnection() throws LDAPException {
    return getConnection(null);
  }

  @Override
  public LDAPConnection getConnection(@Nullable LDAPConnectionPoolHealthCheck check)
      throws LDAPException {
    List<Integer> places =
        IntStream.range(0, servers.size())
            .boxed()
            .sorted(Comparator.comparing(this::isPassedOver))
            .toList();
    LDAPException failure = null;
    for (int place : places) {
      try {
        return connect(place, check);
      } catch (LDAPException e) {
        failure = e;
      }
    }
    throw Objects.requireNonNull(failure);
  }

  private LDAPConnection connect(int place, @Nullable LDAPConnectionPoolHealthCheck check)
      throws LDAPException {
    if (notBeforeMillis.get(place) != 0) {
      passOver(place); // nobody else waits for it meanwhile
    }
    try {
      LDAPConnection connection = servers.get(place).getConnection(check);
      connection.setConnectionName(Integer.toString(place));
      notBeforeMillis.set(place, 0);
      return connection;
    } catch (LDAPException e) {
      passOver(place);
      throw e;
    }
  }

  private void passOver(int place) {
    notBeforeMillis.set(place, clock.millis() + PASSED_OVER.toMillis());
  }

  private boolean isPassedOver(int place) {
    return clock.millis() < notBeforeMillis.get(place);
  }

  /// Whether no other server is to be asked now.
  private boolean isWanted(LDAPConnection connection) {
    for (int place = 0; place < servers.size(); place++) {
      if (!isPassedOver(place)) {
        return place == place(connection);
      }
    }
    return true;
  }

  /// Of its server.
  private static int place(LDAPConnection connection) {
    return Integer.parseInt(connection.getConnectionName());
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

    @Override
    public void ensureConnectionValidAfterException(
        LDAPConnection connection, LDAPException exception) throws LDAPException {
      if (exception.getResultCode().equals(ResultCode.TIMEOUT)) {
        passOver(place(connection));
      }
      super.ensureConnectionValidAfterException(connection, exception);
    }
  }
}
