package dormouse.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// mutt, with a terminal that `script` makes and keys that are pushed.
class MuttIT extends MailProgramStage {
  private void press(String keys) {
    Path rc =
        program.file(
            ".muttrc",
            """
            set imap_user=%2$s imap_pass=%3$s
            set folder=imaps://127.0.0.1:%1$d/ spoolfile=imaps://127.0.0.1:%1$d/INBOX
            set certificate_file=%4$s
            set imap_deflate=yes imap_idle=yes imap_qresync=yes imap_condstore=yes timeout=1
            set confirmappend=no confirmcreate=no delete=yes move=no quit=yes wait_key=no
            set record= postponed= mark_old=no auto_tag=no save_name=no sort=mailbox-order
            """
                .formatted(imapsPort(), user, PASSWORD, certificate()));
    program.run(
        "script",
        "--quiet",
        "--return",
        "--command",
        "mutt -F " + rc + " -e 'push \"" + keys + "\"'",
        program.home().resolve("typescript").toString());
  }

  @AfterEach
  void itCompressed() {
    assertThat(front.metrics().scrape())
        .contains("dormouse_local_answers_total{command=\"compress\"}");
  }

  @Test
  void messagesAreReadFlaggedCopiedAndSaved() {
    fill("INBOX", Mail.samples());

    press(
        "<first-entry><flag-message>"
            + "2<enter><copy-message>=Copies<enter>"
            + "3<enter><save-message>=Saved<enter>"
            + "4<enter><display-message><exit>"
            + "<sync-mailbox><quit>");

    assertThat(server("INBOX"))
        .extracting(Mail::flags)
        .containsExactly("F", "", "S", "", "", "", "");
    assertThat(server("Copies"))
        .extracting(Mail::unflagged)
        .containsExactly(Mail.fresh(Mail.samples()).get(1));
    assertThat(server("Saved"))
        .extracting(Mail::unflagged)
        .containsExactly(Mail.fresh(Mail.samples()).get(2));
  }
}
