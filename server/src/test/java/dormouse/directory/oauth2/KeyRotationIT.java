package dormouse.directory.oauth2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.ImapClient;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.NginxFileServer;
import dormouse.testkit.TokenProvider;
import dormouse.testkit.Wait;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A provider whose keys are a file that a real nginx serves, and that is replaced.
class KeyRotationIT {
  private static final Duration PATIENCE =
      Duration.ofSeconds(30); // keys are fetched each 10 s at most

  @TempDir Path directory = Path.of("");

  @Test
  void aNewKeyIsFetchedWhenATokenNamesItAndTheOldOneForgotten() throws Exception {
    try (TokenProvider provider = TokenProvider.start();
        NginxFileServer nginx = NginxFileServer.start();
        LoginBackend backend = LoginBackend.start()) {
      nginx.put("jwks.json", provider.jwks());
      try (FrontEnd dormouse = front(backend, nginx, "jwks-max-age: 24h")) {
        String old = token(provider);
        assertThat(letsIn(dormouse, old)).isTrue();

        provider.rotate();
        String next = token(provider);
        assertThat(letsIn(dormouse, next)).as("before nginx has the key").isFalse();
        nginx.put("jwks.json", provider.jwks());
        Wait.until("the new key is fetched", PATIENCE, () -> letsIn(dormouse, next));
        assertThat(letsIn(dormouse, old)).as("the key is gone").isFalse();

        nginx.stop();
        assertThat(letsIn(dormouse, next)).as("while the provider is away").isTrue();
        provider.rotate();
        String last = token(provider);
        assertThat(letsIn(dormouse, last)).isFalse();
        nginx.put("jwks.json", provider.jwks());
        nginx.restart();
        Wait.until("it is back", PATIENCE, () -> letsIn(dormouse, last));
        assertThat(letsIn(dormouse, next)).isFalse();
      }
    }
  }

  @Test
  void keysAreBelievedForTheirTime() throws Exception {
    try (TokenProvider provider = TokenProvider.start();
        NginxFileServer nginx = NginxFileServer.start();
        LoginBackend backend = LoginBackend.start()) {
      nginx.put("jwks.json", provider.jwks());
      try (FrontEnd dormouse = front(backend, nginx, "jwks-max-age: 2h")) {
        String old = token(provider);
        assertThat(letsIn(dormouse, old)).isTrue();
        provider.rotate();
        nginx.put("jwks.json", provider.jwks());
        dormouse.pass(Duration.ofMinutes(110));
        assertThat(letsIn(dormouse, old)).isTrue();
        dormouse.pass(Duration.ofMinutes(11));
        Wait.until("they are fetched again", PATIENCE, () -> !letsIn(dormouse, old));
        assertThat(letsIn(dormouse, token(provider))).isTrue();
      }
    }
  }

  @Test
  void tokensAreSignedAsTheSettingsSayAndTheClockMayBeOffByAsMuch() throws Exception {
    try (TokenProvider provider = TokenProvider.start();
        NginxFileServer nginx = NginxFileServer.start();
        LoginBackend backend = LoginBackend.start()) {
      nginx.put("jwks.json", provider.jwks());
      try (FrontEnd dormouse = front(backend, nginx, "algorithms: [ rs256, eddsa ], leeway: 10m")) {
        assertThat(letsIn(dormouse, token(provider, "RS256", -300))).isTrue();
        assertThat(letsIn(dormouse, token(provider, "EdDSA", -300))).isTrue();
        assertThat(letsIn(dormouse, token(provider, "RS256", -700))).isFalse();
        assertThat(letsIn(dormouse, token(provider, "ES256", 3600))).isFalse();
      }
      try (FrontEnd dormouse = front(backend, nginx, "leeway: 1s")) {
        assertThat(letsIn(dormouse, token(provider, "ES256", -10))).isFalse();
        assertThat(letsIn(dormouse, token(provider, "ES256", 3600))).isTrue();
      }
    }
  }

  private FrontEnd front(LoginBackend backend, NginxFileServer nginx, String more)
      throws Exception {
    Path master = Files.writeString(directory.resolve("master"), "secret");
    return FrontEnd.of(
        """
        listen: [ { address: "127.0.0.1:0", tls: none } ]
        backends:
          mx: { address: "127.0.0.1:%d", tls: none, login-as: { user: boss, password-file: %s } }
        directory:
          - oauth2: { issuer: "https://id", audience: [ mail ], jwks: "%s", %s }
            break-after: 0
        login: { mechanisms: [ oauthbearer ] }
        throttle: { enabled: false }
        """
            .formatted(backend.port(), master, nginx.url("jwks.json"), more));
  }

  private static String token(TokenProvider provider) {
    return token(provider, "ES256", 3600);
  }

  private static String token(TokenProvider provider, String algorithm, long goodForSeconds) {
    long until = System.currentTimeMillis() / 1000 + goodForSeconds;
    return provider.token(
        algorithm,
        "{\"iss\":\"https://id\",\"aud\":\"mail\",\"email\":\"ann\",\"exp\":" + until + "}");
  }

  private static boolean letsIn(FrontEnd dormouse, String token) {
    String message = "n,a=ann,\1auth=Bearer " + token + "\1\1";
    try (ImapClient client = ImapClient.connect(dormouse.plain())) {
      String tag =
          client.start(
              "AUTHENTICATE OAUTHBEARER "
                  + Base64.getEncoder().encodeToString(message.getBytes(UTF_8)));
      String line = client.readLine();
      if (line.startsWith("+ ")) {
        client.send("AQ==\r\n");
        line = client.readLine();
      }
      return line.startsWith(tag + " OK");
    }
  }
}
