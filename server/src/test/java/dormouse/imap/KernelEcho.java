package dormouse.imap;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/// Each run sends a byte through the kernel and back to the thread that sent it. The kernel keeps the order of what one thread
/// sends, on whatever sockets: what it said before has then reached the other end.
final class KernelEcho implements Runnable, AutoCloseable {
  private final Socket near;
  private final Socket far;

  KernelEcho() {
    InetAddress here = InetAddress.getLoopbackAddress();
    try (ServerSocket between = new ServerSocket(0, /* backlog= */ 1, here)) {
      near = new Socket(here, between.getLocalPort());
      near.setTcpNoDelay(true);
      far = between.accept();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void run() {
    try {
      near.getOutputStream().write('.');
      if (far.getInputStream().read() != '.') {
        throw new IllegalStateException("no echo");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      near.close();
      far.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
