package dormouse.directory.password;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What Dovecot and OpenSSL make of passwords is read as they mean it.
class StoredPasswordIT {
  private static final List<String> PASSWORDS =
      List.of(
          "s",
          "Pässwort 1",
          "p".repeat(15),
          "16 characters is",
          "a longer one of 63 ".repeat(3),
          "$6$'\"");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ARGON2ID",
        "ARGON2I",
        "BLF-CRYPT",
        "CRYPT",
        "SHA512-CRYPT",
        "SHA256-CRYPT",
        "SCRAM-SHA-256",
        "PLAIN",
        "SHA1",
        "SSHA",
        "SHA256",
        "SSHA256",
        "SHA512",
        "SSHA512"
      })
  void doveadm(String scheme) throws Exception {
    for (String password : PASSWORDS) {
      check(password, run("doveadm", "pw", "-s", scheme, "-p", password));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-5", "-6"})
  void openssl(String scheme) throws Exception {
    for (String password : PASSWORDS) {
      check(password, run("openssl", "passwd", scheme, password));
    }
    check("secret", run("openssl", "passwd", scheme, "-salt", "rounds=1234$salt", "secret"));
  }

  private static void check(String password, String stored) {
    StoredPassword parsed = StoredPassword.parse(stored, "PLAIN");
    assertThat(parsed.matches(password.getBytes(UTF_8))).as(stored).isTrue();
    assertThat(parsed.matches((password + " ").getBytes(UTF_8))).as(stored).isFalse();
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out =
        new String(process.getInputStream().readAllBytes(), UTF_8).replaceFirst("\\R\\z", "");
    assertThat(process.waitFor()).as(out).isZero();
    return out;
  }
}
