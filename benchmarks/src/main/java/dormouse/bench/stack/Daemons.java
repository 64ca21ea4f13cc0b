package dormouse.bench.stack;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A [Front] of programs that need a command line each, and nothing else. Any thread.
final class Daemons implements Front {
  /// A program, and the port by which it is known to be up.
  record Program(int port, List<String> command) {}

  private final Path home;
  private final int tlsPort;
  private final int plainPort;
  private final List<Program> programs;
  private final List<Daemon> running = new ArrayList<>();

  Daemons(Path home, int tlsPort, int plainPort, Program... programs) {
    this.home = home;
    this.tlsPort = tlsPort;
    this.plainPort = plainPort;
    this.programs = List.of(programs);
    start();
  }

  private synchronized void start() {
    for (Program each : programs) {
      running.add(Daemon.start(home, each.port(), each.command()));
    }
  }

  @Override
  public int tlsPort() {
    return tlsPort;
  }

  @Override
  public int plainPort() {
    return plainPort;
  }

  @Override
  public synchronized List<Long> pids() {
    return running.stream().map(Daemon::pid).toList();
  }

  @Override
  public synchronized void restart() {
    close();
    start();
  }

  @Override
  public synchronized void close() {
    running.forEach(Daemon::close);
    running.clear();
  }
}
