package dormouse.directory.ldap;

import com.unboundid.ldap.sdk.BindRequest;
import com.unboundid.ldap.sdk.BindResult;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPConnectionPool;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPResult;
import com.unboundid.ldap.sdk.LDAPSearchException;
import com.unboundid.ldap.sdk.PostConnectProcessor;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.SearchResult;
import com.unboundid.ldap.sdk.ServerSet;
import com.unboundid.ldap.sdk.SimpleBindRequest;
import com.unboundid.ldap.sdk.SingleServerSet;
import com.unboundid.ldap.sdk.StartTLSPostConnectProcessor;
import com.unboundid.util.ssl.HostNameSSLSocketVerifier;
import dormouse.config.LdapLinkSettings;
import dormouse.config.SecretFile;
import dormouse.config.Units;
import dormouse.directory.ldap.FailOver.Question;
import dormouse.tls.JdkTrust;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// Asks the servers of one link, over connections that are kept, to whichever of them [FailOver] chooses. Any thread.
final class LdapServers implements AutoCloseable {
  private static final Set<ResultCode> CANNOT_NOW =
      Set.of(ResultCode.TIMEOUT, ResultCode.BUSY, ResultCode.UNAVAILABLE);

  /// A host that has another address meanwhile is asked there.
  private static final Duration OLDEST_CONNECTION = Duration.ofMinutes(5);

  private final FailOver failOver;
  private final LDAPConnectionPool pool;

  private LdapServers(FailOver failOver, LDAPConnectionPool pool) {
    this.failOver = failOver;
    this.pool = pool;
  }

  /// Connects when it is asked, so that the servers may be away.
  ///
  /// @param timeout for a connection and for each answer
  /// @throws IOException if a certificate or the password cannot be read
  static LdapServers of(
      LdapLinkSettings settings, String name, Duration timeout, InstantSource clock)
      throws IOException {
    SSLContext tls = settings.usesTls() ? JdkTrust.of(settings.ca()) : null;
    PostConnectProcessor startTls =
        tls != null && settings.starttls() ? new StartTLSPostConnectProcessor(tls) : null;
    BindRequest searcher = searcher(settings);
    List<ServerSet> servers = new ArrayList<>();
    for (String url : settings.urls()) {
      servers.add(server(url, tls, startTls, searcher, options(timeout)));
    }
    FailOver failOver = new FailOver(servers, clock);
    try {
      LDAPConnectionPool pool =
          new LDAPConnectionPool(
              failOver, searcher, /* initialConnections= */ 0, settings.connections());
      pool.setConnectionPoolName(name);
      pool.setHealthCheck(failOver.check());
      pool.setMaxConnectionAgeMillis(OLDEST_CONNECTION.toMillis());
      return new LdapServers(failOver, pool);
    } catch (LDAPException e) {
      throw new IOException("no connections to LDAP servers can be prepared: " + e.getMessage(), e);
    }
  }

  private static ServerSet server(
      String url,
      @Nullable SSLContext tls,
      @Nullable PostConnectProcessor startTls,
      @Nullable BindRequest searcher,
      LDAPConnectionOptions options) {
    Units.HostPort address = LdapLinkSettings.server(url);
    SSLContext encrypting = url.startsWith("ldaps:") ? tls : null;
    return new SingleServerSet(
        address.host(),
        address.port(),
        encrypting == null ? null : encrypting.getSocketFactory(),
        options,
        searcher,
        encrypting == null ? startTls : null);
  }

  private static LDAPConnectionOptions options(Duration timeout) {
    int millis = (int) timeout.toMillis();
    LDAPConnectionOptions options = new LDAPConnectionOptions();
    options.setConnectTimeoutMillis(millis);
    options.setResponseTimeoutMillis(millis);
    options.setAbandonOnTimeout(true);
    options.setSSLSocketVerifier(new HostNameSSLSocketVerifier(/* allowWildcards= */ true));
    return options;
  }

  private static @Nullable BindRequest searcher(LdapLinkSettings settings) throws IOException {
    if (settings.bindDn() == null || settings.passwordFile() == null) {
      return null;
    }
    byte[] password = SecretFile.read(settings.passwordFile());
    try {
      return new SimpleBindRequest(settings.bindDn(), password.clone());
    } finally {
      Arrays.fill(password, (byte) 0);
    }
  }

  /// @return also what is not a success
  /// @throws LDAPException if there is no connection
  SearchResult search(SearchRequest request) throws LDAPException {
    Asked<SearchResult> asked =
        ask(
            Question.SEARCH,
            connection -> {
              try {
                return connection.search(
                    request.duplicate()); // what answers the first must not answer the second
              } catch (LDAPSearchException e) {
                return e.getSearchResult();
              }
            });
    if (isLost(asked.result())) {
      pool.discardConnection(asked.on());
    } else {
      pool.releaseConnection(asked.on());
    }
    return asked.result();
  }

  /// Tries a user's password. Nobody has to wait until the connection is that of whoever searches again, as this does.
  ///
  /// @param told the answer, also what is not a success, before that
  /// @throws LDAPException if there is no connection, be it that the bind of whoever searches is refused on it, which says nothing of the user
  void bind(SimpleBindRequest request, Consumer<BindResult> told) throws LDAPException {
    Asked<BindResult> asked =
        ask(
            Question.BIND,
            connection -> {
              try {
                return connection.bind(request.duplicate());
              } catch (LDAPException e) {
                return new BindResult(e);
              }
            });
    try {
      told.accept(asked.result());
    } finally {
      if (isLost(asked.result())) {
        pool.discardConnection(asked.on());
      } else {
        pool.releaseAndReAuthenticateConnection(asked.on());
      }
    }
  }

  /// What was answered, on a connection that is to be given back.
  private record Asked<R extends LDAPResult>(R result, LDAPConnection on) {}

  /// Asks again on another connection, if the first was closed meanwhile, or its answer leaves in doubt whether it can be used; of another server, if
  /// this one is silent, busy or unavailable.
  private <R extends LDAPResult> Asked<R> ask(Question kind, Function<LDAPConnection, R> question)
      throws LDAPException {
    LDAPConnection first = failOver.toAsk(kind, pool::getConnection);
    R result = askOn(first, kind, question);
    if (!isLost(result)) {
      return new Asked<>(result, first);
    }
    LDAPConnection second =
        cannotNow(result)
            ? failOver.toAskElsewhere(kind, first, () -> pool.replaceDefunctConnection(first))
            : failOver.toAsk(kind, () -> pool.replaceDefunctConnection(first));
    return new Asked<>(askOn(second, kind, question), second);
  }

  private <R extends LDAPResult> R askOn(
      LDAPConnection connection, Question kind, Function<LDAPConnection, R> question) {
    long before = failOver.answers(connection, kind);
    R result = question.apply(connection);
    if (cannotNow(result)) {
      failOver.failed(connection, kind, before);
    } else if (!isLost(result)) {
      failOver.answered(connection, kind);
    }
    return result;
  }

  private static boolean cannotNow(LDAPResult result) {
    return CANNOT_NOW.contains(result.getResultCode());
  }

  private static boolean isLost(LDAPResult result) {
    return !result.getResultCode().isConnectionUsable();
  }

  @Override
  public void close() {
    pool.close();
  }
}
