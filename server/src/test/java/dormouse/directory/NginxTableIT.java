package dormouse.directory;

import static dormouse.directory.NginxCase.INTERNAL_ERROR;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.AuthDaemon.Answer;
import dormouse.testkit.FreePort;
import dormouse.testkit.LoginBackend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/// The same auth daemon behind a real nginx mail proxy and behind Dormouse, one row of the table a test: it must get the same
/// bytes from both, the client must hear the same, and the backend must see the same login.
///
/// What differs on purpose stands in the row, and in `docs/nginx.md`. What is compared, and how: [NginxCase].
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NginxTableIT {
  private static final Duration WAIT = Duration.ofSeconds(2);
  private static final String LATIN1 = "Pa\u00dfwort \u00e4";
  private static final String UTF8 = utf8("Pa\u00dfwort \u2603");
  private static final List<String> STATUSES =
      List.of("401 Unauthorized", "403 Forbidden", "404 Not Found", "503 Service Unavailable");

  private final LoginBackend backend = LoginBackend.start();
  private final NginxStage stage =
      new NginxStage(
          backend,
          """
          backends:
            any: { address: "*", tls: none, pool: { per-user: 0 } } # a login for each, as in nginx
          directory:
            - http: { url: "URL", headers: [ "X-Auth-Key: s3cret", "X-Place: a b" ] }
              timeout: 2s
              break-after: 0
          login: { max-errors: 20, mechanisms: [ plain, login, cram-md5 ] }
          """,
          "auth_http_header X-Auth-Key s3cret;",
          "auth_http_header X-Place \"a b\";",
          "auth_http_timeout 2s;",
          "imap_auth plain login cram-md5;",
          "max_errors 20;");

  @AfterAll
  void stop() {
    stage.close();
  }

  @TestFactory
  Stream<DynamicTest> theTable() {
    List<NginxCase> table = table();
    assertThat(table).hasSizeGreaterThan(60);
    return stage.play(table);
  }

  @Test
  void thePageTellsHowManyRowsDiffer() throws IOException {
    List<NginxCase> table = table();
    long alike = table.stream().filter(NginxCase::isAlike).count();
    assertThat(Files.readString(Path.of("..", "docs", "nginx.md")))
        .contains(
            "In %d of the %d rows of `NginxTableIT` that is the same. In %d something differs, in %d of those"
                .formatted(
                    alike,
                    table.size(),
                    table.size() - alike,
                    table.stream().filter(NginxCase::isUnavailable).count()));
  }

  private List<NginxCase> table() {
    List<NginxCase> table = new ArrayList<>();
    table.addAll(names());
    table.addAll(mechanisms());
    table.addAll(digests());
    table.addAll(acceptances());
    table.addAll(statuses());
    table.addAll(refusals());
    table.addAll(noAnswers());
    table.addAll(transports());
    return table;
  }

  private List<NginxCase> names() {
    return List.of(
        login("atoms", "a LOGIN ann secret"),
        login("lower case", "a login ann secret"),
        login("quoted strings", "a LOGIN \"ann\" \"secret\""),
        login("quotes and backslashes", "a LOGIN \"a\\\"n\\\\n\" \"s\\\\\\\"t\""),
        login("literals", "a LOGIN {3}", "ann {6}", "secret"),
        login("literals that do not wait", "a LOGIN {3+}\r\nann {6+}\r\nsecret"),
        login("an atom and a literal", "a LOGIN ann {6}", "secret"),
        login("a literal and a quoted string", "a LOGIN {3+}\r\nann \"sec ret\""),
        login("quotes in a literal", "a LOGIN {4+}\r\na\"\\n {3+}\r\n\"\\\""),
        login("spaces", "a LOGIN \"ann smith\" \" sec ret \""),
        login("percent signs", "a LOGIN 100%25 %41%"),
        login("what URLs escape and nginx does not", "a LOGIN \"ann+x@a/b?c&d=e#f\" \"~!$'();,\""),
        login("control characters in a password", "a LOGIN ann {4+}\r\n\u0001\u0009\u001f\u007f"),
        login("line ends in a password", "a LOGIN ann {4+}\r\n\r\n\r\n"),
        login("UTF-8 in a name", literals(utf8("J\u00f6rg"), "secret")),
        login("UTF-8 in a password", literals("ann", UTF8)),
        login("Latin-1 in a password", literals("ann", LATIN1)),
        login("an empty password", "a LOGIN ann \"\""),
        login("long ones", literals("u".repeat(250), "p".repeat(1000))),
        login("a domain", "a LOGIN ann@example.org secret"),
        row("no name", "a LOGIN \"\" secret"),
        row("no password", "a LOGIN ann"),
        row("too many words", "a LOGIN ann secret more"),
        row("Latin-1 in a name", literals("J\u00f6rg", "secret"))
            .differs("names are UTF-8 without control characters", "OK", "BAD"),
        row("a control character in a name", literals("a\u0001n", "secret"))
            .differs("names are UTF-8 without control characters", "OK", "BAD"));
  }

  private List<NginxCase> mechanisms() {
    return List.of(
        login("PLAIN", "a AUTHENTICATE PLAIN", base64("\0ann\0secret")),
        login("PLAIN at once", "a AUTHENTICATE PLAIN " + base64("\0ann\0secret")),
        login("plain", "a authenticate plain " + base64("\0ann\0secret")),
        login("PLAIN for oneself", "a AUTHENTICATE PLAIN " + base64("ann\0ann\0secret")),
        login("PLAIN with spaces", "a AUTHENTICATE PLAIN", base64("\0ann smith\0sec ret %")),
        login(
            "PLAIN in UTF-8",
            "a AUTHENTICATE PLAIN",
            base64("\0" + utf8("J\u00f6rg") + "\0" + UTF8)),
        login("PLAIN with an empty password", "a AUTHENTICATE PLAIN", base64("\0ann\0")),
        login("LOGIN", "a AUTHENTICATE LOGIN", base64("ann"), base64("secret")),
        login(
            "LOGIN with a name at once", "a AUTHENTICATE LOGIN " + base64("ann"), base64("secret")),
        login("LOGIN in UTF-8", "a AUTHENTICATE LOGIN", base64(utf8("J\u00f6rg")), base64(UTF8)),
        row("PLAIN given up", "a AUTHENTICATE PLAIN", "*"),
        row("LOGIN given up", "a AUTHENTICATE LOGIN", base64("ann"), "*"),
        row("PLAIN that is not Base64", "a AUTHENTICATE PLAIN", "!!!"),
        row("PLAIN without its parts", "a AUTHENTICATE PLAIN", base64("ann secret")),
        login("a login after one given up", "a AUTHENTICATE PLAIN", "*", "b LOGIN ann secret"),
        row("an unknown mechanism", "a AUTHENTICATE KERBEROS_V4")
            .differs("RFC 9051 \u00a76.2.2 wants NO", "BAD", "NO This mechanism is not supported"),
        row("PLAIN for another", "a AUTHENTICATE PLAIN " + base64("bob\0ann\0secret"))
            .backendDiffers("whose mail is wanted is not ignored but left to the backend"));
  }

  private List<NginxCase> digests() {
    String begin = "a AUTHENTICATE CRAM-MD5";
    String ann = NginxCramMd5.answer("ann", "secret");
    Answer master =
        Answer.of(
            "Auth-Status: OK",
            "Auth-Server: 127.0.0.1",
            "Auth-Port: " + backend.port(),
            "Auth-Pass: master");
    Answer no = Answer.of("Auth-Status: No", "Auth-Wait: 1");
    return List.of(
        digest("CRAM-MD5", master, begin, ann),
        digest("cram-md5", master, "a authenticate cram-md5", ann),
        digest("CRAM-MD5, what is escaped", master, begin, NginxCramMd5.answer("a%b", "100%")),
        digest("CRAM-MD5 in UTF-8", master, begin, NginxCramMd5.answer(utf8("J\u00f6rg"), UTF8)),
        digest("CRAM-MD5, no password for the backend", accept(), begin, ann).unavailable(),
        digest("CRAM-MD5, no", Answer.of("Auth-Status: No"), begin, ann),
        scripted(
            "CRAM-MD5, wrong, then right",
            Duration.ofSeconds(1),
            attempt -> attempt == 1 ? no : master,
            begin,
            NginxCramMd5.answer("ann", "wrong"),
            "b AUTHENTICATE CRAM-MD5",
            ann),
        digest(
            "CRAM-MD5, another name",
            Answer.of(
                "Auth-Status: OK",
                "Auth-Server: 127.0.0.1",
                "Auth-Port: " + backend.port(),
                "Auth-User: ann@example.org",
                "Auth-Pass: other"),
            begin,
            ann),
        row("CRAM-MD5 given up", begin, "*"),
        row("CRAM-MD5 that is not Base64", begin, "!!!"),
        row("CRAM-MD5 without a digest", begin, base64("ann")),
        login("a login after a digest given up", begin, "*", "b LOGIN ann secret"));
  }

  private static NginxCase digest(String name, Answer answer, String... says) {
    return new NginxCase(name, List.of(says), _ -> answer);
  }

  private List<NginxCase> acceptances() {
    String port = "Auth-Port: " + backend.port();
    String ok = "Auth-Status: OK";
    String server = "Auth-Server: 127.0.0.1";
    String head = ok + "\r\n" + server + "\r\n" + port + "\r\n";
    return List.of(
        answered("another name", Answer.of(ok, server, port, "Auth-User: ann@example.org")),
        answered("another password", Answer.of(ok, server, port, "Auth-Pass: other")),
        answered(
            "both", Answer.of(ok, server, port, "Auth-User: ann*master", "Auth-Pass: a b%20c")),
        answered("a password in UTF-8", Answer.of(ok, server, port, "Auth-Pass: " + UTF8)),
        answered("a password in Latin-1", Answer.of(ok, server, port, "Auth-Pass: " + LATIN1)),
        answered("an empty password", Answer.of(ok, server, port, "Auth-Pass:")),
        answered("any case", Answer.of("auth-status: OK", "AUTH-SERVER: 127.0.0.1", port)),
        answered("spaces around", Answer.of("Auth-Status:   OK  ", "Auth-Server:127.0.0.1 ", port)),
        answered("500", Answer.raw("HTTP/1.1 500 Internal Server Error\r\n" + head + "\r\n")),
        answered("302", Answer.raw("HTTP/1.0 302\r\n" + head + "\r\n")),
        answered("no status line", Answer.raw(head + "\r\n")),
        answered("bare line ends", Answer.raw("HTTP/1.0 200 OK\n" + head.replace("\r", "") + "\n")),
        answered("a body", Answer.raw("HTTP/1.0 200 OK\r\n" + head + "\r\nAuth-Status: no\r\n")),
        answered(
            "what HTTP has", Answer.of("Date: x", "Content-Type: text/plain", ok, server, port)),
        answered("no Auth-Status", Answer.of(server, port)),
        answered("a line without a colon", Answer.of("Nothing", ok, server, port)),
        answered("the later of two", Answer.of(ok, "Auth-Server: 127.9.9.9", server, port)),
        answered("Auth-Wait means nothing", Answer.of(ok, server, port, "Auth-Wait: 3")),
        answered(
                "a backend that refuses",
                Answer.of(ok, server, port, "Auth-Pass: " + LoginBackend.WRONG))
            .differs(
                "what the backend says is not kept from the client",
                INTERNAL_ERROR,
                "NO [AUTHENTICATIONFAILED] Wrong user name or password"),
        answered("a long head", Answer.of(ok, "X-Long: " + "x".repeat(2000), server, port))
            .differs("nginx stops at 1 KiB, Dormouse at 16 KiB", INTERNAL_ERROR, "OK"));
  }

  private List<NginxCase> refusals() {
    String wait = "Auth-Wait: 2";
    String no = "Auth-Status: Invalid login or password";
    return List.of(
        answered("no", Answer.of(no)),
        answered("no, and no wait", Answer.of(no, "Auth-Wait: 0")),
        answered("no, after a while", Answer.of(no, wait)).takes(WAIT),
        answered("a wait that is no number", Answer.of(no, "Auth-Wait: soon")),
        answered("a wait below zero", Answer.of(no, "Auth-Wait: -2")),
        answered("a code", Answer.of("Auth-Status: [AUTHENTICATIONFAILED] Not you")),
        answered("a code with more", Answer.of("Auth-Status: [REFERRAL imap://mx2/] There")),
        answered("no real code", Answer.of("Auth-Status: Locked [for now] (see mail)")),
        answered("a text in UTF-8", Answer.of("Auth-Status: " + UTF8)),
        answered("a long text", Answer.of("Auth-Status: " + "no ".repeat(200) + "way")),
        answered("ok is not OK", Answer.of("Auth-Status: ok")),
        answered("OK and more", Answer.of("Auth-Status: OK?")),
        answered("a code for SMTP", Answer.of(no, "Auth-Error-Code: 451 4.3.0")),
        answered("OK, then no", Answer.of("Auth-Status: OK", no)),
        answered("no, then OK", Answer.of(no, "Auth-Status: OK")),
        answered("no with a backend", Answer.of(no, "Auth-Server: 127.0.0.1", "Auth-Port: 143")),
        answered("nothing", Answer.of("Auth-Status:"))
            .differs(
                "a text is always said",
                "NO ",
                "NO [AUTHENTICATIONFAILED] Wrong user name or password"),
        scripted(
            "wrong, then right",
            WAIT,
            attempt -> attempt == 1 ? Answer.of(no, wait) : accept(),
            "a LOGIN ann wrong1",
            "b LOGIN ann right"),
        scripted(
            "wrong by three commands",
            WAIT,
            attempt -> attempt < 4 ? Answer.of(no, "Auth-Wait: 1") : accept(),
            "a LOGIN ann wrong1",
            "b AUTHENTICATE PLAIN " + base64("\0ann\0wrong2"),
            "c AUTHENTICATE LOGIN",
            base64("ann"),
            base64("wrong3"),
            "d LOGIN bob right"),
        scripted(
            "wait",
            Duration.ofSeconds(1),
            asked -> asked == 1 ? Answer.of("Auth-Status: WAIT", "Auth-Wait: 1") : accept(),
            "a LOGIN ann secret"),
        scripted(
            "wait, then no",
            Duration.ofSeconds(1),
            asked -> asked == 1 ? Answer.of("Auth-Status: WAIT", "Auth-Wait: 1") : Answer.of(no),
            "a LOGIN ann secret"));
  }

  private List<NginxCase> noAnswers() {
    List<NginxCase> rows = new ArrayList<>();
    for (String status : STATUSES) {
      String line = "HTTP/1.0 " + status + "\r\n";
      rows.add(answered(status + " and no more", Answer.raw(line + "\r\n")));
    }
    rows.addAll(noUse());
    return rows.stream().map(NginxCase::unavailable).toList();
  }

  private List<NginxCase> noUse() {
    String ok = "Auth-Status: OK";
    String server = "Auth-Server: 127.0.0.1";
    String port = "Auth-Port: " + backend.port();
    String before = "HTTP/1.0 200 OK\r\n";
    return List.of(
        answered("no server", Answer.of(ok, port)),
        answered("no port", Answer.of(ok, server)),
        answered("a server by name", Answer.of(ok, "Auth-Server: localhost", port)),
        answered("no address", Answer.of(ok, "Auth-Server: 127.0.0.999", port)),
        answered("an address in brackets", Answer.of(ok, "Auth-Server: [::1]", port)),
        answered("port 0", Answer.of(ok, server, "Auth-Port: 0")),
        answered("port 65536", Answer.of(ok, server, "Auth-Port: 65536")),
        answered("a port by name", Answer.of(ok, server, "Auth-Port: imap")),
        answered("silence", Answer.raw("")),
        answered("half a head", Answer.raw(before + ok + "\r\n" + server)),
        answered(
            "a head without its end",
            Answer.raw(before + ok + "\r\n" + server + "\r\n" + port + "\r\n")),
        answered("garbage", Answer.raw("\u0000\u00ff\u0016\u0003garbage\r\n\r\n")),
        answered("HTML", Answer.raw("<html><body>Bad gateway</body></html>\r\n\r\n")),
        answered("an underscore in a name", Answer.raw(before + "X_Y: z\r\n" + ok + "\r\n\r\n")),
        answered("a bare CR", Answer.raw(before + ok + "\r" + server + "\r\n" + port + "\r\n\r\n")),
        answered("an endless head", Answer.raw(before + "X: " + "x".repeat(200_000) + "\r\n\r\n")),
        answered("slow", Answer.accept(backend.port()).after(Duration.ofSeconds(4))).takes(WAIT),
        row("down", "a LOGIN ann secret").whileDown(),
        answered("no backend there", Answer.accept(FreePort.next())));
  }

  private List<NginxCase> transports() {
    return List.of(
        login("TLS 1.3", "a LOGIN ann secret").over("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
        login("TLS 1.3, another cipher", "a LOGIN ann secret")
            .over("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        login("TLS 1.3, ChaCha20", "a LOGIN ann secret")
            .over("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
        login("TLS 1.2", "a LOGIN ann secret")
            .over("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        login("TLS 1.2, another cipher", "a LOGIN ann secret")
            .over("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        login("TLS 1.2, ChaCha20", "a LOGIN ann secret")
            .over("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        login("a PROXY header", "a LOGIN ann secret")
            .behind("PROXY TCP4 203.0.113.7 198.51.100.1 40001 993"),
        login("a PROXY header for IPv6", "a LOGIN ann secret")
            .behind("PROXY TCP6 2001:db8::7:0:0:1 2001:db8::1 40001 993"));
  }

  private Answer accept() {
    return stage.accept();
  }

  /// A status says nothing: what counts are the headers behind it.
  private List<NginxCase> statuses() {
    String head = "Auth-Status: OK\r\nAuth-Server: 127.0.0.1\r\nAuth-Port: " + backend.port();
    return STATUSES.stream()
        .map(status ->
            answered(
                status + " and OK", Answer.raw("HTTP/1.0 " + status + "\r\n" + head + "\r\n\r\n")))
        .toList();
  }

  /// The daemon accepts, and the client gets in.
  private NginxCase login(String name, String... says) {
    return row(name, says);
  }

  private NginxCase row(String name, String... says) {
    return new NginxCase(name, List.of(says), _ -> accept());
  }

  private NginxCase answered(String name, Answer answer) {
    return new NginxCase(name, List.of("a LOGIN ann secret"), _ -> answer);
  }

  private static NginxCase scripted(
      String name, Duration takes, NginxCase.Script script, String... says) {
    return new NginxCase(name, List.of(says), script).takes(takes);
  }

  private static String literals(String user, String password) {
    return "a LOGIN {%d+}\r\n%s {%d+}\r\n%s"
        .formatted(user.length(), user, password.length(), password);
  }

  private static String base64(String bytes) {
    return Base64.getEncoder().encodeToString(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  /// In UTF-8, one char a byte.
  private static String utf8(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
