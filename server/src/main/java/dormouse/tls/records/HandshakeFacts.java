package dormouse.tls.records;

import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.SSL;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// What was agreed on in a client's TLS handshake, and who the client says it is. Fired through the pipeline just before
/// [io.netty.handler.ssl.SslHandshakeCompletionEvent]: nobody can be asked afterwards. Immutable.
///
/// @param protocol as the JDK names it: `TLSv1.3`
/// @param cipher as the JDK names it: `TLS_AES_256_GCM_SHA384`
/// @param serverName the name that the client asked for (SNI, RFC 6066 §3); `""` if none, or none of a host
/// @param bindings what a login on this connection can be bound to
/// @param certificateAsked whether the client was asked for a certificate of its own
/// @param certificate what the client has shown; null if it has not
/// @param certificateFault why that is not believed; `""` if it is, or there is none
public record HandshakeFacts(
    String protocol,
    String cipher,
    String serverName,
    ChannelBindings bindings,
    boolean certificateAsked,
    @Nullable X509Certificate certificate,
    String certificateFault) {
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,253}");

  /// Whether this may be a name of ours: letters, digits, dots, hyphens, and the `_` that names in Docker have.
  public static boolean isHost(String name) {
    return HOST.matcher(name).matches();
  }

  /// The common name of the client's certificate; `""` if it has none, or none that is believed.
  public String certificateName() {
    return certificate == null || !certificateFault.isEmpty() ? "" : commonName(certificate);
  }

  private static String commonName(X509Certificate of) {
    try {
      for (Rdn rdn : new LdapName(of.getSubjectX500Principal().getName()).getRdns()) {
        if (rdn.getType().equalsIgnoreCase("CN")) {
          return String.valueOf(rdn.getValue());
        }
      }
      return "";
    } catch (InvalidNameException _) {
      return "";
    }
  }

  /// @param exporterSecret empty if it is not known
  /// @param sides null if nothing is known of them
  static HandshakeFacts of(
      SSLEngine engine, byte[] exporterSecret, RecordLayer.@Nullable Sides sides) {
    X509Certificate ours = sides == null ? null : sides.ours();
    ClientCheck check = sides == null ? null : sides.check();
    SSLSession session = engine.getSession();
    boolean asked = engine.getNeedClientAuth() || engine.getWantClientAuth();
    List<X509Certificate> chain = asked ? certificates(session) : List.of();
    return new HandshakeFacts(
        session.getProtocol(),
        session.getCipherSuite(),
        serverName(engine),
        new ChannelBindings(ours, Suite.named(session.getCipherSuite()), exporterSecret),
        asked,
        chain.isEmpty() ? null : chain.getFirst(),
        chain.isEmpty() || check == null ? "" : check.fault(chain));
  }

  /// As BoringSSL has it. What the JDK makes of it is an exception for any letter that RFC 1123 has not.
  private static String serverName(SSLEngine engine) {
    String asked =
        engine instanceof ReferenceCountedOpenSslEngine boringSsl
            ? SSL.getSniHostname(boringSsl.sslPointer())
            : ofJdk(engine.getSession());
    return asked != null && isHost(asked) ? asked : "";
  }

  private static @Nullable String ofJdk(SSLSession session) {
    List<SNIServerName> names =
        session instanceof ExtendedSSLSession extended
            ? extended.getRequestedServerNames()
            : List.of();
    return !names.isEmpty() && names.getFirst() instanceof SNIHostName name
        ? name.getAsciiName()
        : null;
  }

  private static List<X509Certificate> certificates(SSLSession session) {
    try {
      return Arrays.stream(session.getPeerCertificates()).map(X509Certificate.class::cast).toList();
    } catch (SSLPeerUnverifiedException _) {
      return List.of(); // it has shown none
    }
  }
}
