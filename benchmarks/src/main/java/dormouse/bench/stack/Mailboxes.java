package dormouse.bench.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.ArrayList;
import java.util.List;

/// Mailboxes of the backend, written as Maildirs with their list of UIDs before anybody looks, so that every byte that a client
/// will hear of them is known. Any thread.
public final class Mailboxes {
  /// UIDVALIDITY of all of them.
  public static final int UID_VALIDITY = 1_700_000_000;

  private static final String UID_LIST = "dovecot-uidlist";

  private final Path mail;
  private final String owner;

  /// @param mail below it lies a folder a user
  /// @param owner the system user whose all is
  Mailboxes(Path mail, String owner) {
    this.mail = mail;
    this.owner = owner;
  }

  /// INBOX of a user, with these messages as UIDs 1, 2 …, all of them seen.
  public void create(String user, List<byte[]> messages) {
    try {
      Path home =
          Files.createDirectory(mail.resolve(user)); // alone: the folders above it may be gone
      folder(home, home.resolve("Maildir"), messages);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// One more mailbox of a user who has an INBOX.
  public void createFolder(String user, String name, List<byte[]> messages) {
    Path maildir = mail.resolve(user).resolve("Maildir");
    folder(maildir, maildir.resolve("." + name), messages);
  }

  private void folder(Path above, Path maildir, List<byte[]> messages) {
    try {
      List<Path> made = new ArrayList<>(List.of(above, maildir));
      Files.createDirectory(maildir);
      for (String part : List.of("cur", "new", "tmp")) {
        made.add(Files.createDirectory(maildir.resolve(part)));
      }
      StringBuilder list = new StringBuilder();
      list.append(
          "3 V%d N%d G%032x\n"
              .formatted(
                  UID_VALIDITY, messages.size() + 1, maildir.toString().hashCode() & 0xffffffffL));
      for (int i = 0; i < messages.size(); i++) {
        byte[] message = messages.get(i);
        String name =
            "%d.M%d.bench,S=%d,W=%d".formatted(UID_VALIDITY + i, i, message.length, message.length);
        Path file = Files.write(maildir.resolve("cur").resolve(name + ":2,S"), message);
        Files.setLastModifiedTime(file, FileTime.fromMillis((UID_VALIDITY + i) * 1000L));
        made.add(file);
        list.append(i + 1).append(" :").append(name).append('\n');
      }
      made.add(Files.writeString(maildir.resolve(UID_LIST), list));
      if (!Files.exists(maildir.resolveSibling("cur"))) {
        made.add(Files.writeString(maildir.resolve("subscriptions"), ""));
      } else {
        made.add(Files.writeString(maildir.resolve("maildirfolder"), ""));
      }
      UserPrincipalLookupService users = mail.getFileSystem().getUserPrincipalLookupService();
      UserPrincipal principal = users.lookupPrincipalByName(owner);
      for (Path each : made) {
        Files.setOwner(each, principal);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A message of about so many bytes, all of them ASCII, other ones for each number.
  public static byte[] message(int number, int bytes) {
    StringBuilder text =
        new StringBuilder(
            "From: sender@example.org\r\nTo: user@example.org\r\nSubject: number %d\r\n\r\n"
                .formatted(number));
    int line = 0;
    while (text.length() < bytes) {
      text.append(
              "Line %d of message %d, as long as lines of mail usually are.%n"
                  .formatted(line++, number)
                  .strip())
          .append("\r\n");
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /// So many small ones.
  public static List<byte[]> messages(int count, int bytes) {
    List<byte[]> all = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      all.add(message(i, bytes));
    }
    return all;
  }
}
