package dormouse.directory;

import dormouse.FrontEnd;
import dormouse.directory.NginxCase.Side;
import dormouse.testkit.AuthDaemon;
import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxMailServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// An auth daemon that has a socket in the file system: a real nginx and Dormouse ask it by the same words in their settings.
class NginxSocketIT {
  private static final String CIPHER = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"unix:%s:/auth?service=mail", "http://unix:%s:/auth", "unix:%s"})
  void itIsAskedAsNginxAsksIt(String form) {
    Path socket = directory.resolve("auth.sock");
    String url = form.formatted(socket);
    try (LoginBackend backend = LoginBackend.start();
        AuthDaemon daemon = AuthDaemon.start(_ -> Answer.accept(backend.port())).alsoAt(socket);
        NginxMailServer nginx = NginxMailServer.start(1, "auth_http " + url + ";");
        FrontEnd dormouse =
            FrontEnd.of(
                """
                listen:
                  - { address: "127.0.0.1:0", tls: implicit }
                  - { address: "127.0.0.1:0", tls: none }
                backends:
                  any: { address: "*", tls: none, pool: { per-user: 0 } }
                directory:
                  - http: { url: "%s" }
                throttle: { enabled: false }
                hibernate: { enabled: false }
                """
                    .formatted(url))) {
      Answer ok = Answer.accept(backend.port());
      Answer no = Answer.of("Auth-Status: Invalid login or password", "Auth-Wait: 1");
      Side there = new Side(nginx.port(), 0, nginx.tlsPort(), daemon, backend);
      Side ours = new Side(dormouse.plain().port(), 0, dormouse.tls().port(), daemon, backend);
      for (NginxCase row :
          List.of(
              new NginxCase("in", List.of("a LOGIN ann secret"), _ -> ok),
              new NginxCase("over TLS", List.of("a LOGIN ann secret"), _ -> ok)
                  .over("TLSv1.2", CIPHER),
              new NginxCase(
                      "wrong, then right",
                      List.of("a LOGIN ann wrong1", "b LOGIN ann secret"),
                      asked -> asked == 1 ? no : ok)
                  .takes(Duration.ofSeconds(1)))) {
        row.check(there, ours);
      }
    }
  }
}
