package dormouse.testkit;

import java.util.ArrayDeque;
import java.util.Deque;

/// The last lines of a conversation, for failure messages. Any thread.
final class Transcript {
  private static final int MAX_LINES = 200;
  private static final int MAX_LINE_LENGTH = 300;

  private final Deque<String> lines = new ArrayDeque<>();
  private long dropped;

  /// Notes one line; CR, LF and other control characters are shown escaped.
  synchronized void add(String who, String text) {
    if (lines.size() == MAX_LINES) {
      lines.removeFirst();
      dropped++;
    }
    lines.add(who + escaped(text));
  }

  private static String escaped(String text) {
    var out = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), MAX_LINE_LENGTH); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\r' -> out.append("\\r");
        case '\n' -> out.append("\\n");
        default -> {
          if (c < ' ' || c > '~') {
            out.append(String.format("\\x%02x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    if (text.length() > MAX_LINE_LENGTH) {
      out.append("… (").append(text.length()).append(" bytes)");
    }
    return out.toString();
  }

  @Override
  public synchronized String toString() {
    String head = dropped == 0 ? "" : "(" + dropped + " earlier lines)\n";
    return head + String.join("\n", lines);
  }
}
