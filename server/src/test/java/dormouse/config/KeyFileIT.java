package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Keys under pass phrases as the real OpenSSL writes them, and what `check` says of them.
final class KeyFileIT extends SettingsFileCase {
  private static final String PHRASE = "Schlüssel 1: %#";

  private byte[] clear = new byte[0];
  private byte[] own = new byte[0];

  @BeforeEach
  void aKey() throws Exception {
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out clear");
    openssl("ec -in clear -out own");
    Files.writeString(directory.resolve("phrase"), PHRASE);
    clear = KeyFile.read(directory.resolve("clear"), null).der();
    own = KeyFile.read(directory.resolve("own"), null).der();
    phrases("another", PHRASE, "a third");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // OpenSSL's default
        "-v2 aes-128-cbc",
        "-v2 aes-192-cbc -v2prf hmacWithSHA1",
        "-v2 aes-256-cbc -v2prf hmacWithSHA224 -iter 1",
        "-v2 aes256 -v2prf hmacWithSHA384",
        "-v2 aes256 -v2prf hmacWithSHA512 -iter 100000",
        "-v2 des3",
        "-scrypt",
        "-scrypt -v2 aes-128-cbc -scrypt_N 1024 -scrypt_r 4 -scrypt_p 3",
      })
  void pkcs8IsOpened(String how) throws Exception {
    openssl("pkcs8 -topk8 -in clear -out key -passout file:phrase " + how);
    KeyFile.Clear read = KeyFile.read(directory.resolve("key"), directory.resolve("phrases"));
    assertThat(read.pkcs8()).isTrue();
    assertThat(read.der()).isEqualTo(clear);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-aes128", "-aes192", "-aes256", "-des3"})
  void soIsTheOlderForm(String how) throws Exception {
    openssl("ec -in clear -out key -passout file:phrase " + how);
    assertThat(directory.resolve("key")).content().contains("Proc-Type: 4,ENCRYPTED");
    KeyFile.Clear read = KeyFile.read(directory.resolve("key"), directory.resolve("phrases"));
    assertThat(read.pkcs8()).isFalse();
    assertThat(read.der()).isEqualTo(own);
  }

  @Test
  void whatIsNotReadIsTold() throws Exception {
    String anew =
        ", which is not known here; write it anew with: openssl pkcs8 -topk8 -in FILE -out NEW";
    openssl("pkcs8 -topk8 -in clear -out key -passout file:phrase -v1 PBE-SHA1-3DES");
    isRefused("the key in %s is encrypted by 1.2.840.113549.1.12.1.3" + anew);
    openssl("pkcs8 -topk8 -in clear -out key -passout file:phrase -v2 camellia-256-cbc");
    isRefused("the key in %s is encrypted by 1.2.392.200011.61.1.1.1.4" + anew);
    openssl("ec -in clear -out key -passout file:phrase -camellia256");
    isRefused("the key in %s is encrypted by CAMELLIA-256-CBC" + anew);
  }

  @Test
  void noPhraseOfManyWrongOnesOpensIt() throws Exception {
    openssl("ec -in clear -out key -passout file:phrase -aes256");
    String pem = Files.readString(directory.resolve("key"));
    String info = pem.replaceAll("(?s).*DEK-Info: ([^\n]*)\n.*", "$1");
    String body = pem.replaceAll("(?s).*DEK-Info: [^\n]*\n|-----END.*", "");
    EncryptedKey key =
        EncryptedKey.traditional(info, java.util.Base64.getMimeDecoder().decode(body));
    assertThat(key.open(PHRASE.getBytes(StandardCharsets.UTF_8))).isEqualTo(own);
    for (int i = 0; i < 2000; i++) { // some eight of them pad well
      assertThat(key.open(("wrong" + i).getBytes(StandardCharsets.UTF_8))).isNull();
    }
  }

  @Test
  void checkTellsOfAKeyThatNoPhraseOpens() throws Exception {
    openssl("pkcs8 -topk8 -in clear -out mail.key -passout file:phrase");
    openssl("req -x509 -new -key clear -subj /CN=mail -out mail.pem");
    mode("mail.key", "rw-------");
    assertThat(faults(SMALLEST + tls("")))
        .containsExactly(
            "5:7: tls.certificates[0].key: wanted a key in clear, or a file of pass phrases beside it, but the one in "
                + directory.resolve("mail.key")
                + " is encrypted");
    String phrases = tls(", passphrase-file: phrases");
    assertThat(warnings(SMALLEST + phrases)).isEmpty();
    phrases("wrong", "also-wrong");
    assertThat(faults(SMALLEST + phrases))
        .containsExactly(
            "5:22: tls.certificates[0].passphrase-file: no pass phrase in "
                + directory.resolve("phrases")
                + " opens the key in "
                + directory.resolve("mail.key"));
    phrases("", "");
    assertThat(faults(SMALLEST + phrases))
        .containsExactly(
            "5:22: tls.certificates[0].passphrase-file: there is no pass phrase in "
                + directory.resolve("phrases"));
    phrases("x\n".repeat(17));
    assertThat(faults(SMALLEST + phrases))
        .singleElement()
        .asString()
        .contains("wanted at most 16 pass phrases, but there are 17 in ");
    assertThat(faults(SMALLEST + tls(", passphrase-file: nowhere")))
        .containsExactly(
            "5:22: tls.certificates[0].passphrase-file: there is no file "
                + directory.resolve("nowhere"));
  }

  @Test
  void soItDoesOfABackendsKey() throws Exception {
    openssl("pkcs8 -topk8 -in clear -out mail.key -passout file:phrase");
    String settings =
        """
        listen: [ { address: "0.0.0.0:993" } ]
        backends: { mx: { address: mx, client-certificate: mail.pem, client-key: mail.key, client-passphrase-file: phrases } }
        """;
    assertThat(good(settings).backends().get("mx"))
        .extracting("clientPassphraseFile")
        .isEqualTo(directory.resolve("phrases"));
    phrases("wrong");
    assertThat(faults(settings))
        .singleElement()
        .asString()
        .startsWith("2:84: backends.mx.client-passphrase-file: no pass phrase in ");
    assertThat(
            faults(
                """
                listen: [ { address: "0.0.0.0:993" } ]
                backends: { mx: { address: mx, client-passphrase-file: phrases } }
                """))
        .containsExactly(
            "2:32: backends.mx.client-passphrase-file: wanted a `client-key`, which it opens");
  }

  @Test
  void aLongKeyIsRead() throws IOException {
    for (String headers : List.of("", "X-Note: none\n\n")) {
      Files.writeString(
          directory.resolve("long"),
          "-----BEGIN RSA PRIVATE KEY-----\n"
              + headers
              + ("A".repeat(64) + "\n").repeat(2000)
              + "-----END RSA PRIVATE KEY-----\n");
      assertThat(KeyFile.read(directory.resolve("long"), null).der()).hasSize(96_000);
    }
  }

  /// A key in clear beside pass phrases is as in nginx: they are not needed.
  @Test
  void aKeyInClearNeedsNone() throws Exception {
    assertThat(KeyFile.read(directory.resolve("clear"), directory.resolve("phrases")).der())
        .isEqualTo(clear);
  }

  private void isRefused(String why) {
    Path key = directory.resolve("key");
    assertThatThrownBy(() -> KeyFile.read(key, directory.resolve("phrases")))
        .isInstanceOf(IOException.class)
        .hasMessage(why.replace("%s", key.toString()));
  }

  private static String tls(String more) {
    return """
    tls:
      certificates:
      - { key: mail.key%s, certificate: mail.pem }
    """
        .formatted(more);
  }

  private void phrases(String... lines) throws IOException {
    Files.write(directory.resolve("phrases"), List.of(lines));
    mode("phrases", "rw-------");
  }

  private void openssl(String arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(Arrays.asList(arguments.strip().split(" ")));
    Path log = directory.resolve("log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    process.getOutputStream().close();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(command + "\n" + Files.readString(log)).isZero();
  }
}
