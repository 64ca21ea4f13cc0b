package dormouse.directory;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.session.Client;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

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

  /// By CRAM-MD5.
  public static Attempt cramMd5(String user, String password) {
    String challenge = "<1.2@mail.example.org>";
    try {
      Mac mac = Mac.getInstance("HmacMD5");
      mac.init(new SecretKeySpec(password.getBytes(UTF_8), "HmacMD5"));
      String digest = HexFormat.of().formatHex(mac.doFinal(challenge.getBytes(UTF_8)));
      return of(user, "CRAM-MD5", new Proof.CramMd5(challenge, digest));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  /// By SCRAM, of which this is the first word.
  public static Attempt scram(String user) {
    return of(
        user, "SCRAM-SHA-256", new Proof.Scram("n,,", "n=" + user + ",r=abcdefgh", "abcdefgh"));
  }

  /// By a certificate.
  public static Attempt certificate(String user) {
    return of(user, "EXTERNAL", new Proof.Certificate());
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
