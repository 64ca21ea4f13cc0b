package dormouse.tls.records;

import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import java.lang.reflect.Field;

/// Where BoringSSL keeps what Netty calls a context.
public final class NativeContext {
  private NativeContext() {}

  /// What tcnative's methods of [io.netty.internal.tcnative.SSLContext] want; Netty's public methods give another pointer.
  ///
  /// @throws ReflectiveOperationException if this Netty keeps it elsewhere
  public static long of(ReferenceCountedOpenSslContext context)
      throws ReflectiveOperationException {
    Field pointer = ReferenceCountedOpenSslContext.class.getDeclaredField("ctx");
    pointer.setAccessible(true);
    return pointer.getLong(context);
  }
}
