package dormouse.tls;

import dormouse.config.ClientCertificates;
import dormouse.config.TlsSettings;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// Whose certificates clients may show. Immutable.
///
/// @param wanted whether they are asked for one
/// @param signers who may sign them; empty if they are not asked, or for whoever's
/// @param revoked lists of those that are good no more; null: nobody asks whether one is
record ClientTrust(
    ClientCertificates wanted, List<X509Certificate> signers, @Nullable List<X509CRL> revoked) {
  ClientTrust {
    signers = List.copyOf(signers);
    revoked = revoked == null ? null : List.copyOf(revoked);
  }

  /// Reads the files of the settings. Blocks.
  ///
  /// @param faults gets what is wrong with them
  static ClientTrust read(TlsSettings from, FileFaults faults) {
    Path signers = from.clientCa();
    ClientCertificates wanted = from.clientCertificates();
    if (signers == null || wanted == ClientCertificates.NONE) {
      boolean any = wanted == ClientCertificates.ANY;
      return new ClientTrust(any ? wanted : ClientCertificates.NONE, List.of(), null);
    }
    List<X509Certificate> read = faults.read("tls.client-ca", () -> PemFiles.certificates(signers));
    Path revoked = from.clientCrl();
    List<X509CRL> lists =
        revoked == null ? null : faults.read("tls.client-crl", () -> PemFiles.revoked(revoked));
    return new ClientTrust(wanted, read == null ? List.of() : read, lists);
  }

  /// How long the lists are good.
  List<ListAge> ages() {
    return revoked == null ? List.of() : ListAge.of(revoked);
  }

  /// What is asked of certificates that come in whosever they are; null if those do not.
  @Nullable AnyClient any() throws GeneralSecurityException {
    return wanted == ClientCertificates.ANY ? new AnyClient(signers, ifSigned()) : null;
  }

  /// @param any of [#any]
  void applyTo(SslContextBuilder builder, @Nullable AnyClient any) throws GeneralSecurityException {
    if (any != null) {
      builder.clientAuth(ClientAuth.OPTIONAL).trustManager(any);
      return;
    }
    if (signers.isEmpty()) {
      builder.trustManager(TrustsNobody.INSTANCE);
      return;
    }
    builder.clientAuth(
        wanted == ClientCertificates.REQUIRED ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL);
    if (revoked == null) {
      builder.trustManager(signers);
    } else {
      builder.trustManager(unlessRevoked(revoked));
    }
  }

  private TrustManagerFactory ifSigned() throws GeneralSecurityException {
    if (revoked != null) {
      return unlessRevoked(revoked);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    if (!signers.isEmpty()) {
      var parameters = new PKIXBuilderParameters(anchors(), new X509CertSelector());
      parameters.setRevocationEnabled(false);
      factory.init(new CertPathTrustManagerParameters(parameters));
    }
    return factory;
  }

  private Set<TrustAnchor> anchors() {
    return signers.stream()
        .map(signer -> new TrustAnchor(signer, null))
        .collect(Collectors.toSet());
  }

  /// Asks nobody on the network: what is not in the lists, of each signer in a chain, is not known to be good. That is so because no `PKIXRevocationChecker` is
  /// given: whatever its options, it would fetch the lists that certificates say are somewhere (their CRL distribution points).
  TrustManagerFactory unlessRevoked(List<X509CRL> lists) throws GeneralSecurityException {
    var parameters = new PKIXBuilderParameters(anchors(), new X509CertSelector());
    parameters.setRevocationEnabled(true);
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(new CertPathTrustManagerParameters(parameters));
    return factory;
  }

  /// All that a client had to be for its session to be given.
  void update(MessageDigest digest) throws GeneralSecurityException {
    digest.update(wanted.name().getBytes(StandardCharsets.US_ASCII));
    for (X509Certificate signer : signers) {
      digest.update(signer.getEncoded());
    }
    if (revoked != null) {
      digest.update((byte) 1);
      for (X509CRL list : revoked) {
        digest.update(list.getEncoded());
      }
    }
  }
}
