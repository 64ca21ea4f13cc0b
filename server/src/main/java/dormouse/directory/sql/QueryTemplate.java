package dormouse.directory.sql;

import dormouse.config.SqlLinkSettings;
import dormouse.config.SqlLinkSettings.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;

/// A query with its parameters by name, made into one with JDBC's `?`: values are bound, never pasted into it. Immutable.
///
/// @param text for JDBC
/// @param names of the parameters, in their order
record QueryTemplate(String text, List<Parameter> names) {
  static QueryTemplate of(String query) {
    List<Parameter> names = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    Matcher token = SqlLinkSettings.TOKEN.matcher(query);
    while (token.find()) {
      String name = token.group("name");
      if (name != null) {
        names.add(Parameter.of(name));
      }
      token.appendReplacement(text, name == null ? Matcher.quoteReplacement(token.group()) : "?");
    }
    token.appendTail(text);
    return new QueryTemplate(text.toString(), List.copyOf(names));
  }

  /// Whether the query itself holds the client's password against the user's.
  boolean checksPassword() {
    return names.contains(Parameter.PASSWORD);
  }
}
