package dormouse.directory.step;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A backend as tables and users write it: `host`, `host:port`, `[2001:db8::1]:143`.
final class HostAndPort {
  private static final Pattern FORM =
      Pattern.compile("(?:\\[(?<number>[0-9A-Fa-f:.]+)]|(?<host>[^:\\[\\]]*))(?::(?<port>.*))?");

  private HostAndPort() {}

  /// Adds the facts `host` and `port`; what is no address becomes an impossible host.
  static void put(String text, Map<String, String> facts) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      facts.put("host", "");
      return;
    }
    String number = form.group("number");
    facts.put("host", number == null ? form.group("host") : number);
    if (form.group("port") != null) {
      facts.put("port", form.group("port"));
    }
  }
}
