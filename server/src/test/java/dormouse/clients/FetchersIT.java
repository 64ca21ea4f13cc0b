package dormouse.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Programs that carry mail away: getmail and OfflineIMAP.
class FetchersIT extends MailProgramStage {
  @Test
  void getmailTakesAllAndDeletes() throws IOException {
    fill("INBOX", Mail.samples());
    fill("Archive", List.of(Mail.message("old", "Hello\r\n")));
    Path mail = maildir();
    Path rc =
        program.file(
            "getmailrc",
            """
            [retriever]
            type = SimpleIMAPSSLRetriever
            server = 127.0.0.1
            port = %d
            username = %s
            password = %s
            mailboxes = ("INBOX", "Archive")
            ca_certs = %s

            [destination]
            type = MDA_external
            path = /bin/sh
            arguments = ("-c", 'cat >"$(mktemp %s/new/XXXXXXXX)"')
            allow_root_commands = true

            [options]
            delete = true
            delivered_to = false
            received = false
            """
                .formatted(imapsPort(), user, PASSWORD, certificate(), mail));

    program.run("getmail", "--getmaildir", program.home().toString(), "--rcfile", rc.toString());

    assertThat(Mail.inMaildir(mail))
        .extracting(Mail::trimmed)
        .hasSize(Mail.samples().size() + 1)
        .containsAll(Mail.fresh(Mail.samples()).stream().map(Mail::trimmed).toList());
    assertThat(server("INBOX")).isEmpty();
    assertThat(server("Archive")).isEmpty();
  }

  private Path maildir() throws IOException {
    Path mail = program.home().resolve("mail");
    for (String part : List.of("cur", "new", "tmp")) {
      Files.createDirectories(mail.resolve(part));
    }
    return mail;
  }

  @Test
  void offlineimapSyncsBothWays() {
    fill("INBOX", Mail.samples());
    Path mail = program.home().resolve("mail");
    Path rc =
        program.file(
            ".offlineimaprc",
            """
            [general]
            accounts = dormouse
            ui = basic

            [Account dormouse]
            localrepository = near
            remoterepository = far

            [Repository near]
            type = Maildir
            localfolders = %5$s

            [Repository far]
            type = IMAP
            remotehost = localhost
            ipv6 = no
            remoteport = %1$d
            remoteuser = %2$s
            remotepass = %3$s
            ssl = yes
            sslcacertfile = %4$s
            maxconnections = 2
            """
                .formatted(imapsPort(), user, PASSWORD, certificate(), mail));

    program.run("offlineimap", "-o", "-c", rc.toString());
    assertThat(Mail.inMaildir(mail.resolve("INBOX")))
        .containsExactlyInAnyOrderElementsOf(server("INBOX"));

    program.file(
        "mail/INBOX/new/1.1.here", Mail.message("near", "Written here\n").replace("\r", ""));
    program.run("offlineimap", "-o", "-c", rc.toString());
    assertThat(server("INBOX")).hasSize(Mail.samples().size() + 1);
  }
}
