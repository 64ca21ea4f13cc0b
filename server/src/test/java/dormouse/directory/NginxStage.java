package dormouse.directory;

import dormouse.FrontEnd;
import dormouse.directory.NginxCase.Side;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/// One auth daemon and one backend behind a real nginx and behind Dormouse, which both have a listener in TLS, one behind a proxy and one in
/// the clear.
final class NginxStage implements AutoCloseable {
  private final LoginBackend backend;
  private final AuthDaemon daemon;
  private final NginxMailServer nginx;
  private final FrontEnd dormouse;

  /// @param settings the rest of Dormouse's; `URL` is the daemon's
  /// @param directives the same in nginx' `mail` block
  NginxStage(LoginBackend backend, String settings, String... directives) {
    this.backend = backend;
    daemon = AuthDaemon.start(_ -> accept());
    String url = "http://127.0.0.1:" + daemon.port() + "/auth?service=mail";
    nginx = NginxMailServer.start(1, "auth_http " + url + ";", String.join("\n  ", directives));
    String listen =
        """
        listen:
          - { address: "127.0.0.1:0", tls: implicit }
          - { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.0/8 ] }
          - { address: "127.0.0.1:0", tls: none }
        throttle: { enabled: false }
        hibernate: { enabled: false }
        """;
    dormouse = FrontEnd.of(listen + settings.replace("URL", url));
  }

  /// What the daemon says to let a client in.
  Answer accept() {
    return Answer.accept(backend.port());
  }

  Side nginx() {
    return new Side(nginx.port(), nginx.proxyPort(), nginx.tlsPort(), daemon, backend);
  }

  Side dormouse() {
    return new Side(
        dormouse.plain().port(), dormouse.plain(1).port(), dormouse.tls().port(), daemon, backend);
  }

  /// A test for each row.
  Stream<DynamicTest> play(List<NginxCase> table) {
    return table.stream()
        .map(row -> DynamicTest.dynamicTest(row.name(), () -> row.check(nginx(), dormouse())));
  }

  @Override
  public void close() {
    dormouse.close();
    nginx.close();
    daemon.close();
    backend.close();
  }
}
