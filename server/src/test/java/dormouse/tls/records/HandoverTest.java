package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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
    if (suite.name().contains("RSA")) {
      server.close();
      server = new EchoServer(true, CertificateBuilder.Algorithm.rsa2048);
    }
    try (SSLSocket client = connect(suite)) {
      assertThat(echoes(client, 1, 100, 16_384, 100_000)).isTrue();
      assertThat(client.getSession().getCipherSuite()).isEqualTo(suite.standardName);
    }
    assertThat(server.carriers).containsExactly(Carrier.OWN);
  }

  @Test
  void whereItIsNotWantedAllStayWithTheirEngines() throws Exception {
    server.close();
    server = new EchoServer(false, CertificateBuilder.Algorithm.ecp256);
    try (SSLSocket client = connect(Suite.AES_128_GCM)) {
      assertThat(echoes(client, 1, 100_000)).isTrue();
    }
    assertThat(server.carriers).containsExactly(Carrier.ENGINE_BY_SETTINGS);
  }

  /// The tickets are drawn out of BoringSSL at the hand-over: whoever has one comes back without a certificate.
  @ParameterizedTest
  @EnumSource(names = {"AES_128_GCM", "ECDHE_ECDSA_AES_128_GCM"})
  void sessionsAreResumed(Suite suite) throws Exception {
    long first;
    try (SSLSocket client = connect(suite)) {
      assertThat(echoes(client, 100)).isTrue();
      first = client.getSession().getCreationTime();
    }
    try (SSLSocket client = connect(suite)) {
      assertThat(echoes(client, 100)).isTrue();
      assertThat(client.getSession().getCreationTime()).isEqualTo(first);
    }
    assertThat(server.carriers).containsExactly(Carrier.OWN, Carrier.OWN);
  }

  /// Its last handshake record and its first data in one segment, cut into pieces of this size.
  @ParameterizedTest
  @CsvSource({
    "TLSv1.3, 1",
    "TLSv1.3, 7",
    "TLSv1.3, 100000",
    "TLSv1.2, 1",
    "TLSv1.2, 7",
    "TLSv1.2, 100000"
  })
  void dataMayComeWithTheLastOfTheHandshake(String version, int pieceBytes) throws Exception {
    try (Socket wire = new Socket(InetAddress.getLoopbackAddress(), server.port());
        SSLSocket client = over(new SlicedSocket(wire, pieceBytes), version)) {
      client.setSoTimeout(PATIENCE_MILLIS);
      client.getOutputStream().write("early\r\n".getBytes(US_ASCII));
      assertThat(new String(client.getInputStream().readNBytes(14), US_ASCII))
          .isEqualTo("hello\r\nearly\r\n");
    }
    assertThat(server.carriers).containsExactly(Carrier.OWN);
  }

  @ParameterizedTest
  @EnumSource(names = {"AES_128_GCM", "ECDHE_ECDSA_AES_128_GCM"})
  void closeNotifyIsAnswered(Suite suite) throws Exception {
    try (SSLSocket client = connect(suite)) {
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

  private SSLSocket connect(Suite suite) throws Exception {
    SSLSocket client =
        (SSLSocket)
            clients
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.port());
    client.setEnabledProtocols(new String[] {suite.ofTls12() ? "TLSv1.2" : "TLSv1.3"});
    client.setEnabledCipherSuites(new String[] {suite.standardName});
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
