package dormouse.testkit;

import java.util.Random;

/// Messages of many sizes whose bodies look like protocol to who counts literals wrong.
final class SampleMessage {
  private static final String[] LINES = {
    "Hello,",
    "* 3 EXPUNGE",
    "* VANISHED 1:100",
    "* 1 EXISTS",
    "m1 OK done {5}",
    "{7}",
    "{12+}",
    "zz1 OK NOOP completed",
    ")",
    "* BYE now",
    "DONE",
    "\"unbalanced (",
    "* 2 FETCH (FLAGS (\\Deleted))",
    "+ idling",
    ""
  };

  private SampleMessage() {}

  /// A message with CRLF line ends: mostly some lines, sometimes 30 kB, rarely 300 kB.
  static String of(Random random) {
    int draw = random.nextInt(50);
    int lines = draw == 0 ? 12_000 : draw < 3 ? 1_200 : random.nextInt(12);
    var text = new StringBuilder();
    text.append("From: sender@example.org\r\n");
    text.append("Subject: ").append(Long.toHexString(random.nextLong())).append("\r\n\r\n");
    for (int i = 0; i < lines; i++) {
      text.append(LINES[random.nextInt(LINES.length)]).append("\r\n");
    }
    return text.append("end\r\n").toString();
  }
}
