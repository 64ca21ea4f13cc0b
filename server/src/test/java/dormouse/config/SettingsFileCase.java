package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// What tests of a settings file have in common: files that it may name, and what was read.
abstract class SettingsFileCase {
  static final String SMALLEST =
      """
      listen: [ { address: "0.0.0.0:993" } ]
      backends: { mx: { address: mail.example.org } }
      """;

  static final String KINDS = "backend, http, file, sql, ldap, oauth2, rewrite, map";

  @TempDir Path directory = Path.of("");

  @BeforeEach
  void theFilesAreThere() throws IOException {
    Files.writeString(directory.resolve("mail.pem"), "");
    Files.writeString(directory.resolve("mail.key"), "");
    Files.writeString(directory.resolve("ticket-keys"), "A".repeat(64) + "\n");
    mode("ticket-keys", "rw-------");
    Files.writeString(directory.resolve("master.secret"), "secret\n");
    mode("master.secret", "rw-------");
    mode("mail.key", "rw-------");
  }

  final Settings good(String text) {
    SettingsRead read = SettingsFile.parse(text, directory);
    assertThat(read).isInstanceOf(SettingsRead.Good.class);
    return ((SettingsRead.Good) read).settings();
  }

  final List<String> warnings(String text) {
    SettingsRead read = SettingsFile.parse(text, directory);
    assertThat(read).isInstanceOf(SettingsRead.Good.class);
    return ((SettingsRead.Good) read).warnings().stream().map(Fault::toString).toList();
  }

  final List<String> faults(String text) {
    return told(SettingsFile.parse(text, directory));
  }

  static List<String> faultsOf(Path file) {
    return told(SettingsFile.read(file));
  }

  static List<String> told(SettingsRead read) {
    assertThat(read).isInstanceOf(SettingsRead.Bad.class);
    return ((SettingsRead.Bad) read).faults().stream().map(Fault::toString).toList();
  }

  static void differsInEveryKey(Object settings, Object defaults, String... except) {
    for (RecordComponent component : settings.getClass().getRecordComponents()) {
      if (!List.of(except).contains(component.getName())) {
        assertThat(RecordKey.value(component, settings))
            .as(component.toString())
            .isNotEqualTo(RecordKey.value(component, defaults));
      }
    }
  }

  final void mode(String file, String mode) throws IOException {
    Files.setPosixFilePermissions(directory.resolve(file), PosixFilePermissions.fromString(mode));
  }

  static InetSocketAddress at(String ip, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
  }
}
