package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A private Redis on a free port of 127.0.0.1, which keeps nothing over a restart. Needs Debian's `redis-server`. Any thread.
public final class RedisServer implements AutoCloseable {
  /// The password of the default user.
  public static final String PASSWORD = "redis-secret";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final int port = FreePort.next();
  private @Nullable Process process;

  private RedisServer() {}

  /// Starts one and returns when it listens.
  public static RedisServer start() {
    RedisServer server = new RedisServer();
    server.restart();
    return server;
  }

  /// Starts it again on the same port, empty; stops it first if it runs.
  public synchronized void restart() {
    stop();
    process =
        start(
            List.of(
                "redis-server",
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--requirepass",
                PASSWORD,
                "--dir",
                Path.of(System.getProperty("java.io.tmpdir", "/tmp")).toString()),
            /* heard= */ false);
    Wait.until("Redis listens", PATIENCE, this::listens);
  }

  private boolean listens() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException _) {
      return false;
    }
  }

  /// Stops it; clients see their connections end.
  public synchronized void stop() {
    Process running = process;
    if (running == null) {
      return;
    }
    running.destroy();
    await(running);
    process = null;
  }

  /// Where it listens.
  public int port() {
    return port;
  }

  /// Runs one command: what Redis said, as `redis-cli` shows it to a program.
  public String run(String... command) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "redis-cli", "-p", Integer.toString(port), "-a", PASSWORD, "--no-auth-warning"));
    words.addAll(List.of(command));
    try {
      Process cli = start(words, /* heard= */ true);
      String said = new String(cli.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      await(cli);
      return said.strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Process start(List<String> command, boolean heard) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      if (!heard) {
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      }
      Process started = builder.start();
      started.getOutputStream().close();
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void await(Process process) {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("Redis does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    stop();
  }
}
