package dormouse.demo;

import dormouse.testkit.EmbeddedBackend;
import jakarta.mail.Flags;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/// The mail that the demo's users find. Immutable.
final class SampleMail {
  private final Instant now;

  /// @param now the time before which all of it was written
  SampleMail(Instant now) {
    this.now = now;
  }

  /// Fills the mailboxes of a user.
  void fill(EmbeddedBackend backend, String user) {
    backend.createMailbox(user, "Archive");
    backend.createMailbox(user, "Recipes");
    backend.append(user, "INBOX", welcome(user), Flags.Flag.SEEN);
    backend.append(user, "INBOX", walk(user));
    backend.append(user, "INBOX", nest(user), Flags.Flag.FLAGGED);
    backend.append(user, "Archive", hazelnuts(user), Flags.Flag.SEEN, Flags.Flag.ANSWERED);
    backend.append(user, "Recipes", treacle(user), Flags.Flag.SEEN);
  }

  private String welcome(String user) {
    return message(
        "Dormouse <dormouse@example.org>",
        user,
        "Welcome to the teapot",
        Duration.ofDays(3),
        """
        This mailbox lives in the demo: in memory, until you stop it.

        Stay in IDLE for a few seconds and your session falls asleep. Its connection to the mail
        server is gone then, and you will not notice.
        """);
  }

  private String walk(String user) {
    return message(
        "Hatter <hatter@example.org>",
        user,
        "A walk at six?",
        Duration.ofHours(20),
        """
        It is always six o'clock here, so any time suits me.
        """);
  }

  private String nest(String user) {
    return message(
        "March Hare <hare@example.org>",
        user,
        "The nest needs moss",
        Duration.ofHours(2),
        """
        Two handfuls will do. Please bring some before the first frost.
        """);
  }

  private String hazelnuts(String user) {
    return message(
        "Bill <bill@example.org>",
        user,
        "Hazelnuts, 2 kg",
        Duration.ofDays(40),
        """
        Delivered to the hollow by the old wall, as you asked.
        """);
  }

  private String treacle(String user) {
    return message(
        "Elsie <elsie@example.org>",
        user,
        "Treacle tart",
        Duration.ofDays(12),
        """
        Golden syrup, breadcrumbs, the juice of half a lemon. Half an hour in a moderate oven.
        """);
  }

  /// A message to try the demo with: it arrives while its reader sleeps.
  String whileYouSlept(String user) {
    return message(
        "White Rabbit <rabbit@example.org>",
        user,
        "While you slept",
        Duration.ZERO,
        """
        Did you hear me come in?
        """);
  }

  private String message(String from, String user, String subject, Duration ago, String text) {
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(now.minus(ago).atOffset(ZoneOffset.UTC));
    return """
    From: %s
    To: %s@example.org
    Subject: %s
    Date: %s
    Message-ID: <%d.%s@example.org>
    MIME-Version: 1.0
    Content-Type: text/plain; charset=us-ascii

    %s\
    """
        .formatted(from, user, subject, date, now.minus(ago).toEpochMilli(), user, text)
        .replace("\n", "\r\n");
  }
}
