package dormouse.bench;

import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// Many users who log in over TLS 1.3 once each, so many at a time, and leave at once. Any thread.
final class LoginStorm {
  private static final int PATIENCE_MILLIS = 60_000;

  private final int port;
  private final int clients;
  private final boolean resumes;
  private final AtomicInteger resumed = new AtomicInteger();

  /// @param resumes whether each client's connections but the first resume its TLS session
  LoginStorm(int port, int clients, boolean resumes) {
    this.port = port;
    this.clients = clients;
    this.resumes = resumes;
  }

  /// Logs in that many users `u0`, `u1` …; fails if any of them is refused.
  void run(int logins) throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        running.add(
            threads.submit(() -> {
              SSLContext context = context();
              for (int user = next.getAndIncrement();
                  user < logins;
                  user = next.getAndIncrement()) {
                login("u" + user, resumes ? context : context());
              }
              return null;
            }));
      }
      for (Future<?> each : running) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  /// How many TLS sessions were resumed.
  int resumed() {
    return resumed.get();
  }

  private static SSLContext context() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
    return context;
  }

  private void login(String user, SSLContext context) throws IOException {
    long sinceMillis = System.currentTimeMillis();
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port)) {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.startHandshake();
      if (socket.getSession().getCreationTime() < sinceMillis) {
        resumed.incrementAndGet();
      }
      var in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      String greeting = in.readLine();
      socket
          .getOutputStream()
          .write(("a LOGIN " + user + " secret\r\n").getBytes(StandardCharsets.ISO_8859_1));
      String answer = in.readLine();
      while (answer != null && answer.startsWith("* ")) {
        answer = in.readLine();
      }
      if (answer == null || !answer.startsWith("a OK")) {
        throw new IOException(user + " was not let in: " + greeting + " / " + answer);
      }
    }
  }
}
