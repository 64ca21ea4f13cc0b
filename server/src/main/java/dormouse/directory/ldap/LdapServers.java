package dormouse.directory.ldap;

import com.unboundid.ldap.sdk.BindRequest;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPConnectionPool;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.PostConnectProcessor;
import com.unboundid.ldap.sdk.ServerSet;
import com.unboundid.ldap.sdk.SimpleBindRequest;
import com.unboundid.ldap.sdk.SingleServerSet;
import com.unboundid.ldap.sdk.StartTLSPostConnectProcessor;
import com.unboundid.util.ssl.HostNameSSLSocketVerifier;
import dormouse.config.LdapLinkSettings;
import dormouse.config.SecretFile;
import dormouse.config.Units;
import dormouse.tls.JdkTrust;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// Pools of connections to the servers of one link, by [FailOver]. Pure functions.
final class LdapServers {
  /// A host that has another address meanwhile is asked there.
  private static final Duration OLDEST_CONNECTION = Duration.ofMinutes(5);

  private LdapServers() {}

  /// A pool that connects when it is asked, so that the servers may be away.
  ///
  /// @param timeout for a connection and for each answer
  /// @throws IOException if a certificate or the password cannot be read
  static LDAPConnectionPool pool(
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
      pool.setRetryFailedOperationsDueToInvalidConnections(true);
      return pool;
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
}
