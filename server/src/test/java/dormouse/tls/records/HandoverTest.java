package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Real handshakes with the JDK's client.
class HandoverTest {
  private static final int PATIENCE_MILLIS = 20_000;

  private EchoServer server;
  private SSLContext clients;

  @BeforeEach
  void start() throws Exception {
    server = new EchoServer();
    clients = SSLContext.getInstance("TLS");
    clients.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @EnumSource
  void everySuiteIsTakenOver(Suite suite) throws Exception {
    try (SSLSocket client = connect("TLSv1.3", suite.standardName)) {
      assertThat(echoes(client, 1, 100, 16_384, 100_000)).isTrue();
      assertThat(client.getSession().getCipherSuite()).isEqualTo(suite.standardName);
    }
    assertThat(server.carriers).containsExactly(Carrier.OWN);
  }

  @Test
  void tls12StaysWithItsEngine() throws Exception {
    try (SSLSocket client = connect("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")) {
      assertThat(echoes(client, 1, 100_000)).isTrue();
    }
    assertThat(server.carriers).containsExactly(Carrier.ENGINE_TLS_1_2);
  }

  @Test
  void whereItIsNotWantedAllStayWithTheirEngines() throws Exception {
    server.close();
    server = new EchoServer(false);
    try (SSLSocket client = connect("TLSv1.3", Suite.AES_128_GCM.standardName)) {
      assertThat(echoes(client, 1, 100_000)).isTrue();
    }
    assertThat(server.carriers).containsExactly(Carrier.ENGINE_BY_SETTINGS);
  }

  /// The tickets are drawn out of BoringSSL at the hand-over: whoever has one comes back without a certificate.
  @Test
  void sessionsAreResumed() throws Exception {
    long first;
    try (SSLSocket client = connect("TLSv1.3", Suite.AES_128_GCM.standardName)) {
      assertThat(echoes(client, 100)).isTrue();
      first = client.getSession().getCreationTime();
    }
    try (SSLSocket client = connect("TLSv1.3", Suite.AES_128_GCM.standardName)) {
      assertThat(echoes(client, 100)).isTrue();
      assertThat(client.getSession().getCreationTime()).isEqualTo(first);
    }
    assertThat(server.carriers).containsExactly(Carrier.OWN, Carrier.OWN);
  }

  /// Its last handshake record and its first data in one segment, cut into pieces of this size.
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100_000})
  void dataMayComeWithTheLastOfTheHandshake(int pieceBytes) throws Exception {
    try (Socket wire = new Socket(InetAddress.getLoopbackAddress(), server.port());
        SSLSocket client = over(new SlicedSocket(wire, pieceBytes), "TLSv1.3")) {
      client.setSoTimeout(PATIENCE_MILLIS);
      client.getOutputStream().write("early\r\n".getBytes(US_ASCII));
      assertThat(new String(client.getInputStream().readNBytes(14), US_ASCII))
          .isEqualTo("hello\r\nearly\r\n");
    }
    assertThat(server.carriers).containsExactly(Carrier.OWN);
  }

  @Test
  void closeNotifyIsAnswered() throws Exception {
    try (SSLSocket client = connect("TLSv1.3", Suite.AES_128_GCM.standardName)) {
      assertThat(echoes(client, 10)).isTrue();
      client.shutdownOutput();
      assertThat(client.getInputStream().read()).isEqualTo(-1); // a bare FIN would be an exception
    }
  }

  @Test
  void plainTextGetsAnAlertAndTheEnd() throws Exception {
    try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      plain.setSoTimeout(PATIENCE_MILLIS);
      plain.getOutputStream().write("a LOGIN ann secret\r\n".getBytes(US_ASCII));
      byte[] answer = plain.getInputStream().readAllBytes();
      assertThat(new String(answer, US_ASCII)).doesNotContain("hello");
    }
    assertThat(server.carriers).isEmpty();
  }

  private SSLSocket connect(String version, String suite) throws Exception {
    SSLSocket client =
        (SSLSocket)
            clients
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.port());
    client.setEnabledProtocols(new String[] {version});
    client.setEnabledCipherSuites(new String[] {suite});
    client.setSoTimeout(PATIENCE_MILLIS);
    assertThat(new String(client.getInputStream().readNBytes(7), US_ASCII)).isEqualTo("hello\r\n");
    return client;
  }

  private SSLSocket over(Socket wire, String version) throws Exception {
    SSLSocket client =
        (SSLSocket) clients.getSocketFactory().createSocket(wire, "localhost", server.port(), true);
    client.setEnabledProtocols(new String[] {version});
    return client;
  }

  private static boolean echoes(SSLSocket client, int... sizes) throws Exception {
    Random random = new Random(7);
    OutputStream out = client.getOutputStream();
    InputStream in = client.getInputStream();
    for (int size : sizes) {
      byte[] sent = new byte[size];
      random.nextBytes(sent);
      Thread sending =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  out.write(sent);
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      if (!java.util.Arrays.equals(in.readNBytes(size), sent)) {
        return false;
      }
      sending.join();
    }
    return true;
  }
}
