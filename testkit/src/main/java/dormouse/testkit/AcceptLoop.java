package dormouse.testkit;

import java.io.IOException;
import java.util.function.Consumer;

/// Takes the connections that come to a listener.
public final class AcceptLoop {
  private AcceptLoop() {}

  /// Waits for the next connection.
  public interface Listener<T> {
    /// @throws IOException when it is closed
    T accept() throws IOException;
  }

  /// Runs until the listener is closed.
  ///
  /// @param take does not block: it begins what serves the connection
  public static <T> void run(Listener<T> listener, Consumer<T> take) {
    while (true) {
      T connection;
      try {
        connection = listener.accept();
      } catch (IOException _) {
        return;
      }
      take.accept(connection);
    }
  }
}
