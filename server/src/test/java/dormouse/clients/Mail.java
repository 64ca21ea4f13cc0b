package dormouse.clients;

import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A message as it lies on a server or in a Maildir, for comparison. Immutable.
///
/// @param flags letters of a Maildir, in order: D draft, F flagged, R answered, S seen, T deleted
/// @param text with LF line ends and without the headers that mbsync and getmail add; each char is a byte
record Mail(String flags, String text) {
  private static final Pattern FETCHED =
      Pattern.compile(
          "\\* \\d+ FETCH \\(UID \\d+ FLAGS \\(([^)]*)\\) BODY\\[] \\{\\d+}\r\n(.*)\\)",
          Pattern.DOTALL);
  private static final Pattern ADDED_HEADERS =
      Pattern.compile("(?m)^(X-TUID|Return-Path|X-getmail-[a-z-]+): .*\n");

  /// Messages of all shapes: bare, long, with lone dots and what looks like IMAP, 8-bit, without an end of line.
  static List<String> samples() {
    return List.of(
        message("plain", "Hello\r\n"),
        message("dots", ".\r\n..\r\n.hidden\r\n"),
        message("imap", "a1 OK done\r\n* 9 EXPUNGE\r\nsee {12}\r\n)\r\n+ go on\r\nDONE\r\n"),
        message("bytes", "gr\u00fc\u00dfe \u00ff\u0080 \u00e2\u0082\u00ac\r\n"),
        message("large", "All work and no play makes a dull mailbox.\r\n".repeat(8000)),
        message("long-lines", ("x".repeat(900) + "\r\n").repeat(20)),
        message("no-end", "the last line has no end"),
        message("empty", ""));
  }

  /// A message in IMAP's form.
  static String message(String subject, String body) {
    return "From: Ann <ann@example.org>\r\n"
        + "To: bob@example.org\r\n"
        + "Date: Mon, 06 Jan 2025 10:00:00 +0000\r\n"
        + "Message-ID: <"
        + subject
        + "@example.org>\r\n"
        + "Subject: "
        + subject
        + "\r\n\r\n"
        + body;
  }

  /// Messages without flags.
  static List<Mail> fresh(List<String> messages) {
    return messages.stream().map(message -> new Mail("", normal(message))).toList();
  }

  /// The same without flags.
  Mail unflagged() {
    return new Mail("", text);
  }

  /// The same without flags and without an end to its last line: getmail adds one where there is none.
  Mail trimmed() {
    return new Mail("", text.stripTrailing());
  }

  /// What lies in a mailbox, in the order of its UIDs, asked over a connection of its own.
  static List<Mail> onServer(ImapClient connected, String mailbox) {
    try (ImapClient client = connected) {
      List<String> opened = client.ok("EXAMINE " + ImapClient.quoted(mailbox));
      if (opened.contains("* 0 EXISTS")) {
        return List.of();
      }
      return client.ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[])").stream()
          .map(FETCHED::matcher)
          .filter(Matcher::matches)
          .map(found -> new Mail(letters(found.group(1)), normal(found.group(2))))
          .toList();
    }
  }

  private static String letters(String flags) {
    return Arrays.stream(flags.split(" "))
        .map(flag -> flag.toLowerCase(Locale.ROOT))
        .map(flag ->
            switch (flag) {
              case "\\draft" -> "D";
              case "\\flagged" -> "F";
              case "\\answered" -> "R";
              case "\\seen" -> "S";
              case "\\deleted" -> "T";
              default -> "";
            })
        .sorted()
        .collect(Collectors.joining());
  }

  /// What lies in a Maildir, in any order.
  static List<Mail> inMaildir(Path maildir) {
    return filesOf(maildir).stream()
        .map(file -> {
          String name = String.valueOf(file.getFileName());
          int info = name.indexOf(":2,");
          return new Mail(info < 0 ? "" : name.substring(info + 3), normal(read(file)));
        })
        .toList();
  }

  /// The files of a Maildir.
  static List<Path> filesOf(Path maildir) {
    return Stream.of("cur", "new")
        .map(maildir::resolve)
        .filter(Files::isDirectory)
        .flatMap(Mail::list)
        .toList();
  }

  private static Stream<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return new TreeSet<>(files.toList()).stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String normal(String text) {
    return ADDED_HEADERS.matcher(text.replace("\r\n", "\n")).replaceAll("");
  }

  /// Short, for the messages of failed tests.
  @Override
  public String toString() {
    return "["
        + flags
        + "] "
        + text.length()
        + " bytes "
        + text.lines().filter(line -> line.startsWith("Subject")).findFirst().orElse("");
  }
}
