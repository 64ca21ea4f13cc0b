package dormouse.directory.oauth2;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Finds out what an access token claims. Any thread.
interface Tokens extends AutoCloseable {
  /// What it claims; empty if it is not genuine, or not valid any more.
  ///
  /// @return failed if the provider cannot be asked
  CompletableFuture<Optional<JsonObject>> claims(byte[] token);

  @Override
  void close();
}
