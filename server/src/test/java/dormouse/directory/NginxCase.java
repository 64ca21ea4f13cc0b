package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.AuthDaemon;
import dormouse.testkit.LoginBackend;
import dormouse.testkit.SelfSigned;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// One row of the table: what a client says, what the daemon answers, and what may differ between nginx and Dormouse.
/// Immutable.
///
/// Compared are: each request of the daemon, byte for byte; each login at the backend; what the client hears to each line:
/// - OK, whatever stands behind it: it is the backend's;
/// - NO and its text;
/// - BAD, whatever stands behind it; not counted is BYE, which Dormouse says before it closes and nginx does not;
/// - the continuation with its challenge, but for what is another each time ([NginxCramMd5]); what stands behind `+` for a literal means nothing;
/// - [#UNAVAILABLE], whichever of Dormouse's texts stands behind it, and [#INTERNAL_ERROR];
/// - at the end, whether the connection still serves.
///
/// The line [#SILENCE] is not said: the client waits for what comes by itself. Behind the answer to STARTTLS TLS begins, if the row comes by
/// it ([#startTls]).
///
/// Text is ISO-8859-1, so that each char is one byte.
///
/// @param says a line each, sent when the one before has been answered; what must go out at once is one
/// @param script the daemon's answers
/// @param takes how long the whole takes at least
record NginxCase(
    String name,
    List<String> says,
    Script script,
    Duration takes,
    Transport transport,
    boolean down,
    @Nullable Difference difference,
    boolean backendDiffers) {
  /// A line that is not said.
  static final String SILENCE = "";

  /// What nginx says before it ends the connection, where the daemon or the backend is of no use.
  static final String INTERNAL_ERROR = "* BAD internal server error";

  /// What Dormouse answers there.
  static final String UNAVAILABLE = "NO [UNAVAILABLE]";

  private static final Difference GOES_ON =
      new Difference(
          "the client may try again", INTERNAL_ERROR, UNAVAILABLE, Where.LAST_AND_GOES_ON);
  private static final int PATIENCE_MILLIS = 20_000;

  /// What the daemon answers.
  interface Script {
    /// @param number of the request in this row, from 1
    AuthDaemon.Answer answer(int number);
  }

  /// How the client comes.
  ///
  /// @param header that a proxy says first; "" for none
  /// @param protocol of TLS; "" for none
  /// @param store a PKCS #12 with the client's key and certificate, password [SelfSigned#PASSWORD]; null for none
  /// @param startTls whether TLS begins by STARTTLS
  private record Transport(
      String header, String protocol, String cipher, @Nullable Path store, boolean startTls) {
    static final Transport PLAIN = new Transport("", "", "", null, false);
  }

  /// What a client hears that is not the same, and why.
  ///
  /// @param where that is, and what is compared beside it
  private record Difference(String why, String fromNginx, String fromDormouse, Where where) {}

  private enum Where {
    /// In the first answer; all that is heard behind it is compared, and whether the connection stays open.
    FIRST,
    /// In the last, where nginx ends the connection and Dormouse does not; all else is compared.
    LAST_AND_GOES_ON,
    /// In the last; the requests are compared as far as both ask.
    LAST
  }

  /// One of the two that are compared.
  record Side(int port, int proxyPort, int tlsPort, AuthDaemon daemon, LoginBackend backend) {}

  /// What was seen of one side.
  private record Seen(
      List<String> heard, boolean open, List<String> requests, List<LoginBackend.Login> logins) {}

  NginxCase(String name, List<String> says, Script script) {
    this(name, says, script, Duration.ZERO, Transport.PLAIN, false, null, false);
  }

  NginxCase takes(Duration time) {
    return new NginxCase(name, says, script, time, transport, down, difference, backendDiffers);
  }

  /// Over TLS.
  NginxCase over(String protocol, String cipher) {
    Transport tls = new Transport("", protocol, cipher, null, false);
    return new NginxCase(name, says, script, takes, tls, down, difference, backendDiffers);
  }

  /// In the clear until it has said STARTTLS.
  NginxCase startTls(String protocol, String cipher) {
    Transport tls = new Transport("", protocol, cipher, null, true);
    return new NginxCase(name, says, script, takes, tls, down, difference, backendDiffers);
  }

  /// Over TLS, with a certificate of its own.
  ///
  /// @param store PKCS #12, password [SelfSigned#PASSWORD]
  NginxCase showing(Path store, String protocol, String cipher) {
    Transport tls = new Transport("", protocol, cipher, store, false);
    return new NginxCase(name, says, script, takes, tls, down, difference, backendDiffers);
  }

  /// Behind a proxy that says this first.
  NginxCase behind(String header) {
    Transport proxied = new Transport(header, "", "", null, false);
    return new NginxCase(name, says, script, takes, proxied, down, difference, backendDiffers);
  }

  /// While the daemon refuses connections.
  NginxCase whileDown() {
    return new NginxCase(name, says, script, takes, transport, true, difference, backendDiffers);
  }

  /// The last that the client hears differs; what the backend sees and whether the connection stays open is not compared then.
  NginxCase differs(String why, String fromNginx, String fromDormouse) {
    assertThat(fromDormouse).isNotEqualTo(fromNginx);
    Difference told = new Difference(why, fromNginx, fromDormouse, Where.LAST);
    return new NginxCase(name, says, script, takes, transport, down, told, true);
  }

  /// The first that the client hears differs; all that it hears behind that is compared, what the backend sees is not.
  NginxCase differsFirst(String why, String fromNginx, String fromDormouse) {
    assertThat(fromDormouse).isNotEqualTo(fromNginx);
    Difference told = new Difference(why, fromNginx, fromDormouse, Where.FIRST);
    return new NginxCase(name, says, script, takes, transport, down, told, true);
  }

  /// Nginx ends the connection behind this answer, Dormouse goes on; all else is compared.
  NginxCase goesOn(String answer) {
    Difference told =
        new Difference("the client may try again", answer, answer, Where.LAST_AND_GOES_ON);
    return new NginxCase(name, says, script, takes, transport, down, told, backendDiffers);
  }

  /// The same where nginx says that it fails, Dormouse that it cannot tell now.
  NginxCase unavailable() {
    assertThat(difference).isNull();
    return new NginxCase(name, says, script, takes, transport, down, GOES_ON, backendDiffers);
  }

  /// Whether nothing differs.
  boolean isAlike() {
    return difference == null && !backendDiffers;
  }

  /// Whether nothing does but what [#unavailable] tells.
  boolean isUnavailable() {
    return GOES_ON.equals(difference) && !backendDiffers;
  }

  /// What the backend sees differs.
  NginxCase backendDiffers(String why) {
    assertThat(why).isNotBlank();
    return new NginxCase(name, says, script, takes, transport, down, difference, true);
  }

  void check(Side nginx, Side dormouse) {
    Seen fromNginx = play(nginx);
    Seen fromDormouse = play(dormouse);
    if (difference == null) {
      assertThat(fromDormouse.requests).isEqualTo(fromNginx.requests);
      assertThat(fromDormouse.heard).isEqualTo(fromNginx.heard);
      assertThat(fromDormouse.open).as("open").isEqualTo(fromNginx.open);
    } else if (difference.where == Where.FIRST) {
      assertThat(fromNginx.heard.getFirst()).isEqualTo(difference.fromNginx);
      assertThat(fromDormouse.heard.getFirst()).isEqualTo(difference.fromDormouse);
      assertThat(behindTheFirst(fromDormouse.heard)).isEqualTo(behindTheFirst(fromNginx.heard));
      assertThat(fromDormouse.open).as("open").isEqualTo(fromNginx.open);
    } else {
      assertThat(fromNginx.heard.getLast()).isEqualTo(difference.fromNginx);
      assertThat(fromDormouse.heard.getLast()).isEqualTo(difference.fromDormouse);
      if (difference.where == Where.LAST_AND_GOES_ON) {
        assertThat(fromDormouse.requests).isEqualTo(fromNginx.requests);
        assertThat(beforeTheLast(fromDormouse.heard)).isEqualTo(beforeTheLast(fromNginx.heard));
        assertThat(fromNginx.open).isFalse();
        assertThat(fromDormouse.open).isTrue();
      } else if (fromDormouse.heard.getLast().equals("closed")) {
        assertThat(fromNginx.requests).startsWith(fromDormouse.requests.toArray(String[]::new));
      } else if (!fromDormouse.requests.isEmpty()) {
        assertThat(fromDormouse.requests).isEqualTo(fromNginx.requests);
      }
    }
    if (!backendDiffers) {
      assertThat(fromDormouse.logins).isEqualTo(fromNginx.logins);
    }
  }

  private static List<String> behindTheFirst(List<String> heard) {
    return heard.subList(1, heard.size());
  }

  private static List<String> beforeTheLast(List<String> heard) {
    return heard.subList(0, heard.size() - 1);
  }

  /// Neither greets the client, nor asks the daemon.
  void checkShutOut(Side nginx, Side dormouse) {
    for (Side each : List.of(nginx, dormouse)) {
      each.daemon.takeRequests();
      assertThat(firstLine(each)).isNotNull().doesNotStartWith("* OK");
      assertThat(each.daemon.takeRequests()).isEmpty();
    }
  }

  /// "" if the connection ends without one.
  private String firstLine(Side side) {
    try (Socket socket = connect(side)) {
      String line = reader(socket).readLine();
      return line == null ? "" : line;
    } catch (SSLException | SocketException e) { // an alert, or a reset behind it
      assertThat(e).isNotInstanceOf(ConnectException.class);
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Seen play(Side side) {
    side.daemon.takeRequests();
    side.backend.takeLogins();
    AtomicInteger asked = new AtomicInteger();
    side.daemon.script(_ -> script.answer(asked.incrementAndGet()));
    if (down) {
      side.daemon.refuse();
    }
    long since = System.nanoTime();
    try (Socket socket = connect(side)) {
      List<String> heard = new ArrayList<>();
      NginxCramMd5 cramMd5 = new NginxCramMd5();
      boolean open = talk(socket, cramMd5, heard);
      assertThat(Duration.ofNanos(System.nanoTime() - since)).isGreaterThanOrEqualTo(takes);
      return new Seen(
          heard,
          open,
          side.daemon.takeRequests().stream()
              .map(request -> cramMd5.without(request.text()))
              .toList(),
          side.backend.takeLogins());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (down) {
        side.daemon.listen();
      }
    }
  }

  private Socket connect(Side side) throws IOException {
    InetAddress here = InetAddress.getLoopbackAddress();
    if (!transport.header.isEmpty()) {
      Socket socket = new Socket(here, side.proxyPort);
      send(socket, transport.header);
      return socket;
    }
    if (transport.protocol.isEmpty() || transport.startTls) {
      return new Socket(here, side.port);
    }
    return secured(new Socket(here, side.tlsPort));
  }

  /// The same in TLS.
  private SSLSocket secured(Socket socket) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys(), InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
      SSLSocket tls =
          (SSLSocket)
              context.getSocketFactory().createSocket(socket, "127.0.0.1", socket.getPort(), true);
      tls.setEnabledProtocols(new String[] {transport.protocol});
      tls.setEnabledCipherSuites(new String[] {transport.cipher});
      return tls;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private KeyManager @Nullable [] keys() throws GeneralSecurityException, IOException {
    if (transport.store == null) {
      return null;
    }
    char[] password = SelfSigned.PASSWORD.toCharArray();
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(KeyStore.getInstance(transport.store.toFile(), password), password);
    return keys.getKeyManagers();
  }

  private static void send(Socket socket, String line) throws IOException {
    socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
  }

  /// Says all, and then NOOP: true if that is answered.
  private boolean talk(Socket plain, NginxCramMd5 cramMd5, List<String> heard) throws IOException {
    Socket socket = plain;
    BufferedReader in = reader(socket);
    assertThat(in.readLine()).startsWith("* OK ");
    String tag = "";
    for (String line : says) {
      if (!line.equals(SILENCE)) {
        if (heard.isEmpty() || !heard.getLast().startsWith("+")) {
          tag = line.substring(0, line.indexOf(' '));
        }
        send(socket, cramMd5.said(line));
      }
      String answer = cramMd5.heard(answer(in, tag));
      heard.add(answer);
      if (answer.equals("closed")) {
        return false;
      }
      if (transport.startTls && answer.equals("OK") && line.matches("(?is)\\w+ STARTTLS\\b.*")) {
        socket = secured(socket);
        in = reader(socket);
      }
    }
    try {
      send(socket, "z NOOP");
      return answer(in, "z").equals("OK");
    } catch (SocketTimeoutException e) {
      throw e; // neither open nor closed
    } catch (IOException _) {
      return false;
    }
  }

  private static BufferedReader reader(Socket socket) throws IOException {
    socket.setSoTimeout(PATIENCE_MILLIS);
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
  }

  private static String answer(BufferedReader in, String tag) throws IOException {
    while (true) {
      String line = in.readLine();
      if (line == null) {
        return "closed";
      }
      if (line.startsWith("+")) {
        boolean challenge = line.matches("\\+ [A-Za-z0-9+/]*=*") && !line.equals("+ OK");
        return challenge ? line : "+ (literal)";
      }
      if (line.equals(INTERNAL_ERROR)) {
        return INTERNAL_ERROR;
      }
      if (line.startsWith(tag + " " + UNAVAILABLE) && line.endsWith(", try again later")) {
        return UNAVAILABLE;
      }
      if (line.startsWith(tag + " ") || line.startsWith("* BAD")) {
        String said = line.substring(line.indexOf(' ') + 1);
        return said.startsWith("OK") || said.startsWith("BAD") ? said.split(" ", 2)[0] : said;
      }
    }
  }
}
