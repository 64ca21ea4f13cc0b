package dormouse.directory;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.HotSpotDiagnosticMXBean;
import dormouse.session.HandClock;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.spec.AlgorithmParameterSpec;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.MacSpi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What lies in a cache; what it answers is `DirectoryTest`'s.
class AnswerCacheTest {
  private static final byte MASK = 0x55;

  private final HandClock clock = new HandClock();
  private final AnswerCache cache =
      new AnswerCache(Duration.ofMinutes(1), Duration.ZERO, 10, Set.of(), clock);
  private final AnswerCache.Key accepted = new AnswerCache.Key("accepted");
  private final AnswerCache.Key learnt = new AnswerCache.Key("learnt");

  @TempDir Path directory = Path.of("");

  /// The whole heap of these tests is looked through for it, and it must not lie there for the sake of the test.
  @Test
  void aPasswordForTheBackendLiesInNoClear() throws Exception {
    byte[] hidden = new byte[24];
    new SecureRandom().nextBytes(hidden);
    keep(hidden);

    assertThat(isInHeap(hidden)).isFalse();
    assertThat(cache.get(accepted))
        .isInstanceOfSatisfying(
            Answer.Accept.class,
            accept -> {
              assertThat(accept.facts().host()).isEqualTo("mx9");
              assertThat(accept.facts().pass()).isEqualTo(masked(hidden));
            });
    assertThat(cache.get(learnt))
        .isInstanceOfSatisfying(
            Answer.Learnt.class,
            known -> assertThat(known.facts().pass()).isEqualTo(masked(hidden)));
  }

  private void keep(byte[] hidden) {
    Facts facts = new Facts(Map.of("host", "mx9"), masked(hidden));
    cache.put(accepted, new Answer.Accept(facts));
    cache.put(learnt, new Answer.Learnt("ann", facts));
  }

  @Test
  void itCanBeSeenWhatLiesInClear() throws Exception {
    byte[] hidden = "what is there to be found".getBytes(US_ASCII);
    byte[] clear = masked(hidden);
    assertThat(isInHeap(hidden)).isTrue();
    assertThat(clear).isNotEqualTo(hidden);
  }

  @Test
  void aTokensAnswerIsThatToItsMechanism() {
    Proof token = new Proof.Token("token".getBytes(US_ASCII));
    assertThat(cache.keyOf(Attempts.of("ann", "XOAUTH2", token)))
        .isEqualTo(cache.keyOf(Attempts.of("ann", "XOAUTH2", token)))
        .isNotEqualTo(cache.keyOf(Attempts.of("ann", "OAUTHBEARER", token)));
    Proof password = new Proof.Password("secret".getBytes(US_ASCII));
    assertThat(cache.keyOf(Attempts.of("ann", "LOGIN", password)))
        .isEqualTo(cache.keyOf(Attempts.of("ann", "PLAIN", password)));
  }

  @Test
  void aProviderWhoseMacCannotBeCopiedWillDo() {
    Security.insertProviderAt(new Token(), 1);
    try {
      AnswerCache before =
          new AnswerCache(Duration.ofMinutes(1), Duration.ZERO, 10, Set.of(), clock);
      AnswerCache.Key key = before.keyOf(Attempts.of("ann", "secret"));
      assertThat(key).isNotNull().isEqualTo(before.keyOf(Attempts.of("ann", "secret")));
      assertThat(key).isNotEqualTo(before.keyOf(Attempts.of("ann", "another")));
    } finally {
      Security.removeProvider(Token.NAME);
    }
  }

  /// As one by PKCS #11 may be.
  private static final class Token extends Provider {
    static final String NAME = "token";
    private static final long serialVersionUID = 1;

    Token() {
      super(NAME, "1", "");
      put("Mac.HmacSHA256", Uncopied.class.getName());
    }
  }

  /// It is not [Cloneable].
  public static final class Uncopied extends MacSpi {
    private final Mac real;

    public Uncopied() throws GeneralSecurityException {
      real = Mac.getInstance("HmacSHA256", "SunJCE");
    }

    @Override
    protected int engineGetMacLength() {
      return real.getMacLength();
    }

    @Override
    protected void engineInit(Key key, AlgorithmParameterSpec parameters)
        throws InvalidKeyException {
      real.init(key);
    }

    @Override
    protected void engineUpdate(byte input) {
      real.update(input);
    }

    @Override
    protected void engineUpdate(byte[] input, int offset, int length) {
      real.update(input, offset, length);
    }

    @Override
    protected byte[] engineDoFinal() {
      return real.doFinal();
    }

    @Override
    protected void engineReset() {
      real.reset();
    }
  }

  private static byte[] masked(byte[] bytes) {
    byte[] masked = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      masked[i] = (byte) (bytes[i] ^ MASK);
    }
    return masked;
  }

  /// @param hidden what is looked for, masked
  private boolean isInHeap(byte[] hidden) throws IOException {
    Path dump = directory.resolve("heap.hprof");
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpHeap(dump.toString(), /* live= */ true);
    try (FileChannel file = FileChannel.open(dump)) {
      ByteBuffer heap = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
      for (int at = 0; at + hidden.length <= heap.limit(); at++) {
        int same = 0;
        while (same < hidden.length && heap.get(at + same) == (byte) (hidden[same] ^ MASK)) {
          same++;
        }
        if (same == hidden.length) {
          return true;
        }
      }
      return false;
    }
  }
}
