package dormouse.tls.records;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.internal.tcnative.KeyLogCallback;
import io.netty.internal.tcnative.SSLContext;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Hears from BoringSSL the two application traffic secrets and the exporter secret of each handshake that it was told to expect, and keeps them until
/// they are taken. In memory only; nothing is ever written anywhere.
///
/// Any thread.
final class SecretCollector implements KeyLogCallback {
  /// The secrets of one connection; each empty until it is heard. Whoever takes them owns them.
  static final class Secrets {
    private byte[] client = {};
    private byte[] server = {};
    private byte[] exporter = {};

    /// What the client seals with.
    byte[] client() {
      return client;
    }

    /// What the server seals with.
    byte[] server() {
      return server;
    }

    /// What binds a login to the connection (RFC 8446 §7.5).
    byte[] exporter() {
      return exporter;
    }

    boolean fit(Suite suite) {
      return client.length == suite.secretBytes && server.length == suite.secretBytes;
    }

    void wipe() {
      Arrays.fill(client, (byte) 0);
      Arrays.fill(server, (byte) 0);
      Arrays.fill(exporter, (byte) 0);
    }
  }

  private static final byte[] CLIENT_SECRET = "CLIENT_TRAFFIC_SECRET_0 ".getBytes(US_ASCII);
  private static final byte[] SERVER_SECRET = "SERVER_TRAFFIC_SECRET_0 ".getBytes(US_ASCII);
  private static final byte[] EXPORTER_SECRET = "EXPORTER_SECRET ".getBytes(US_ASCII);
  private static final int CLIENT_RANDOM_DIGITS = 64;

  private final Map<Long, Secrets> expected = new ConcurrentHashMap<>();

  /// Listens to all handshakes of a context.
  ///
  /// @throws ReflectiveOperationException if this Netty keeps the native context elsewhere
  void listenTo(ReferenceCountedOpenSslContext context) throws ReflectiveOperationException {
    if (!SSLContext.setKeyLogCallback(NativeContext.of(context), this)) {
      throw new ReflectiveOperationException("no key-log callback in this BoringSSL");
    }
  }

  /// Keeps the secrets of this connection when they come.
  ///
  /// @param ssl BoringSSL's pointer to the connection
  void expect(long ssl) {
    expected.put(ssl, new Secrets());
  }

  /// What was heard of this connection, kept no longer; null if it was not expected.
  @Nullable Secrets take(long ssl) {
    return expected.remove(ssl);
  }

  /// The connection has come to nothing.
  void forget(long ssl) {
    Secrets secrets = expected.remove(ssl);
    if (secrets != null) {
      secrets.wipe();
    }
  }

  /// A line of the key log: label, client random, secret, in hexadecimal digits. On the thread of the handshake; what it throws
  /// BoringSSL would swallow.
  @Override
  public void handle(long ssl, byte[] line) {
    Secrets secrets = expected.get(ssl);
    if (secrets != null) {
      if (startsWith(line, CLIENT_SECRET)) {
        secrets.client = secret(line, CLIENT_SECRET.length);
      } else if (startsWith(line, SERVER_SECRET)) {
        secrets.server = secret(line, SERVER_SECRET.length);
      } else if (startsWith(line, EXPORTER_SECRET)) {
        secrets.exporter = secret(line, EXPORTER_SECRET.length);
      }
    }
    Arrays.fill(line, (byte) 0);
  }

  private static boolean startsWith(byte[] line, byte[] label) {
    return line.length > label.length
        && Arrays.equals(line, 0, label.length, label, 0, label.length);
  }

  private static byte[] secret(byte[] line, int labelBytes) {
    int from = labelBytes + CLIENT_RANDOM_DIGITS + 1;
    byte[] secret = new byte[Math.max(0, line.length - from) / 2];
    for (int i = 0; i < secret.length; i++) {
      secret[i] = (byte) (digit(line[from + 2 * i]) << 4 | digit(line[from + 2 * i + 1]));
    }
    return secret;
  }

  private static int digit(byte b) {
    return Character.digit(b, 16);
  }
}
