package dormouse.tls;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.Fault;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// TLS towards one backend: its certificate must be signed by whom we trust and made out to the host we dialled (RFC 9525), unless
/// the operator said otherwise. Any thread, but for the handlers made.
public final class BackendTrust implements AutoCloseable {
  private final SslContext context;

  private BackendTrust(SslContext context) {
    this.context = context;
  }

  /// Whom to trust for a backend, and who we are to it. Blocks.
  ///
  /// @param name of the backend in the settings, for messages
  public static BackendTrust load(String name, BackendSettings settings) throws BadCertificates {
    String key = "backends." + name;
    FileFaults faults = new FileFaults();
    SslContextBuilder builder = TlsRules.applyTo(SslContextBuilder.forClient());
    if (settings.tls() == BackendTls.NONE && !settings.isPattern() && settings.ca() == null) {
      builder.trustManager(TrustsNobody.INSTANCE); // the JDK's authorities take time and memory
    } else if (settings.pins().isEmpty()) {
      trust(builder, key + ".ca", settings.verify(), settings.ca(), faults);
    } else {
      builder
          .trustManager(new PinnedKeys(settings.pins()))
          .endpointIdentificationAlgorithm(""); // the key says enough
    }
    if (settings.clientCertificate() != null && settings.clientKey() != null) {
      identify(
          builder,
          key,
          settings.clientCertificate(),
          settings.clientKey(),
          settings.clientPassphraseFile(),
          faults);
      BackendTrust trust = build(builder, key, faults);
      trust.resumeNothing();
      return trust;
    }
    return build(builder, key, faults);
  }

  /// Whom to trust for any server. Blocks.
  ///
  /// @param setting that names the file, for messages
  /// @param verify whether its certificate is checked at all
  /// @param ca PEM, certificates that may sign it; null: those the JDK trusts
  public static BackendTrust load(String setting, boolean verify, @Nullable Path ca)
      throws BadCertificates {
    FileFaults faults = new FileFaults();
    SslContextBuilder builder = TlsRules.applyTo(SslContextBuilder.forClient());
    trust(builder, setting, verify, ca, faults);
    return build(builder, setting, faults);
  }

  private static void trust(
      SslContextBuilder builder,
      String setting,
      boolean verify,
      @Nullable Path ca,
      FileFaults faults) {
    if (!verify) {
      builder
          .trustManager(InsecureTrustManagerFactory.INSTANCE)
          .endpointIdentificationAlgorithm("");
      return;
    }
    builder.endpointIdentificationAlgorithm("HTTPS");
    List<X509Certificate> signers =
        ca == null ? null : faults.read(setting, () -> PemFiles.certificates(ca));
    if (signers != null) {
      builder.trustManager(signers);
    }
  }

  private static void identify(
      SslContextBuilder builder,
      String key,
      Path certificate,
      Path privateKey,
      @Nullable Path passphrases,
      FileFaults faults) {
    List<X509Certificate> chain =
        faults.read(key + ".client-certificate", () -> PemFiles.certificates(certificate));
    PrivateKey ours =
        faults.readKey(
            key + ".client-key",
            privateKey,
            key + ".client-passphrase-file",
            passphrases,
            chain == null ? null : chain.getFirst());
    if (chain != null && ours != null) {
      builder.keyManager(ours, chain);
    }
  }

  /// Dovecot 2.3 that asks for certificates fails handshakes that resume a session: OpenSSL's "session id context uninitialized".
  private void resumeNothing() {
    if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
      sessions.setSessionCacheEnabled(false);
    }
  }

  private static BackendTrust build(SslContextBuilder builder, String setting, FileFaults faults)
      throws BadCertificates {
    faults.tell();
    try {
      return new BackendTrust(builder.build());
    } catch (SSLException e) {
      throw new BadCertificates(List.of(new Fault(0, 0, setting, String.valueOf(e.getMessage()))));
    }
  }

  /// The handler that speaks TLS on one connection to the backend, to be the first of its pipeline.
  ///
  /// @param host the name or number that the certificate must be made out to; a name is sent as SNI
  public SslHandler newHandler(ByteBufAllocator allocator, String host, int port) {
    return context.newHandler(allocator, host, port);
  }

  /// Gives back native memory once the last connection made with it is closed.
  @Override
  public void close() {
    ReferenceCountUtil.release(context);
  }
}
