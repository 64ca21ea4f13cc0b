package dormouse.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.NamedFiles;
import dormouse.config.Settings;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SummaryTest {
  @Test
  void itSaysWhoComesInWhereAndWhatTheyGet() {
    PrintWriter nobody = new PrintWriter(Writer.nullWriter());
    Request request =
        new Cli(nobody, nobody, Map.of(), NamedFiles::faults)
            .read("--backend", "[::1]:993", "--backend-insecure", "--imaps=127.0.0.1:0");
    Settings settings = ((Request.Serve) request).settings();
    InetSocketAddress bound = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 40001);
    assertThat(Summary.of(settings, List.of(bound)))
        .isEqualTo(
            """
            clients    127.0.0.1:40001 (TLS)
            backends   [::1]:993 (TLS, certificate NOT checked)
            hibernate  after 15s of silence
            metrics    http://127.0.0.1:8080/metrics
            """);
  }
}
