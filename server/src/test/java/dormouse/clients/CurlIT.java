package dormouse.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// curl: one command or two a connection, with TLS at once or after STARTTLS.
class CurlIT extends MailProgramStage {
  private String curl(String scheme, String path, String... options) {
    int port = scheme.equals("imaps") ? imapsPort() : startTlsPort();
    List<String> command =
        new ArrayList<>(
            List.of("curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", certificate()));
    command.addAll(List.of("--user", user + ":" + PASSWORD));
    command.addAll(Arrays.asList(options));
    command.add(scheme + "://127.0.0.1:" + port + "/" + path);
    return program.run(command.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"imaps", "imap"})
  void mailboxesAreListed(String scheme) {
    fill("Archive", List.of());
    assertThat(curl(scheme, "").lines())
        .containsExactlyInAnyOrder(
            "* LIST (\\HasNoChildren) \"/\" INBOX", "* LIST (\\HasNoChildren) \"/\" Archive");
  }

  @ParameterizedTest
  @ValueSource(strings = {"imaps", "imap"})
  void messagesComeByteByByte(String scheme) {
    List<String> samples = Mail.samples();
    fill("INBOX", samples);
    for (int uid = 1; uid <= samples.size(); uid++) {
      Path file = program.home().resolve("message" + uid);
      curl(scheme, "INBOX;UID=" + uid, "--output", file.toString());
      assertThat(Mail.read(file)).isEqualTo(samples.get(uid - 1));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"imaps", "imap"})
  void messagesAreAppendedAndFound(String scheme) {
    for (String sample : Mail.samples()) {
      curl(scheme, "INBOX", "--upload-file", program.file("sample", sample).toString());
    }
    assertThat(server("INBOX"))
        .extracting(Mail::unflagged)
        .containsExactlyElementsOf(Mail.fresh(Mail.samples()));

    assertThat(curl(scheme, "INBOX?SUBJECT%20large").strip()).isEqualTo("* SEARCH 5");
    curl(scheme, "INBOX", "--request", "STORE 2 +FLAGS.SILENT (\\Flagged)");
    assertThat(server("INBOX").get(1).flags()).startsWith("F");
  }
}
