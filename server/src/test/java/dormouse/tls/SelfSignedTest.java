package dormouse.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.CertificateSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelfSignedTest {
  private final InstantSource clock = InstantSource.fixed(Instant.now());

  @TempDir Path dir;

  enum Damage {
    EMPTY,
    NO_KEY,
    CUT_OFF,
    ANOTHERS;

    void doTo(Path key, Path elsewhere, InstantSource clock) throws IOException {
      String whole = Files.readString(key);
      Files.writeString(
          key,
          switch (this) {
            case EMPTY -> "";
            case NO_KEY -> whole.replaceAll("(?m)^M.{20}", "AAAAAAAAAAAAAAAAAAAAA");
            case CUT_OFF -> whole.substring(0, whole.length() / 2);
            case ANOTHERS -> Files.readString(SelfSigned.in(elsewhere, clock).key());
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void aKeyOfNoUseIsMadeAnewWithItsCertificate(Damage damage) throws Exception {
    CertificateSettings files = SelfSigned.in(dir, clock);
    byte[] before = Files.readAllBytes(files.certificate());
    damage.doTo(files.key(), dir.resolve("elsewhere"), clock);
    assertThat(SelfSigned.in(dir, clock)).isEqualTo(files);
    assertThat(Files.readAllBytes(files.certificate())).isNotEqualTo(before);
    assertThat(Files.getPosixFilePermissions(files.key()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    byte[] healed = Files.readAllBytes(files.key());
    assertThat(
            PemFiles.key(files.key(), null, PemFiles.certificates(files.certificate()).getFirst()))
        .isNotNull();
    SelfSigned.in(dir, clock);
    assertThat(files.key()).hasBinaryContent(healed);
  }

  /// As without a descriptor, which one of a busy machine can be for a moment.
  @ParameterizedTest
  @ValueSource(strings = {"self-signed.crt", "self-signed.key"})
  void oneThatCannotBeReadIsNotReplaced(String name) throws Exception {
    CertificateSettings files = SelfSigned.in(dir, clock);
    Path unreadable = dir.resolve("tls").resolve(name);
    Path other = unreadable.equals(files.key()) ? files.certificate() : files.key();
    byte[] before = Files.readAllBytes(other);
    Files.delete(unreadable);
    Files.createDirectory(unreadable);
    assertThat(SelfSigned.in(dir, clock)).isEqualTo(files);
    assertThat(other).hasBinaryContent(before);
    assertThat(unreadable).isEmptyDirectory();
  }

  /// Read twice, it may be readable once and not the other time. A pipe gives what is written into it once.
  @ParameterizedTest
  @ValueSource(strings = {"self-signed.crt", "self-signed.key"})
  void eachFileIsReadOnce(String name) throws Exception {
    CertificateSettings files = SelfSigned.in(dir, clock);
    Path once = dir.resolve("tls").resolve(name);
    byte[] whole = Files.readAllBytes(once);
    Files.delete(once);
    assertThat(new ProcessBuilder("mkfifo", once.toString()).start().waitFor()).isZero();
    FutureTask<CertificateSettings> again = new FutureTask<>(() -> SelfSigned.in(dir, clock));
    Thread.ofPlatform().daemon().start(again);
    Files.write(once, whole);
    assertThat(again).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(files);
    assertThat(Files.isRegularFile(once)).isFalse();
  }

  /// It is no more than a name that says whose the files are.
  @Test
  void whatSomebodyElseHasPutThereIsNotReplaced() throws Exception {
    dormouse.testkit.SelfSigned anothers = dormouse.testkit.SelfSigned.in(dir);
    Path tls = Files.createDirectory(dir.resolve("tls"));
    Path certificate = Files.copy(anothers.certificate(), tls.resolve("self-signed.crt"));
    Path key = Files.writeString(tls.resolve("self-signed.key"), "not yet there");
    SelfSigned.in(dir, clock);
    assertThat(certificate).hasSameBinaryContentAs(anothers.certificate());
    assertThat(key).hasContent("not yet there");
  }
}
