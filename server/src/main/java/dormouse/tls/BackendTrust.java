package dormouse.tls;

import dormouse.config.BackendSettings;
import dormouse.config.Fault;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Path;
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

  /// Whom to trust for a backend. Blocks.
  ///
  /// @param name of the backend in the settings, for messages
  public static BackendTrust load(String name, BackendSettings settings) throws BadCertificates {
    return load("backends." + name + ".ca", settings.verify(), settings.ca());
  }

  /// Whom to trust for any server. Blocks.
  ///
  /// @param setting that names the file, for messages
  /// @param verify whether its certificate is checked at all
  /// @param ca PEM, certificates that may sign it; null: those the JDK trusts
  public static BackendTrust load(String setting, boolean verify, @Nullable Path ca)
      throws BadCertificates {
    SslContextBuilder builder = TlsRules.applyTo(SslContextBuilder.forClient());
    try {
      if (!verify) {
        builder
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm("");
      } else {
        builder.endpointIdentificationAlgorithm("HTTPS");
        if (ca != null) {
          builder.trustManager(PemFiles.certificates(ca));
        }
      }
      return new BackendTrust(builder.build());
    } catch (PemFiles.BadFile | SSLException e) {
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
