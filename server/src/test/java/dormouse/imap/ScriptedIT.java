package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.ImapClient;
import dormouse.testkit.StandInBackend;
import dormouse.testkit.StandInConnection;
import org.junit.jupiter.api.Test;

/// Sleep and wake before backends that can what Debian's Dovecot cannot, played by script.
class ScriptedIT {
  private static final String OFFERS = "IMAP4rev1 IDLE ENABLE UTF8=ACCEPT CONDSTORE ESEARCH";
  private static final String[] OPENED = {
    "* FLAGS (\\Seen)",
    "* 1 EXISTS",
    "* 0 RECENT",
    "* OK [UIDVALIDITY 7] ok",
    "* OK [UIDNEXT 2] ok",
    "* OK [HIGHESTMODSEQ 5] ok"
  };

  // T36
  @Test
  void aMailboxNamedInUtf8IsSelectedAgainByThatName() {
    String name = "\"Entw\u00c3\u00bcrfe\""; // its bytes, one char each
    sleepsAndWakes("ENABLE UTF8=ACCEPT", name, "\"Entw&APw-rfe\"");
  }

  // T36
  @Test
  void anAmpersandIsOneInUtf8() {
    sleepsAndWakes("ENABLE UTF8=ACCEPT", "\"R&D\"", "\"R&-D\"");
  }

  // T36
  @Test
  void anAmpersandBeginsAnotherAlphabetWithoutUtf8() {
    sleepsAndWakes("NOOP", "\"Entw&APw-rfe\"", "\"Entw&APw-rfe\"");
  }

  /// @param first said behind the login
  /// @param mailbox as the client names it
  /// @param watched as a connection must name it that does not speak UTF-8 (RFC 6855)
  private static void sleepsAndWakes(String first, String mailbox, String watched) {
    boolean enables = first.startsWith("ENABLE");
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = FrontEnd.before(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      fallAsleep(front, backend, client, first, mailbox);

      try (StandInConnection watch = loggedIn(backend)) {
        watch.answer("EXAMINE " + watched + " (CONDSTORE)", OPENED);
        upTo(watch, "zz\\d+ IDLE");
        watch.say("+ idling");
        client.send("DONE\r\n").expect("w OK Idle completed.");

        client.send("v UID FETCH 1 (UID)\r\n");
        try (StandInConnection again = loggedIn(backend)) {
          if (enables) {
            again.answer("ENABLE UTF8=ACCEPT", "* ENABLED UTF8=ACCEPT");
          }
          again.answer("SELECT " + mailbox, OPENED);
          upTo(again, "v UID FETCH 1 \\(UID\\)");
          again.say("* 1 FETCH (UID 1)", "v OK done");
          client.expect("* 1 FETCH (UID 1)").expect("v OK done");
        }
      }
    }
  }

  private static void fallAsleep(
      FrontEnd front, StandInBackend backend, ImapClient client, String first, String mailbox) {
    client.send("x LOGIN ann secret\r\ny " + first + "\r\nz SELECT " + mailbox + "\r\nw IDLE\r\n");
    try (StandInConnection connection = loggedIn(backend)) {
      String tag = connection.expectCommand(first);
      if (first.startsWith("ENABLE")) {
        connection.say("* ENABLED UTF8=ACCEPT");
      }
      connection.say(tag + " OK done");
      connection.answer("SELECT " + mailbox, OPENED);
      connection.expect("w IDLE").say("+ idling");
      connection.expect("DONE").say("w OK done");
      connection.answer(
          "STATUS " + mailbox + " (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)",
          "* STATUS " + mailbox + " (UIDVALIDITY 7 UIDNEXT 2 MESSAGES 1 HIGHESTMODSEQ 5)");
      connection.answer("NOOP");
      connection.answer("UID SEARCH RETURN (ALL) ALL", "* ESEARCH UID ALL 1");
      connection.expectClosed();
    }
    client.readUntilTagged("z");
    client.expect("+ idling");
    front.awaitAsleep(1);
  }

  // T10
  @Test
  void aLookIsAnsweredByAReadingThatBeganAfterIt() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = FrontEnd.before(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      fallAsleep(front, backend, client, "NOOP", "INBOX");
      try (StandInConnection watch = loggedIn(backend)) {
        watch.answer("EXAMINE INBOX (CONDSTORE)", OPENED);
        String search = watch.expectCommand("UID SEARCH RETURN (ALL) ALL");
        String heard = "dormouse_relayed_bytes_total{direction=\"client-to-backend\"}";
        double before = Stage.metric(front, heard);
        client.send("DONE\r\n");
        Stage.await("DONE is heard", () -> Stage.metric(front, heard) > before);
        watch.say("* ESEARCH UID ALL 1", search + " OK done");

        String tag = upTo(watch, "zz\\d+ (NOOP|IDLE)");
        watch.say("* 1 EXPUNGE", tag + " OK done");
        String status = watch.expectMatch("STATUS INBOX .*");
        watch.say("* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 2 HIGHESTMODSEQ 6)", status + " OK done");
        watch.answer("NOOP");
        watch.answer("UID SEARCH RETURN (ALL) ALL", "* ESEARCH UID");

        client.expect("* 1 EXPUNGE").expect("w OK Idle completed.");
      }
    }
  }

  /// Answers what Dormouse asks for itself, until it says this; returns the tag of that.
  private static String upTo(StandInConnection connection, String command) {
    String heard = connection.read();
    for (; !heard.matches(command); heard = connection.read()) {
      assertThat(heard).startsWith("zz");
      if (heard.contains("UID SEARCH")) {
        connection.say("* ESEARCH UID ALL 1");
      }
      connection.say(heard.substring(0, heard.indexOf(' ')) + " OK done");
    }
    return heard.substring(0, heard.indexOf(' '));
  }

  private static StandInConnection loggedIn(StandInBackend backend) {
    StandInConnection connection = backend.accept().greet(OFFERS);
    String tag = connection.expectCommand("LOGIN \"ann\" \"secret\"");
    return connection.say(tag + " OK [CAPABILITY " + OFFERS + "] in");
  }

  @Test
  void whatEndsInDormouseIsNotOffered() {
    try (StandInBackend backend = StandInBackend.start();
        FrontEnd front = FrontEnd.before(backend.port());
        ImapClient client = ImapClient.connect(front.tls())) {
      client.send("x LOGIN ann secret\r\ny STARTTLS\r\nz LIST \"\" *\r\n");
      try (StandInConnection connection = backend.accept().greet(OFFERS)) {
        String tag = connection.expectMatch("LOGIN .*");
        connection.say(
            tag
                + " OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR COMPRESS=DEFLATE STARTTLS"
                + " UNAUTHENTICATE QUOTA X-HERE] in");
        client.expectMatch("x OK \\[CAPABILITY IMAP4rev1 QUOTA X-HERE COMPRESS=DEFLATE\\] .*");
        client.expectMatch("y BAD .*");
        connection.answer("LIST \"\" *");
        client.expect("z OK done");
      }
    }
  }
}
