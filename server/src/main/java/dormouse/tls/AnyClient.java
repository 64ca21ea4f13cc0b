package dormouse.tls;

import dormouse.tls.records.ClientCheck;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/// For servers whose clients may show a certificate of whomever (nginx: `ssl_verify_client optional_no_ca`): one that leads to nobody whom we know lets its
/// client in, and is believed nothing. What is wrong in any other way ends the handshake all the same: it is out of date, or leads to whom we know and is not
/// good. Any thread.
final class AnyClient extends X509ExtendedTrustManager implements ClientCheck {
  private static final int MOST_CERTIFICATES = 10; // each may have to be verified, for a stranger
  private static final int MOST_KEY_BYTES = 4096; // RSA of 16,384 bits has half of them

  private final List<X509Certificate> signers;
  private final @Nullable X509TrustManager strict;

  /// @param signers whom we know; may be none
  /// @param trust that a certificate is signed by one of them, and is good; asked if there are any
  AnyClient(List<X509Certificate> signers, TrustManagerFactory trust) {
    this.signers = List.copyOf(signers);
    this.strict = signers.isEmpty() ? null : x509(trust);
  }

  private static X509TrustManager x509(TrustManagerFactory trust) {
    for (TrustManager each : trust.getTrustManagers()) {
      if (each instanceof X509TrustManager manager) {
        return manager;
      }
    }
    throw new IllegalStateException("no trust manager of X.509"); // every JDK has one
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    if (chain.length > MOST_CERTIFICATES) {
      throw new CertificateException("its chain is too long");
    }
    for (X509Certificate each : chain) {
      if (each.getPublicKey().getEncoded().length > MOST_KEY_BYTES) {
        throw new CertificateException("its key is too long");
      }
      each.checkValidity();
    }
    if (strict != null && leadsToSigner(Arrays.asList(chain))) {
      strict.checkClientTrusted(chain, type);
    }
  }

  /// In the words of OpenSSL, which nginx passes on. Nothing is verified by a key of the stranger's: one of his choice takes minutes. Whether a certificate
  /// signs itself is told by its names, as OpenSSL does.
  @Override
  public String fault(List<X509Certificate> chain) {
    if (strict != null && leadsToSigner(chain)) {
      try {
        X509Certificate own = chain.getFirst();
        strict.checkClientTrusted(
            chain.toArray(X509Certificate[]::new), own.getPublicKey().getAlgorithm());
        return "";
      } catch (CertificateException _) {
        return "unspecified certificate verification error"; // a ticket's, that was good once
      }
    }
    if (isIssuedBy(chain.getLast(), chain.getLast())) {
      return chain.size() == 1
          ? "self-signed certificate"
          : "self-signed certificate in certificate chain";
    }
    return chain.size() == 1
        ? "unable to verify the first certificate"
        : "unable to get local issuer certificate";
  }

  private boolean leadsToSigner(List<X509Certificate> chain) {
    return chain.stream()
        .anyMatch(each ->
            signers.stream().anyMatch(signer -> each.equals(signer) || isSignedBy(each, signer)));
  }

  private static boolean isSignedBy(X509Certificate certificate, X509Certificate signer) {
    if (!isIssuedBy(certificate, signer)) {
      return false;
    }
    try {
      certificate.verify(signer.getPublicKey());
      return true;
    } catch (GeneralSecurityException | RuntimeException _) { // as providers throw them
      return false;
    }
  }

  private static boolean isIssuedBy(X509Certificate certificate, X509Certificate issuer) {
    return certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal());
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    checkClientTrusted(chain, type);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    checkClientTrusted(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("these are clients");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    checkServerTrusted(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    checkServerTrusted(chain, type);
  }

  /// Whom clients are told of, so that they choose.
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return signers.toArray(X509Certificate[]::new);
  }
}
