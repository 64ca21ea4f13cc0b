package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A private Glewlwyd, a provider of OAuth 2.0 and OpenID Connect, as `testkit/unpack-servers` has unpacked it: its keys are published, and it
/// says what its tokens are. Any thread.
public final class GlewlwydServer implements AutoCloseable {
  /// Who its tokens say they are of.
  public static final String ISSUER = "https://id.example.org";

  /// Whom its tokens are for.
  public static final String AUDIENCE = "mail";

  /// As whom Dormouse asks it.
  public static final String CLIENT = "dormouse";

  /// The password of [#CLIENT].
  public static final String CLIENT_SECRET = "client-secret";

  private static final String PASSWORD = "a-password";
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Pattern TOKEN = Pattern.compile("\"access_token\":\"([^\"]+)\"");

  private final int port = FreePort.next();
  private final UnpackedServer server = UnpackedServer.named("glewlwyd");
  private final HttpClient http = HttpClient.newHttpClient();
  private String cookie = ""; // of its administrator

  private GlewlwydServer(List<String> users) throws IOException {
    Path tree = UnpackedServer.tree("glewlwyd");
    Path home = server.home();
    Path tables = tree.resolve("usr/share/dbconfig-common/data/glewlwyd/install/sqlite3");
    run(
        "/usr/bin/python3",
        "-c",
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())",
        home.resolve("db").toString(),
        tables.toString());
    Path config = Files.writeString(home.resolve("glewlwyd.conf"), config(tree, home));
    server.start(
        List.of(tree.resolve("usr/bin/glewlwyd").toString(), "--config-file=" + config),
        Map.of("LD_LIBRARY_PATH", libraries(tree).toString()));
    try {
      server.log().await(0, line -> line.contains("Glewlwyd started"), PATIENCE);
      setUp(users);
    } catch (AssertionError | IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /// Starts one with these users, who have an address in `example.org`.
  public static GlewlwydServer start(List<String> users) {
    try {
      return new GlewlwydServer(users);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path libraries(Path tree) throws IOException {
    try (var below = Files.list(tree.resolve("usr/lib"))) {
      return below
          .filter(one -> one.getFileName().toString().endsWith("-linux-gnu"))
          .findFirst()
          .orElseThrow();
    }
  }

  private String config(Path tree, Path home) {
    return """
    port=%1$d
    bind_address="127.0.0.1"
    external_url="http://127.0.0.1:%1$d"
    login_url="login.html"
    api_prefix="api"
    log_mode="console"
    log_level="INFO"
    cookie_domain=""
    cookie_secure=0
    session_expiration=3600
    session_key="GLEWLWYD"
    admin_scope="g_admin"
    profile_scope="g_profile"
    user_module_path="%2$s/user"
    user_middleware_module_path="%2$s/user_middleware"
    client_module_path="%2$s/client"
    user_auth_scheme_module_path="%2$s/scheme"
    plugin_module_path="%2$s/plugin"
    hash_algorithm="SHA512"
    database = { type = "sqlite3"; path = "%3$s/db" };
    """
        .formatted(port, tree.resolve("usr/lib/glewlwyd"), home);
  }

  private void setUp(List<String> users) throws IOException {
    Path key = server.home().resolve("key.pem");
    Path publicKey = server.home().resolve("public.pem");
    run("openssl", "genpkey", "-algorithm", "RSA", "-out", key.toString());
    run("openssl", "pkey", "-in", key.toString(), "-pubout", "-out", publicKey.toString());
    put("auth/", "{\"username\":\"admin\",\"password\":\"password\"}"); // as the tables have it
    put(
        "mod/plugin/",
        """
        {"module":"oidc","name":"oidc","display_name":"oidc","parameters":{
        "iss":"%s","jwt-type":"rsa","jwt-key-size":"256","key":"%s","cert":"%s",
        "access-token-duration":600,"refresh-token-duration":600,"code-duration":600,"allow-non-oidc":true,
        "auth-type-code-enabled":false,"auth-type-password-enabled":true,"auth-type-client-enabled":false,
        "auth-type-implicit-enabled":false,"auth-type-none-enabled":false,"auth-type-refresh-enabled":false,
        "scope":[],"additional-parameters":[{"user-parameter":"email","token-parameter":"email"}],
        "jwks-show":true,"introspection-revocation-allowed":true,"introspection-revocation-auth-scope":[],
        "introspection-revocation-allow-target-client":true}}
        """
            .formatted(ISSUER, oneLine(key), oneLine(publicKey)));
    put(
        "scope/",
        "{\"name\":\"%s\",\"display_name\":\"mail\",\"description\":\"mail\",\"password_required\":true,\"password_max_age\":0,\"scheme\":{}}"
            .formatted(AUDIENCE));
    for (String user : users) {
      put(
          "user/",
          "{\"username\":\"%1$s\",\"name\":\"%1$s\",\"email\":\"%1$s@example.org\",\"password\":\"%2$s\",\"scope\":[\"%3$s\"],\"enabled\":true}"
              .formatted(user, PASSWORD, AUDIENCE));
    }
    put(
        "client/",
        """
        {"client_id":"%s","name":"mail","confidential":true,"password":"%s","enabled":true,"authorization_type":["password"],
        "redirect_uri":["https://mail.example.org/"],"scope":["%s"],"token_endpoint_auth_method":["client_secret_basic"]}
        """
            .formatted(CLIENT, CLIENT_SECRET, AUDIENCE));
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new AssertionError(String.join(" ", command) + " failed:\n" + said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String oneLine(Path pem) throws IOException {
    return Files.readString(pem).replace("\n", "\\n");
  }

  private void put(String what, String json) {
    send(what, "application/json", json);
  }

  private String send(String what, String type, String body) {
    String both = CLIENT + ":" + CLIENT_SECRET;
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/" + what))
            .header("Content-Type", type)
            .header("Cookie", cookie)
            .timeout(PATIENCE)
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (!type.endsWith("json")) {
      request.header(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.US_ASCII)));
    }
    try {
      HttpResponse<String> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new AssertionError(what + ": " + answer.statusCode() + " " + answer.body());
      }
      answer
          .headers()
          .firstValue("Set-Cookie")
          .ifPresent(set -> cookie = set.replaceFirst(";.*", ""));
      return answer.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private String form(String what, String body) {
    return send("oidc/" + what, "application/x-www-form-urlencoded", body);
  }

  /// A new token of a user.
  public String token(String user) {
    Matcher token =
        TOKEN.matcher(
            form(
                "token",
                "grant_type=password&scope=%s&username=%s&password=%s"
                    .formatted(AUDIENCE, user, PASSWORD)));
    if (!token.find()) {
      throw new AssertionError("no token");
    }
    return token.group(1);
  }

  /// From now on it says that a token is none.
  public void revoke(String token) {
    form("revoke", "token=" + URLEncoder.encode(token, StandardCharsets.UTF_8));
  }

  /// Where its public keys are.
  public String jwks() {
    return "http://127.0.0.1:" + port + "/api/oidc/jwks";
  }

  /// Where it says what a token is.
  public String introspection() {
    return "http://127.0.0.1:" + port + "/api/oidc/introspect";
  }

  @Override
  public void close() {
    http.close();
    server.stop(_ -> false);
    server.delete();
  }
}
