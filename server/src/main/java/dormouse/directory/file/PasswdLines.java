package dormouse.directory.file;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Users a line each, as in passwd(5) and Dovecot's passwd-file: `user:password:uid:gid:gecos:home:shell:name=value …`. What a
/// front end has no use for may be left empty, or out at the end.
final class PasswdLines {
  private static final int FIELDS = 8;

  private PasswdLines() {}

  static void read(String text, UserTable table) {
    List<String> lines = text.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (!line.isBlank() && !line.startsWith("#")) {
        user(i + 1, line, table);
      }
    }
  }

  private static void user(int line, String text, UserTable table) {
    String[] fields = text.split(":", FIELDS);
    if (fields.length < 2) {
      table.fault(line, "wanted a line such as `ann:{SHA512-CRYPT}$6$…`");
      return;
    }
    Map<String, String> facts = new HashMap<>();
    if (fields.length == FIELDS) {
      for (String fact : fields[FIELDS - 1].strip().split("\\s+")) {
        int equals = fact.indexOf('=');
        facts.put(
            equals < 0 ? fact : fact.substring(0, equals),
            equals < 0 ? "" : fact.substring(equals + 1));
      }
    }
    table.add(line, fields[0], fields[1], facts);
  }
}
