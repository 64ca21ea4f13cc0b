package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.NamedFiles;
import dormouse.SampleFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The YAML of `docs/nginx.md`, each block by itself: what a part of a file leaves out is added.
class NginxDocsTest {
  private static final Pattern BLOCK = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);
  private static final Pattern FIRST_CELL = Pattern.compile("(?m)^\\|([^|]*)\\|");

  /// All of nginx's mail modules, as nginx.org lists them.
  private static final String DIRECTIVES =
      """
      mail listen server server_name protocol timeout resolver resolver_timeout max_errors error_log
      auth_http auth_http_header auth_http_pass_client_cert auth_http_timeout
      proxy proxy_buffer proxy_pass_error_message proxy_protocol proxy_smtp_auth proxy_timeout xclient set_real_ip_from
      imap_auth imap_capabilities imap_client_buffer pop3_auth pop3_capabilities
      smtp_auth smtp_capabilities smtp_client_buffer smtp_greeting_delay starttls
      ssl ssl_certificate ssl_certificate_compression ssl_certificate_key ssl_ciphers ssl_client_certificate ssl_conf_command ssl_crl ssl_dhparam
      ssl_ecdh_curve ssl_password_file ssl_prefer_server_ciphers ssl_protocols ssl_session_cache ssl_session_ticket_key
      ssl_session_tickets ssl_session_timeout ssl_trusted_certificate ssl_verify_client ssl_verify_depth\
      """;

  @TempDir Path directory = Path.of("");

  @Test
  void everyBlockIsAccepted() throws Exception {
    SampleFiles samples = new SampleFiles(directory);
    samples.write("mail.pem");
    samples.write("mail.key");
    String page = Files.readString(Path.of("..", "docs", "nginx.md"));
    List<String> blocks =
        BLOCK.matcher(page).results().map((MatchResult block) -> block.group(1)).toList();
    assertThat(blocks).hasSizeGreaterThan(3);
    for (String block : blocks) {
      String whole = whole(block).replace("/etc/ssl/", "");
      Path file = Files.writeString(directory.resolve("dormouse.yaml"), whole);
      assertThat(SettingsFile.check(file, NamedFiles::faults))
          .as(whole)
          .isInstanceOf(SettingsRead.Good.class);
    }
  }

  @Test
  void everyDirectiveIsSaidSomethingOf() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "nginx.md"));
    String table =
        page.substring(
            page.indexOf("## Directive by directive"), page.indexOf("### What stands in one"));
    String named =
        FIRST_CELL
            .matcher(table)
            .results()
            .map((MatchResult row) -> row.group(1))
            .collect(Collectors.joining(" "));
    for (String directive : DIRECTIVES.split("\\s+")) {
      String family = directive.replaceFirst("^(pop3|smtp)_.*", "$1_\u2026");
      assertThat(named).containsPattern("[`]" + Pattern.quote(family) + "[` ]");
    }
  }

  /// What `listen` of nginx may be, and `address` not.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "mail.example.org:143",
        "unix:/run/imap",
        "143",
        "*:143",
        "0.0.0.0",
        "[::]",
        "127.0.0.1:143-145"
      })
  void addressesThatAreNotThereAreTold(String address) {
    String file = whole("listen: [ { address: \"" + address + "\" } ]\n");
    assertThat(SettingsFile.parse(file, directory))
        .isInstanceOfSatisfying(
            SettingsRead.Bad.class,
            bad ->
                assertThat(bad.faults().getFirst().text())
                    .startsWith("wanted an address such as 127.0.0.1:993"));
  }

  private static String whole(String block) {
    String listen =
        block.contains("listen:") ? "" : "listen: [ { address: \"127.0.0.1:1143\" } ]\n";
    String backends =
        block.contains("backends:") ? "" : "backends: { mx: { address: mail.example.org } }\n";
    return listen + backends + block;
  }
}
