package dormouse.tls;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLPeerUnverifiedException;

/// What a client told of itself in a TLS handshake that is over. Pure functions.
public final class Handshake {
  private static final int MAX_NAME_LENGTH = 253;

  private Handshake() {}

  /// The name of us that it asked for (SNI, RFC 6066 §3); `""` if none.
  public static String serverName(ChannelPipeline pipeline) {
    SslHandler tls = pipeline.get(SslHandler.class);
    if (tls == null || !(tls.engine().getSession() instanceof ExtendedSSLSession session)) {
      return "";
    }
    List<SNIServerName> names = session.getRequestedServerNames();
    return !names.isEmpty()
            && names.getFirst() instanceof SNIHostName name
            && name.getAsciiName().length() <= MAX_NAME_LENGTH
        ? name.getAsciiName()
        : "";
  }

  /// The common name of its certificate, which was verified; `""` if it has none.
  public static String certificateName(ChannelPipeline pipeline) {
    SslHandler tls = pipeline.get(SslHandler.class);
    if (tls == null) {
      return "";
    }
    try {
      Certificate[] chain = tls.engine().getSession().getPeerCertificates();
      return chain.length > 0 && chain[0] instanceof X509Certificate own ? commonName(own) : "";
    } catch (SSLPeerUnverifiedException _) {
      return "";
    }
  }

  private static String commonName(X509Certificate certificate) {
    try {
      for (Rdn rdn : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
        if (rdn.getType().equalsIgnoreCase("CN")) {
          return String.valueOf(rdn.getValue());
        }
      }
      return "";
    } catch (InvalidNameException _) {
      return "";
    }
  }
}
