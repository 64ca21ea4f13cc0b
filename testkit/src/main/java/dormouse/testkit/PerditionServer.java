package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// A private perdition that proxies IMAP in the clear by a popmap of regular expressions, on a port of 127.0.0.1. Needs Debian's `perdition`.
/// Any thread.
public final class PerditionServer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final PrivateServer server;
  private final int port = FreePort.next();

  private PerditionServer(Path home, int otherwise, List<String> options) throws IOException {
    server =
        PrivateServer.start(
            home,
            line -> line.contains("ssl_mask="), // the end of what it says of itself
            Stream.concat(
                    Stream.of(
                        "/usr/sbin/perdition",
                        "--config_file",
                        "/dev/null",
                        "--protocol",
                        "IMAP4",
                        "--bind_address",
                        "127.0.0.1",
                        "--listen_port",
                        Integer.toString(port),
                        "--no_lookup",
                        "--map_library",
                        "libperditiondb_posix_regex.so.0",
                        "--map_library_opt",
                        home.resolve("popmap").toString(),
                        "--outgoing_server",
                        "127.0.0.1",
                        "--outgoing_port",
                        Integer.toString(otherwise),
                        "--server_resp_line",
                        "--no_daemon",
                        "--pid_file",
                        "",
                        "--log_facility",
                        "+",
                        "--debug",
                        "--ssl_mode",
                        "none",
                        "--username",
                        "nobody",
                        "--group",
                        "nogroup"),
                    options.stream())
                .toArray(String[]::new));
    Wait.until("perdition listens", PATIENCE, this::listens);
  }

  private boolean listens() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /// Starts one.
  ///
  /// @param otherwise the port of 127.0.0.1 where those are served whom the popmap does not know
  /// @param options more of the command line
  public static PerditionServer start(String popmap, int otherwise, String... options) {
    Path home = PrivateServer.home("perdition");
    try {
      PrivateServer.own(Files.writeString(home.resolve("popmap"), popmap));
      return new PerditionServer(home, otherwise, Arrays.asList(options));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public int port() {
    return port;
  }

  @Override
  public void close() {
    server.close();
  }
}
