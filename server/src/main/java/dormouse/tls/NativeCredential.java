package dormouse.tls;

import dormouse.tls.records.NativeContext;
import io.netty.handler.ssl.OpenSslCredential;
import io.netty.handler.ssl.OpenSslCredentialBuilder;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.internal.tcnative.SSLContext;
import io.netty.internal.tcnative.SSLCredential;
import java.lang.reflect.Method;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// A certificate that BoringSSL shows without asking. Netty has it ask Java in each handshake, resumed ones too, and hand chain and key to that connection: a
/// sixtieth of what a login takes.
final class NativeCredential {
  private NativeCredential() {}

  /// Gives a context its key, and what it shows; nothing happens to one that is not BoringSSL's.
  ///
  /// @param staple an OCSP response, for who asks for it (RFC 6066 §8); null if there is none
  static void give(
      SslContext to, PrivateKey key, List<X509Certificate> chain, byte @Nullable [] staple)
      throws SSLException {
    if (!(to instanceof ReferenceCountedOpenSslContext context)) {
      return;
    }
    OpenSslCredential credential =
        OpenSslCredentialBuilder.forX509(key, chain.toArray(X509Certificate[]::new)).build();
    try {
      long shown = address(credential);
      if (staple != null) {
        SSLCredential.setOcspResponse(shown, staple);
      }
      long there = NativeContext.of(context);
      SSLContext.addCredential(there, shown); // which counts it
      SSLContext.setCertificateCallback(there, null);
    } catch (Exception e) { // as tcnative's methods say
      throw new SSLException("BoringSSL does not take the certificate: " + e.getMessage(), e);
    } finally {
      credential.release();
    }
  }

  private static long address(OpenSslCredential credential) throws ReflectiveOperationException {
    Method address = credential.getClass().getDeclaredMethod("credentialAddress");
    address.setAccessible(true);
    return (long) address.invoke(credential);
  }
}
