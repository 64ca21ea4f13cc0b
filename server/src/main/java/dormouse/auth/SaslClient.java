package dormouse.auth;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A client that can be asked more while its login is decided. Lives on the client's event loop.
public interface SaslClient {
  /// Asks.
  ///
  /// @param challenge not yet in Base64
  /// @return its answer, decoded; null if it gave up, or is gone. Completed on the client's loop
  CompletableFuture<byte @Nullable []> ask(byte[] challenge);

  /// It has shown what its user alone has, though its login is not at its end.
  default void proven() {}
}
