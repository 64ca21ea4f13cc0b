package dormouse.imap;

import dormouse.session.Client;
import dormouse.session.Via;
import dormouse.tls.records.HandshakeFacts;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The fields of ID by which one mail proxy tells the next for whom it comes (Dovecot: `imap-proxy.c`, `login_trusted_networks`).
/// A field that is not what it should be counts for nothing. Pure functions.
final class HopFields {
  private static final String FORWARD = "x-forward-";
  private static final Pattern SESSION = Pattern.compile("[!-~]{1,64}");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,5}");

  private HopFields() {}

  /// The client of a trusted peer, as the peer tells it.
  ///
  /// @param fields of [ClientId#hop]
  static Client told(Client peer, Map<String, String> fields) {
    if (fields.isEmpty()) {
      return peer;
    }
    boolean overTls = "TLS".equals(fields.get("x-client-transport"));
    boolean insecure = "insecure".equals(fields.get("x-client-transport"));
    String session =
        fields.getOrDefault("x-session-id", fields.getOrDefault("x-session-ext-id", ""));
    String name = fields.getOrDefault("x-connected-name", "");
    Via via =
        new Via(
            peer.remote(),
            peer.via().certificateName(),
            insecure,
            hopsLeft(fields.get("x-proxy-ttl")),
            forwarded(fields));
    return new Client(
        SESSION.matcher(session).matches() ? session : peer.sessionId(),
        address(fields.get("x-originating-ip"), fields.get("x-originating-port"), peer.remote()),
        address(fields.get("x-connected-ip"), fields.get("x-connected-port"), peer.local()),
        peer.tls() || overTls,
        HandshakeFacts.isHost(name) ? name : peer.serverName(),
        via);
  }

  private static int hopsLeft(@Nullable String told) {
    int most = Via.NOBODY.hopsLeft();
    return told == null || !NUMBER.matcher(told).matches()
        ? most
        : Math.clamp(Integer.parseInt(told) - 1L, 0, most);
  }

  private static InetSocketAddress address(
      @Nullable String ip, @Nullable String port, InetSocketAddress otherwise) {
    if (ip == null) {
      return otherwise;
    }
    int number = port != null && NUMBER.matcher(port).matches() ? Integer.parseInt(port) : 0;
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(ip), number <= 65535 ? number : 0);
    } catch (IllegalArgumentException _) {
      return otherwise;
    }
  }

  private static Map<String, String> forwarded(Map<String, String> fields) {
    Map<String, String> forwarded = new HashMap<>();
    fields.forEach((name, value) -> {
      if (name.startsWith(FORWARD) && name.length() > FORWARD.length()) {
        forwarded.put(name.substring(FORWARD.length()), value);
      }
    });
    return forwarded;
  }
}
