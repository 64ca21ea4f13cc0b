package dormouse.tls;

import dormouse.config.TicketKeyFile;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLException;

/// The keys that clients' session tickets are made and read with (RFC 5077 §4, RFC 8446 §4.6.1): out of a file, or if there is none of our own, of
/// which a new one comes each day. All certificates and event loops have the same, and a reload keeps them. They are as secret as a certificate's
/// key: who has one reads what TLS 1.2 says in sessions that were resumed by its tickets.
///
/// Any thread.
final class TicketKeys {
  /// BoringSSL's tickets are good for two days; so are the keys before the newest.
  private static final Duration EVERY = Duration.ofDays(1);

  private static final int KEPT = 3;

  private final InstantSource clock;
  private final List<OpenSslSessionTicketKey> own = new ArrayList<>(KEPT); // the newest first
  private volatile Instant next = Instant.MIN;

  TicketKeys(InstantSource clock) {
    this.clock = clock;
  }

  /// Those of a file. Blocks.
  static List<OpenSslSessionTicketKey> of(Path file) throws PemFiles.BadFile {
    try {
      List<byte[]> read = TicketKeyFile.read(file);
      List<OpenSslSessionTicketKey> keys = read.stream().map(TicketKeys::key).toList();
      read.forEach(key -> Arrays.fill(key, (byte) 0));
      return keys;
    } catch (IOException e) {
      throw new PemFiles.BadFile(String.valueOf(e.getMessage()));
    }
  }

  /// Our own, the newest first.
  synchronized List<OpenSslSessionTicketKey> own() {
    Instant now = clock.instant();
    if (!now.isBefore(next)) {
      next = now.plus(EVERY);
      byte[] made = new byte[TicketKeyFile.KEY_BYTES];
      new SecureRandom().nextBytes(made);
      own.addFirst(key(made));
      Arrays.fill(made, (byte) 0);
      while (own.size() > KEPT) {
        own.removeLast();
      }
    }
    return List.copyOf(own);
  }

  /// Whether [#own] would have a new one.
  boolean isDue() {
    return !clock.instant().isBefore(next);
  }

  /// From now on this context makes tickets with the first of these keys, and reads those of all; nothing happens to one that is not BoringSSL's.
  static void use(SslContext context, List<OpenSslSessionTicketKey> keys) {
    if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
      ReferenceCountUtil.retain(context);
      sessions.setTicketKeys(keys.toArray(OpenSslSessionTicketKey[]::new));
      ReferenceCountUtil.release(context);
    }
  }

  /// Lets this context take only tickets of contexts with the same certificate, that asked of their clients what it asks of its own: else an old
  /// ticket would be a way around a certificate that is wanted now, and who has one would not see the server's new one.
  ///
  /// @param clients what it asks of them
  static void bind(SslContext context, X509Certificate ours, ClientTrust clients)
      throws SSLException {
    if (!(context.sessionContext() instanceof OpenSslServerSessionContext sessions)) {
      return;
    }
    try {
      MessageDigest asked = MessageDigest.getInstance("SHA-256");
      asked.update(ours.getEncoded());
      clients.update(asked);
      if (!sessions.setSessionIdContext(asked.digest())) {
        throw new SSLException("BoringSSL does not tell tickets apart");
      }
    } catch (GeneralSecurityException e) {
      throw new SSLException(e); // every JDK has it
    }
  }

  private static OpenSslSessionTicketKey key(byte[] bytes) {
    int name = TicketKeyFile.NAME_BYTES;
    int sign = name + OpenSslSessionTicketKey.HMAC_KEY_SIZE;
    return new OpenSslSessionTicketKey(
        Arrays.copyOf(bytes, name),
        Arrays.copyOfRange(bytes, name, sign),
        Arrays.copyOfRange(bytes, sign, bytes.length));
  }
}
