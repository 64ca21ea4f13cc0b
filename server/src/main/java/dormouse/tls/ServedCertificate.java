package dormouse.tls;

import dormouse.tls.records.ClientCheck;
import dormouse.tls.records.RecordLayer;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/// A certificate as clients get it. Immutable.
///
/// @param file where it stands
/// @param context holds its chain and key; has a reference count
/// @param any what is thought of clients' certificates, where whosever come in; else null
record ServedCertificate(
    Path file, X509Certificate certificate, SslContext context, @Nullable ClientCheck any) {
  SslHandler newHandler(RecordLayer records, ByteBufAllocator allocator) {
    return records.newSslHandler(context, allocator, certificate, any);
  }
}
