package dormouse.tls;

import dormouse.config.CertificateSettings;
import dormouse.config.Fault;
import dormouse.config.TlsSettings;
import dormouse.ops.EventLog;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;

/// The certificates that clients see, and the TLS they get. Any thread, but for the handlers made.
///
/// Sessions are resumed by tickets, whose keys BoringSSL makes and changes itself. ALPN (RFC 7301) `imap` is agreed to and not
/// demanded.
public final class Certificates implements AutoCloseable {
  private static final int MAX_CLIENT_HELLO_BYTES = 32 * 1024;
  private static final int HANDSHAKE_TIMEOUT_MILLIS = 10_000;
  private static final ApplicationProtocolConfig ALPN =
      new ApplicationProtocolConfig(
          Protocol.ALPN,
          SelectorFailureBehavior.NO_ADVERTISE,
          SelectedListenerFailureBehavior.ACCEPT,
          "imap");

  private static final EventLog events = EventLog.of(Certificates.class);

  private final List<SslContext> contexts;
  private final NamedContexts byName;

  private Certificates(List<SslContext> contexts, List<X509Certificate> certificates) {
    this.contexts = List.copyOf(contexts);
    this.byName = NamedContexts.of(contexts, certificates);
  }

  /// Reads the certificates of the settings, or if there are none a self-signed one, which is made if need be. Blocks.
  ///
  /// @param stateDir where the self-signed certificate is kept
  public static Certificates load(TlsSettings settings, Path stateDir, InstantSource clock)
      throws BadCertificates {
    List<CertificateSettings> files = settings.certificates();
    if (files.isEmpty()) {
      try {
        files = List.of(SelfSigned.in(stateDir, clock));
      } catch (IOException e) {
        throw new BadCertificates(
            List.of(new Fault(0, 0, "runtime.state-dir", "cannot be written to: " + e)));
      }
    }
    List<SslContext> contexts = new ArrayList<>();
    List<X509Certificate> certificates = new ArrayList<>();
    List<Fault> faults = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      String setting = "tls.certificates[" + i + "].";
      String file = "certificate";
      try {
        List<X509Certificate> chain = PemFiles.certificates(files.get(i).certificate());
        file = "key";
        PrivateKey key = PemFiles.key(files.get(i).key(), chain.getFirst());
        contexts.add(context(key, chain));
        certificates.add(chain.getFirst());
        warnIfExpired(files.get(i).certificate(), chain.getFirst(), clock);
      } catch (PemFiles.BadFile | SSLException e) {
        faults.add(new Fault(0, 0, setting + file, String.valueOf(e.getMessage())));
      }
    }
    if (!faults.isEmpty()) {
      contexts.forEach(ReferenceCountUtil::release);
      throw new BadCertificates(faults);
    }
    return new Certificates(contexts, certificates);
  }

  private static SslContext context(PrivateKey key, List<X509Certificate> chain)
      throws SSLException {
    SslContext context =
        TlsRules.applyTo(SslContextBuilder.forServer(key, chain))
            .applicationProtocolConfig(ALPN)
            .build();
    if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
      sessions.setTicketKeys();
    }
    return context;
  }

  private static void warnIfExpired(Path file, X509Certificate certificate, InstantSource clock) {
    if (clock.instant().isAfter(certificate.getNotAfter().toInstant())) {
      events.warn(
          "certificate-expired",
          "certificate",
          file,
          "since",
          certificate.getNotAfter().toInstant());
    }
  }

  /// The handler that ends TLS for one channel, to be the first of its pipeline. It fires
  /// [io.netty.handler.ssl.SslHandshakeCompletionEvent].
  public ChannelHandler newHandler(ByteBufAllocator allocator) {
    return contexts.size() == 1
        ? contexts.getFirst().newHandler(allocator)
        : new SniHandler(byName, MAX_CLIENT_HELLO_BYTES, HANDSHAKE_TIMEOUT_MILLIS);
  }

  /// Gives back native memory once the last connection made with it is closed.
  @Override
  public void close() {
    contexts.forEach(ReferenceCountUtil::release);
  }
}
