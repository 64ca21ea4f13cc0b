package dormouse.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Cuts a command where its sender must wait for a `+`.
final class CommandPieces {
  private static final Pattern LITERAL = Pattern.compile("\\{(\\d+)(\\+?)}\r\n");

  private CommandPieces() {}

  /// The command in pieces, each but the last ending in `{n}` CRLF. The bytes of literals are not looked at.
  static List<String> of(String command) {
    var pieces = new ArrayList<String>();
    var literal = LITERAL.matcher(command);
    int from = 0;
    for (int at = 0; at <= command.length() && literal.find(at); ) {
      if (literal.group(2).isEmpty()) {
        pieces.add(command.substring(from, literal.end()));
        from = literal.end();
      }
      at = literal.end() + Integer.parseInt(literal.group(1));
    }
    pieces.add(command.substring(from));
    return pieces;
  }
}
