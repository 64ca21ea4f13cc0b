package dormouse.tls;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;

/// The name that a client asked for in its TLS handshake (SNI, RFC 6066 §3). Pure functions.
public final class ServerName {
  private static final int MAX_LENGTH = 253;

  private ServerName() {}

  /// The name, once the handshake is over; `""` if none was asked for.
  public static String asked(ChannelPipeline pipeline) {
    SslHandler tls = pipeline.get(SslHandler.class);
    if (tls == null || !(tls.engine().getSession() instanceof ExtendedSSLSession session)) {
      return "";
    }
    List<SNIServerName> names = session.getRequestedServerNames();
    boolean usable =
        !names.isEmpty()
            && names.getFirst() instanceof SNIHostName name
            && name.getAsciiName().length() <= MAX_LENGTH;
    return usable ? ((SNIHostName) names.getFirst()).getAsciiName() : "";
  }
}
