package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.FreePort;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The forms of `listen`, beside a real nginx: by which addresses of this machine clients come in.
class NginxListenIT {
  private static final int PATIENCE_MILLIS = 20_000;
  private static final List<String> ADDRESSES = List.of("127.0.0.1", "127.0.0.2", "::1");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listen localhost:PORT;           | localhost:PORT                | 127.0.0.1",
        "listen PORT;                     | 0.0.0.0:PORT                  | 127.0.0.1 127.0.0.2",
        "listen *:PORT;                   | 0.0.0.0:PORT                  | 127.0.0.1 127.0.0.2",
        "listen 127.0.0.2:PORT backlog=9; | 127.0.0.2:PORT                | 127.0.0.2",
        "listen [::1]:PORT;               | [::1]:PORT                    | ::1",
        "listen PORT; listen [::]:PORT;   | [::]:PORT                     | 127.0.0.1 127.0.0.2 ::1",
        "listen PORT; listen [::]:PORT;   | 0.0.0.0:PORT [::]:PORT        | 127.0.0.1 127.0.0.2 ::1",
        "listen [::]:PORT; listen *:PORT; | [::]:PORT 0.0.0.0:PORT        | 127.0.0.1 127.0.0.2 ::1",
        "listen [::]:PORT ipv6only=off;   | [::]:PORT                     | 127.0.0.1 127.0.0.2 ::1",
        "listen 127.0.0.1:PORT; listen [::1]:PORT; | 127.0.0.1:PORT [::1]:PORT | 127.0.0.1 ::1",
      })
  void clientsComeInByTheSameAddresses(String nginx, String dormouse, String by)
      throws IOException {
    String there = Integer.toString(FreePort.next());
    String here = Integer.toString(FreePort.next());
    List<String> addresses = List.of(by.split(" "));
    try (LoginBackend backend = LoginBackend.start();
        AuthDaemon daemon = AuthDaemon.start(_ -> Answer.accept(backend.port()))) {
      String url = "127.0.0.1:" + daemon.port() + "/auth";
      try (NginxMailServer _ =
          NginxMailServer.ofBlock(
              "mail { auth_http %s; server { protocol imap; %s } }"
                  .formatted(url, nginx.replace("PORT", there)))) {
        assertThat(served(there)).isEqualTo(addresses);
      }
      StringBuilder listen = new StringBuilder();
      for (String address : dormouse.replace("PORT", here).split(" ")) {
        listen.append("  - { address: \"").append(address).append("\", tls: none }\n");
      }
      try (FrontEnd _ =
          FrontEnd.of(
              """
              listen:
              %sbackends:
                any: { address: "*", tls: none }
              directory:
                - http: { url: "http://%s" }
              """
                  .formatted(listen, url))) {
        assertThat(served(here)).isEqualTo(addresses);
      }
    }
  }

  /// Of the addresses those by which a client logs in.
  private static List<String> served(String port) throws IOException {
    List<String> served = new ArrayList<>();
    for (String address : ADDRESSES) {
      try (Socket socket = new Socket(InetAddress.ofLiteral(address), Integer.parseInt(port))) {
        socket.setSoTimeout(PATIENCE_MILLIS);
        var in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        assertThat(in.readLine()).startsWith("* OK");
        socket
            .getOutputStream()
            .write("a LOGIN ann secret\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(in.readLine()).startsWith("a OK");
        served.add(address);
      } catch (ConnectException _) {
        // nobody listens there
      }
    }
    return served;
  }
}
