package dormouse.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `.mvn/packages.sh`, before a `systemctl` that knows some units.
class PackagesTest {
  @TempDir Path folder = Path.of("");

  @Test
  void whatServesAlreadyIsNotDisabled() throws Exception {
    assertThat(absent("dovecot-lmtpd nginx", "dovecot.service dovecot.socket"))
        .containsExactly("nginx.service");
  }

  @Test
  void whatComesWithAPackageIs() throws Exception {
    assertThat(absent("dovecot-imapd dovecot-lmtpd haproxy", "nginx.service"))
        .containsExactly("dovecot.service", "dovecot.socket", "haproxy.service");
  }

  private List<String> absent(String packages, String units)
      throws IOException, InterruptedException {
    Path systemctl = folder.resolve("systemctl");
    Files.writeString(
        systemctl,
        "#!/bin/sh\ncase \" %s \" in *\" $2 \"*) ;; *) exit 1 ;; esac\n".formatted(units));
    assertThat(systemctl.toFile().setExecutable(true)).isTrue();
    ProcessBuilder shell =
        new ProcessBuilder(
            "bash",
            "-euc",
            "PATH=%s:$PATH; . ../.mvn/packages.sh; absent_services %s".formatted(folder, packages));
    Process process = shell.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said.lines().toList();
  }
}
