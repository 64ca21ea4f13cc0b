package dormouse.tls;

import dormouse.tls.records.NativeContext;
import io.netty.handler.ssl.OpenSslCredential;
import io.netty.handler.ssl.OpenSslCredentialBuilder;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.internal.tcnative.SSLContext;
import io.netty.internal.tcnative.SSLCredential;
import io.netty.util.ReferenceCountUtil;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// A certificate that BoringSSL shows without asking. Netty has it ask Java in each handshake, resumed ones too, and hand chain and key to that connection: a
/// sixtieth of what a login takes.
final class NativeCredential {
  private static final int DIGITAL_SIGNATURE = 0; // RFC 5280 §4.2.1.3

  private NativeCredential() {}

  /// Gives a context its key, and what it shows; nothing happens to one that is not BoringSSL's.
  ///
  /// @param staple an OCSP response, for who asks for it (RFC 6066 §8); null if there is none
  /// @throws SSLException if BoringSSL does not take them
  static void give(
      SslContext to, PrivateKey key, List<X509Certificate> chain, byte @Nullable [] staple)
      throws SSLException {
    if (!(to instanceof ReferenceCountedOpenSslContext context)) {
      return;
    }
    OpenSslCredential credential = null;
    try {
      credential =
          OpenSslCredentialBuilder.forX509(key, chain.toArray(X509Certificate[]::new)).build();
      long shown = address(credential);
      if (staple != null) {
        SSLCredential.setOcspResponse(shown, staple);
      }
      long there = NativeContext.of(context);
      SSLContext.addCredential(there, shown); // which counts it
      SSLContext.setCertificateCallback(there, null);
    } catch (Exception e) { // as tcnative's methods say
      throw new SSLException(why(e, chain.getFirst()), e);
    } finally {
      ReferenceCountUtil.release(credential); // null if it was not made
    }
  }

  /// Netty's builder keeps what BoringSSL says in the cause, and so does reflection.
  private static String why(Exception e, X509Certificate shown) {
    boolean wraps = e instanceof IllegalStateException || e instanceof InvocationTargetException;
    Throwable said = wraps && e.getCause() != null ? e.getCause() : e;
    boolean[] usage = shown.getKeyUsage();
    return "BoringSSL does not take the certificate with its key: "
        + said.getMessage()
        + (usage == null || usage[DIGITAL_SIGNATURE]
            ? ""
            : " (its keyUsage is without digitalSignature)");
  }

  private static long address(OpenSslCredential credential) throws ReflectiveOperationException {
    Method address = credential.getClass().getDeclaredMethod("credentialAddress");
    address.setAccessible(true);
    return (long) address.invoke(credential);
  }
}
