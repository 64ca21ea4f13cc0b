package dormouse.directory;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.session.Client;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// Tries to log in, for tests of links.
public final class Attempts {
  private Attempts() {}

  /// With a password, from 203.0.113.7:40001 to 192.0.2.1:993.
  public static Attempt of(String user, String password) {
    return of(user, "PLAIN", new Proof.Password(password.getBytes(UTF_8)));
  }

  /// With nothing, of who has shown something before.
  public static Attempt again(String user, Proof.Kind shown) {
    return of(user, "RESUMED", new Proof.Resumed(shown));
  }

  /// With another proof.
  public static Attempt of(String user, String mechanism, Proof proof) {
    Client client =
        new Client(
            "s1",
            new InetSocketAddress(InetAddress.ofLiteral("203.0.113.7"), 40001),
            new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 993),
            /* tls= */ true);
    return new Attempt("imap", client, null, "", 1, mechanism, user, "", proof);
  }
}
