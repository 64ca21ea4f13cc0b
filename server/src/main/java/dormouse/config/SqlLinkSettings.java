package dormouse.config;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A database that knows the users, asked by one query.
///
/// @param url of JDBC, for PostgreSQL, MariaDB or SQLite
/// @param user who logs in there; none: as the URL or the database says
/// @param passwordFile holds that user's password
/// @param query whose columns are facts; `:user` and its like stand for values, and are never pasted into it
/// @param scheme of passwords that say none
/// @param connections to the database at most; 1 to 1000
@Key("sql")
public record SqlLinkSettings(
    @Required String url,
    @Nullable String user,
    @Nullable Path passwordFile,
    @Required String query,
    String scheme,
    int connections)
    implements LinkKind {
  /// What a query can ask by.
  public enum Parameter {
    USER,
    LOCAL,
    DOMAIN,
    PASSWORD,
    PROTOCOL,
    CLIENT_IP,
    SERVER_IP,
    SERVER_NAME;

    private static final Map<String, Parameter> ALL =
        Arrays.stream(values())
            .collect(
                Collectors.toMap(
                    one -> one.name().toLowerCase(Locale.ROOT),
                    one -> one,
                    (a, _) -> a,
                    TreeMap::new));

    /// The one of this name in a query.
    ///
    /// @throws IllegalArgumentException if there is none
    public static Parameter of(String name) {
      Parameter one = ALL.get(name);
      if (one == null) {
        throw new IllegalArgumentException(name);
      }
      return one;
    }
  }

  /// A parameter, or what only looks like one: a string, a quoted name, a comment, PostgreSQL's `::type`. A quote in a string is doubled: then it is
  /// two tokens. Nothing in it is a choice that is repeated, for which Java would take stack by each letter.
  public static final Pattern TOKEN =
      Pattern.compile(
          "'[^']*'|\"[^\"]*\"|`[^`]*`|--[^\\n]*|(?s:/\\*.*?\\*/)|::|:(?<name>[A-Za-z_][A-Za-z0-9_]*)|\\?");

  /// What a link of the file has that says nothing else; its URL and its query must be said.
  public static final SqlLinkSettings DEFAULT =
      new SqlLinkSettings(
          "jdbc:sqlite:users.db",
          null,
          null,
          "SELECT password FROM users WHERE name = :user",
          "PLAIN",
          4);

  public SqlLinkSettings {
    List<MatchResult> tokens = TOKEN.matcher(query).results().toList();
    List<String> names =
        tokens.stream().map(token -> token.group("name")).filter(name -> name != null).toList();
    new Checks()
        .that(
            url.matches("jdbc:(postgresql|mariadb|sqlite):\\S+"),
            "url",
            "a URL such as jdbc:postgresql://127.0.0.1/mail, of postgresql, mariadb or sqlite")
        .that(
            names.contains("user") || names.contains("local"),
            "query",
            "a query that asks for `:user`, or for `:local` and `:domain`")
        .that(
            Parameter.ALL.keySet().containsAll(names),
            "query",
            "no other parameters than :" + String.join(", :", Parameter.ALL.keySet()))
        .that(
            tokens.stream().noneMatch(token -> token.group().equals("?")),
            "query",
            "parameters by name, as `:user`, and none as `?`")
        .that(scheme.matches("[A-Za-z0-9-]{1,32}"), "scheme", "a scheme such as CRYPT or PLAIN")
        .between("connections", connections, 1, 1000)
        .done();
  }
}
