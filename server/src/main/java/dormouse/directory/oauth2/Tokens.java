package dormouse.directory.oauth2;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Finds out what an access token claims. Any thread; blocks.
interface Tokens extends AutoCloseable {
  /// What it claims; null if it is not genuine, or not valid any more.
  ///
  /// @throws IOException if the provider cannot be asked
  @Nullable JsonObject claims(byte[] token) throws IOException, InterruptedException;

  @Override
  void close();
}
