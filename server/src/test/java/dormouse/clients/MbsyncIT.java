package dormouse.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// isync 1.4: pipelines its commands, looks after both sides at once, and compresses where that is offered.
class MbsyncIT extends MailProgramStage {
  private Path mail;
  private Path rc;

  @BeforeEach
  void configure() throws IOException {
    mail = Files.createDirectory(program.home().resolve("mail"));
    rc =
        program.file(
            ".mbsyncrc",
            """
            IMAPAccount dormouse
            Host localhost
            Port %1$d
            User %2$s
            Pass %3$s
            SSLType IMAPS
            CertificateFile %4$s

            IMAPStore far
            Account dormouse

            MaildirStore near
            Path %5$s/
            Inbox %5$s/INBOX
            SubFolders Verbatim

            Channel all
            Far :far:
            Near :near:
            Patterns *
            Create Both
            Expunge Both
            SyncState *
            """
                .formatted(imapsPort(), user, PASSWORD, certificate(), mail));
  }

  private void sync() {
    program.run("mbsync", "-c", rc.toString(), "-a");
    assertThat(front.metrics().scrape())
        .contains("dormouse_local_answers_total{command=\"compress\"}");
  }

  @Test
  void everythingComesAsItIs() {
    fill("INBOX", Mail.samples());
    fill("Archive", List.of(Mail.message("old", "Hello\r\n")));

    sync();

    assertBothSidesHold("INBOX", 8);
    assertBothSidesHold("Archive", 1);
  }

  @Test
  void changesGoBothWays() throws IOException {
    fill("INBOX", Mail.samples());
    sync();
    changeNear();
    changeFar();

    sync();

    assertBothSidesHold("INBOX", 8);
    assertThat(server("INBOX"))
        .extracting(Mail::flags)
        .containsExactlyInAnyOrder("", "", "", "", "", "FS", "R", "");
    assertBothSidesHold("Work", 1);
  }

  /// One message is read and flagged, one deleted, one written, and one put into a new mailbox.
  private void changeNear() throws IOException {
    List<Path> files = Mail.filesOf(mail.resolve("INBOX"));
    mark(files.get(0), "FS");
    mark(files.get(1), "T");
    program.file("mail/INBOX/new/1.1.here", Mail.message("near", "Written here\r\n"));
    for (String part : List.of("cur", "tmp")) {
      Files.createDirectories(mail.resolve("Work").resolve(part));
    }
    program.file("mail/Work/new/1.2.here", Mail.message("work", "Written here\r\n"));
  }

  private static void mark(Path file, String flags) throws IOException {
    String name = String.valueOf(file.getFileName());
    int info = name.indexOf(":2,");
    String unmarked = info < 0 ? name : name.substring(0, info);
    Path current = file.resolveSibling("../cur/" + unmarked + ":2," + flags).normalize();
    Files.move(file, current);
  }

  /// One message is answered, one expunged, one delivered.
  private void changeFar() {
    List<Path> files = Mail.filesOf(mail.resolve("INBOX"));
    String answered = uidOf(files.get(files.size() - 1));
    String expunged = uidOf(files.get(files.size() - 2));
    try (ImapClient client = dovecot.client(user)) {
      client.ok("SELECT INBOX");
      client.ok("UID STORE " + answered + " +FLAGS (\\Answered)");
      client.ok("UID STORE " + expunged + " +FLAGS (\\Deleted)");
      client.ok("UID EXPUNGE " + expunged);
    }
    dovecot.deliver(user, Mail.message("far", "Delivered there\r\n"));
  }

  /// The far UID that mbsync wrote into a file's name.
  private static String uidOf(Path file) {
    return String.valueOf(file.getFileName()).replaceFirst(".*,U=(\\d+).*", "$1");
  }

  private void assertBothSidesHold(String mailbox, int messages) {
    List<Mail> there = server(mailbox);
    assertThat(there).hasSize(messages);
    assertThat(Mail.inMaildir(mail.resolve(mailbox))).containsExactlyInAnyOrderElementsOf(there);
  }
}
