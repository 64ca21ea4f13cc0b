package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.CertificateSettings;
import dormouse.config.LimitsSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Protocol;
import dormouse.config.TlsSettings;
import dormouse.listen.ConnectionLimits;
import dormouse.listen.EventLoops;
import dormouse.listen.Listeners;
import dormouse.listen.SecretKeys;
import dormouse.ops.Metrics;
import dormouse.session.Backlog;
import dormouse.session.SessionIds;
import dormouse.tcp.TcpChannel;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import dormouse.testkit.Wait;
import dormouse.tls.BackendTrust;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Clients meet a listener over real sockets: the JDK's TLS, OpenSSL's, several loops.
class LoginIT {
  private static final int IPPROTO_TCP = 6;
  private static final String WRONG = "[AUTHENTICATIONFAILED] Wrong user name or password";

  @TempDir Path dir;

  @Test
  void aDialogueGoesOnWhenItsSessionHasMovedToAnotherLoop() throws Exception {
    try (ListenedStage stage = stage(ListenTls.IMPLICIT, 3)) {
      try (ImapClient client = ImapClient.connect(Endpoint.tls(stage.port()))) {
        for (int i = 0; i < 4; i++) {
          assertThat(client.refused("LOGIN ann {5}\r\nwrong")).isEqualTo("NO " + WRONG);
          client.ok("NOOP");
        }
        assertThat(stage.attempts).containsOnly("ann wrong").hasSize(4);
        client.logout();
      }
    }
  }

  @Test
  void aClientsSocketKeepsItsOptionsWhenItMoves() throws Exception {
    try (ListenedStage stage = stage(ListenTls.NONE, 2)) {
      try (ImapClient client = ImapClient.connect(Endpoint.plain(stage.port()))) {
        client.refused("LOGIN ann wrong");
        Channel channel = stage.channels.element();
        assertThat(stage.acceptedOn).doesNotContain(channel.eventLoop());
        if (channel instanceof TcpChannel tcp) {
          var socket = new io.netty.channel.unix.Socket(tcp.fd());
          assertThat(socket.isTcpNoDelay()).isTrue();
          assertThat(socket.isKeepAlive()).isTrue();
          assertThat(socket.getIntOpt(IPPROTO_TCP, 4)).as("TCP_KEEPIDLE").isEqualTo(300);
          assertThat(socket.getIntOpt(IPPROTO_TCP, 5)).as("TCP_KEEPINTVL").isEqualTo(30);
          assertThat(socket.getIntOpt(IPPROTO_TCP, 6)).as("TCP_KEEPCNT").isEqualTo(4);
          assertThat(socket.getIntOpt(IPPROTO_TCP, 18)).as("TCP_USER_TIMEOUT").isEqualTo(60_000);
        }
        assertThat(channel.config().getWriteBufferWaterMark()).isEqualTo(Backlog.MARK);
      }
    }
  }

  @Test
  void whatIsInjectedBeforeTlsIsNeverExecuted() throws Exception {
    try (ListenedStage stage = stage(ListenTls.STARTTLS, 1)) {
      try (ImapClient client = ImapClient.connect(Endpoint.plain(stage.port()))) {
        client.send("a1 STARTTLS\r\na2 LOGIN mallory secret\r\na3 NOO");
        client.expect("a1 OK Begin TLS now").handshake();
        assertThat(client.command("NOOP")).hasSize(1);
        assertThat(stage.attempts).isEmpty();
        client.refused("LOGIN ann wrong");
        assertThat(stage.attempts).containsExactly("ann wrong");
      }
    }
  }

  @Test
  void everyLoopAccepts() throws Exception {
    try (ListenedStage stage = stage(ListenTls.NONE, 4)) {
      int wanted = stage.loops.epoll() ? 4 : 1;
      List<ImapClient> clients = new ArrayList<>();
      while (stage.acceptedOn.size() < wanted && clients.size() < 500) {
        clients.add(ImapClient.connect(Endpoint.plain(stage.port())));
      }
      clients.forEach(ImapClient::close);
      assertThat(stage.acceptedOn).hasSize(wanted);
    }
  }

  @Test
  void aClosedListenerKeepsTheClientsItHas() throws Exception {
    try (ListenedStage stage = stage(ListenTls.NONE, 2)) {
      try (ImapClient client = ImapClient.connect(Endpoint.plain(stage.port()))) {
        stage.stopListening();
        Wait.until(
            "nobody accepts",
            Duration.ofSeconds(10),
            () -> {
              try (var socket = new Socket(InetAddress.getLoopbackAddress(), stage.port())) {
                return socket.isClosed();
              } catch (IOException refused) {
                return true;
              }
            });
        client.ok("NOOP");
      }
    }
  }

