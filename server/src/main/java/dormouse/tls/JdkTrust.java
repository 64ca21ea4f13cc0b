package dormouse.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// TLS of the JDK towards servers that are not mail servers, for libraries that bring their own connections. Pure functions.
public final class JdkTrust {
  private JdkTrust() {}

  /// A context that trusts these, and nobody else. Who uses it checks host names. Blocks.
  ///
  /// @param ca PEM, certificates that may sign the servers'; null: those the JDK trusts
  /// @throws IOException if there is no certificate in the file
  public static SSLContext of(@Nullable Path ca) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, ca == null ? null : trusting(ca).getTrustManagers(), null);
      return context;
    } catch (PemFiles.BadFile e) {
      throw new IOException(e.getMessage(), e);
    } catch (GeneralSecurityException e) {
      throw new IOException("no TLS: " + e.getMessage(), e);
    }
  }

  private static TrustManagerFactory trusting(Path ca)
      throws PemFiles.BadFile, GeneralSecurityException, IOException {
    List<X509Certificate> certificates = PemFiles.certificates(ca);
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (int i = 0; i < certificates.size(); i++) {
      store.setCertificateEntry("ca" + i, certificates.get(i));
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory;
  }
}
