package dormouse.bench;

import dormouse.bench.stack.AtEnd;
import dormouse.bench.stack.Scratch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/// An [EchoServer] in a process of its own, with the flags of `./run` and those of `JAVA_OPTS`. Any thread.
final class EchoProcess implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 30;

  private final Process process;
  private final Path home;
  private final BufferedReader out;
  private final Writer in;
  private final Map<EchoKind, Integer> ports = new EnumMap<>(EchoKind.class);

  private EchoProcess(Process process, Path home) {
    this.process = process;
    this.home = home;
    out = process.inputReader();
    in = process.outputWriter();
  }

  /// Returns when it listens.
  static EchoProcess start() throws IOException {
    Path home = Files.createTempDirectory("dormouse-bench");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseCompactObjectHeaders",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dslf4j.internal.verbosity=ERROR"));
    command.addAll(DormouseProcess.flags());
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), EchoServer.class.getName()));
    command.add(home.toString());
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    EchoProcess started = AtEnd.start(builder, process -> new EchoProcess(process, home));
    for (EchoKind kind : EchoKind.values()) {
      started.ports.put(kind, started.number());
    }
    return started;
  }

  private int number() throws IOException {
    String line = out.readLine();
    if (line == null) {
      throw new IOException("the server has ended");
    }
    return Integer.parseInt(line);
  }

  int port(EchoKind kind) {
    return Objects.requireNonNull(ports.get(kind));
  }

  long pid() {
    return process.pid();
  }

  /// Has it tell all who are parked that it is still here, so many times.
  ///
  /// @return how many it told
  int tell(int times) {
    try {
      in.write("tell " + times + "\n");
      in.flush();
      return number();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized void close() {
    try {
      in.close();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      Scratch.delete(home);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    AtEnd.closed(this);
  }
}