  @Test
  void anAddressThatIsTakenIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertCannotListen((InetSocketAddress) taken.getLocalSocketAddress());
    }
    try (ListenedStage stage = stage(ListenTls.NONE, 2)) {
      assertCannotListen(stage.address());
    }
  }

  // At a start clients come as soon as there is an address, and nobody can serve them yet.
  @Test
  void whoComesBeforeItBeginsWaits() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    AtomicBoolean begun = new AtomicBoolean();
    BlockingQueue<Boolean> served = new LinkedBlockingQueue<>();
    try (EventLoops loops = EventLoops.untimed(2, Clock.systemUTC());
        Listeners listeners =
            listeners(
                loops,
                () -> {
                  served.add(begun.get());
                  return new ChannelHandlerAdapter() {};
                })) {
      listeners.prepare(List.of(new ListenSettings(Protocol.IMAP, any, ListenTls.NONE))).commit();
      int port = listeners.addresses().getFirst().getPort();
      try (Socket client = new Socket(any.getAddress(), port)) {
        for (EventLoop each : loops.all()) {
          each.schedule(() -> {}, 50, TimeUnit.MILLISECONDS).sync(); // it would have been accepted
        }
        begun.set(true);
        listeners.begin();
        assertThat(served.poll(10, TimeUnit.SECONDS)).isTrue();
        assertThat(client.isConnected()).isTrue();
      }
    }
  }

  private static void assertCannotListen(InetSocketAddress address) {
    try (EventLoops loops = EventLoops.untimed(2, Clock.systemUTC());
        Listeners listeners = listeners(loops, () -> new ChannelHandlerAdapter() {})) {
      assertThatThrownBy(() ->
              listeners.prepare(
                  List.of(new ListenSettings(Protocol.IMAP, address, ListenTls.NONE))))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("cannot listen on 127.0.0.1:" + address.getPort() + ": ");
    }
  }

  private static Listeners listeners(EventLoops loops, Supplier<ChannelHandler> dialogue) {
    return new Listeners(
        loops,
        _ -> new ChannelHandlerAdapter() {},
        new SessionIds(),
        new ConnectionLimits(LimitsSettings.DEFAULT, new SecretKeys(), new Metrics()),
        (_, _) -> dialogue.get());
  }

  @Test
  void aByeArrivesThoughTheClientIsStillSending() throws Exception {
    for (ListenTls tls : List.of(ListenTls.NONE, ListenTls.IMPLICIT)) {
      try (ListenedStage stage = stage(tls, 1)) {
        Endpoint endpoint =
            tls == ListenTls.NONE ? Endpoint.plain(stage.port()) : Endpoint.tls(stage.port());
        try (ImapClient client = ImapClient.connect(endpoint)) {
          client.send("x".repeat(200_000));
          assertThat(client.expectClosed()).containsExactly("* BYE Line too long");
        }
      }
    }
  }

  @Test
  void aClientGetsTheCertificateOfTheNameItAsksFor() throws Exception {
    TlsSettings settings =
        new TlsSettings(
            List.of(
                certificate("first.example.org"),
                certificate("second.example.org"),
                certificate("*.wild.example.org")));
    try (ListenedStage stage = new ListenedStage(ListenTls.IMPLICIT, settings, dir, 1)) {
      assertThat(nameShown(stage, "first.example.org")).isEqualTo("CN=first.example.org");
      assertThat(nameShown(stage, "SECOND.example.org")).isEqualTo("CN=second.example.org");
      assertThat(nameShown(stage, "a.wild.example.org")).isEqualTo("CN=*.wild.example.org");
      assertThat(nameShown(stage, "a.b.wild.example.org")).isEqualTo("CN=first.example.org");
      assertThat(nameShown(stage, "other.example.org")).isEqualTo("CN=first.example.org");
      assertThat(nameShown(stage, null)).isEqualTo("CN=first.example.org");
    }
  }

  private static String nameShown(ListenedStage stage, @Nullable String asked) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustAll()}, null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", stage.port())) {
      SSLParameters parameters = socket.getSSLParameters();
      if (asked != null) {
        parameters.setServerNames(List.of(new SNIHostName(asked)));
      }
      socket.setSSLParameters(parameters);
      socket.setSoTimeout(10_000);
      byte[] greeting = new byte[4];
      assertThat(socket.getInputStream().readNBytes(greeting, 0, 4)).isEqualTo(4);
      assertThat(new String(greeting, ISO_8859_1)).isEqualTo("* OK");
      X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      return shown.getSubjectX500Principal().getName();
    }
  }

  @Test
  void openSslGetsThroughByBothWaysAndResumes() throws Exception {
    Path session = dir.resolve("session.pem");
    try (ListenedStage stage = stage(ListenTls.IMPLICIT, 2)) {
      String trust = dir.resolve("tls/self-signed.crt").toString();
      String first =
          openssl(stage.port(), "-sess_out", session.toString(), "-alpn", "imap", "-CAfile", trust);
      assertThat(first)
          .contains("New, TLSv1.3", "ALPN protocol: imap", "Verify return code: 0 (ok)")
          .contains("Dormouse ready", "* BYE Logging out");
      String second = openssl(stage.port(), "-sess_in", session.toString(), "-alpn", "h2");
      assertThat(second).contains("Reused, TLSv1.3", "No ALPN negotiated", "* BYE Logging out");
      String older = openssl(stage.port(), "-tls1_2");
      assertThat(older).contains("New, TLSv1.2").containsPattern("GCM|CHACHA20");
      assertThat(openssl(stage.port(), "-tls1_1")).doesNotContain("Dormouse ready");
      assertThat(openssl(stage.port(), "-tls1_2", "-cipher", "AES128-SHA:ECDHE-ECDSA-AES128-SHA"))
          .doesNotContain("Dormouse ready");
    }
    try (ListenedStage stage = stage(ListenTls.STARTTLS, 2)) {
      assertThat(openssl(stage.port(), "-starttls", "imap"))
          .contains("New, TLSv1.3", "* BYE Logging out");
    }
  }

  /// What `openssl s_client` prints while it says LOGOUT.
  private static String openssl(int port, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("openssl", "s_client", "-connect", "127.0.0.1:" + port, "-ign_eof", "-crlf"));
    command.addAll(List.of(options));
    return run(command, "a1 LOGOUT\n");
  }

  private static String run(List<String> command, String input) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream out = process.getInputStream()) {
      try (var in = process.getOutputStream()) {
        in.write(input.getBytes(ISO_8859_1));
      } catch (IOException ended) {
        // its output says why
      }
      return new String(out.readAllBytes(), ISO_8859_1);
    } finally {
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aBackendIsTrustedByNameUnlessTheOperatorSaysOtherwise() throws Exception {
    try (ListenedStage stage = stage(ListenTls.IMPLICIT, 1)) {
      Path own = dir.resolve("tls/self-signed.crt");
      assertThat(handshake(stage, trust(true, own), "localhost")).isNull();
      assertThat(handshake(stage, trust(true, own), "127.0.0.1")).isNull();
      assertThat(handshake(stage, trust(true, own), "mail.example.org")).isNotNull();
      assertThat(handshake(stage, trust(true, null), "localhost")).isNotNull();
      assertThat(handshake(stage, trust(false, null), "mail.example.org")).isNull();
    }
  }

  private static BackendTrust trust(boolean verify, @Nullable Path ca) throws Exception {
    return BackendTrust.load(
        "mx1", BackendSettings.to("localhost", 993, BackendTls.TLS).withVerify(verify).withCa(ca));
  }

  private static @Nullable Throwable handshake(
      ListenedStage stage, BackendTrust trust, String host) {
    try (trust) {
      List<SslHandler> made = new ArrayList<>();
      Bootstrap bootstrap =
          new Bootstrap()
              .group(stage.loops.all().getFirst())
              .channel(stage.loops.epoll() ? EpollSocketChannel.class : NioSocketChannel.class)
              .handler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      SslHandler tls = trust.newHandler(channel.alloc(), host, stage.port());
                      channel.pipeline().addLast(tls);
                      made.add(tls);
                    }
                  });
      Channel channel =
          bootstrap.connect("127.0.0.1", stage.port()).syncUninterruptibly().channel();
      var handshake = made.getFirst().handshakeFuture().awaitUninterruptibly();
      channel.close().syncUninterruptibly();
      return handshake.cause();
    }
  }

  private ListenedStage stage(ListenTls tls, int loops) throws Exception {
    return new ListenedStage(tls, TlsSettings.DEFAULT, dir, loops);
  }

  private CertificateSettings certificate(String name) throws Exception {
    Path certificate = Files.createTempFile(dir, "made", ".crt");
    Path key = Files.createTempFile(dir, "made", ".key");
    run(
        List.of(
            ("openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256"
                    + (" -subj /CN=" + name + " -addext subjectAltName=DNS:" + name)
                    + (" -out " + certificate + " -keyout " + key))
                .split(" ")),
        "");
    return new CertificateSettings(certificate, key);
  }

  /// The test looks at the certificate itself.
  private static final class TrustAll implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
