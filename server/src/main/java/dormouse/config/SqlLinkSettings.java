package dormouse.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
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
  public static final Set<String> PARAMETERS =
      Set.of(
          "user",
          "local",
          "domain",
          "password",
          "protocol",
          "client_ip",
          "server_ip",
          "server_name");

  /// A parameter, or what only looks like one: a string, a quoted name, a comment, PostgreSQL's `::type`.
  public static final Pattern TOKEN =
      Pattern.compile(
          "'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\\n]*|(?s:/\\*.*?\\*/)|::|:(?<name>[A-Za-z_][A-Za-z0-9_]*)|\\?");

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
            PARAMETERS.containsAll(names),
            "query",
            "no other parameters than :"
                + String.join(", :", PARAMETERS.stream().sorted().toList()))
        .that(
            tokens.stream().noneMatch(token -> token.group().equals("?")),
            "query",
            "parameters by name, as `:user`, and none as `?`")
        .that(scheme.matches("[A-Za-z0-9-]{1,32}"), "scheme", "a scheme such as CRYPT or PLAIN")
        .between("connections", connections, 1, 1000)
        .done();
  }
}
