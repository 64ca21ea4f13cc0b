package dormouse.directory.sql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dormouse.config.SecretFile;
import dormouse.config.SqlLinkSettings;
import dormouse.config.SqlLinkSettings.Parameter;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Facts;
import dormouse.directory.Link;
import dormouse.directory.Proof;
import dormouse.directory.Verification;
import dormouse.directory.Workers;
import dormouse.directory.password.StoredPassword;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Asks a database by one query, on virtual threads, as many at a time as there may be connections. Any thread.
///
/// No row: the user is not known here. A column `password` is held against the client's; a query that asks by `:password` has
/// done so itself; one that does neither decides nothing, and its columns are facts for the links behind it.
public final class SqlLink implements Link {
  private static final Duration LEAST_TIMEOUT = Duration.ofMillis(250); // the pool takes none below

  private static final Pattern DOWN = Pattern.compile("(08|53|57|58|70).*");

  private final SqlLinkSettings settings;
  private final QueryTemplate query;
  private final int timeoutSeconds;
  private final HikariDataSource pool;
  private final Workers queries;
  private final Workers checks;

  private SqlLink(
      SqlLinkSettings settings,
      QueryTemplate query,
      Duration timeout,
      HikariDataSource pool,
      Workers queries,
      Workers checks) {
    this.settings = settings;
    this.query = query;
    this.timeoutSeconds = (int) Math.max(1, timeout.toSeconds());
    this.pool = pool;
    this.queries = queries;
    this.checks = checks;
  }

  /// Prepares the pool; the database may be away.
  ///
  /// @param name of the link
  /// @param timeout for an answer
  /// @param checks where passwords are hashed
  /// @throws IOException if the password's file cannot be read, or the driver does not take the URL
  public static SqlLink of(
      SqlLinkSettings settings, String name, Duration timeout, Workers checks, InstantSource clock)
      throws IOException {
    QueryTemplate query = QueryTemplate.of(settings.query());
    HikariConfig config = new HikariConfig();
    config.setPoolName(name);
    config.setJdbcUrl(settings.url());
    config.setUsername(settings.user());
    if (settings.passwordFile() != null) {
      byte[] password = SecretFile.read(settings.passwordFile());
      config.setPassword(new String(password, StandardCharsets.UTF_8));
      Arrays.fill(password, (byte) 0);
    }
    config.setMaximumPoolSize(settings.connections());
    config.setMinimumIdle(0);
    long patienceMillis = Math.max(LEAST_TIMEOUT.toMillis(), timeout.toMillis());
    config.setConnectionTimeout(patienceMillis);
    config.setValidationTimeout(Math.min(patienceMillis, 5000));
    config.setInitializationFailTimeout(-1); // not there yet is no reason not to start
    Workers queries = new Workers(name, settings.connections(), timeout.dividedBy(2), clock);
    try {
      return new SqlLink(settings, query, timeout, new HikariDataSource(config), queries, checks);
    } catch (RuntimeException e) { // of a URL that the driver does not take
      queries.close();
      throw new IOException(name + ": " + e.getMessage(), e);
    } catch (Error e) { // of a driver that is not whole
      queries.close();
      throw e;
    }
  }

  /// What the query has found.
  private sealed interface Found {
    record Nobody() implements Found {}

    record Several() implements Found {}

    /// @param why for the operator
    record Unanswered(String why) implements Found {}

    /// @param password null if it is NULL
    record Row(boolean hasPassword, @Nullable String password, Map<String, String> facts)
        implements Found {}
  }

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    boolean password = attempt.proof() instanceof Proof.Password;
    if (attempt.proof() instanceof Proof.Token || (query.checksPassword() && !password)) {
      return CompletableFuture.completedFuture(new Answer.NotMine());
    }
    return queries.run(() -> find(attempt)).thenCompose(found -> answer(attempt, found));
  }

  /// A query that asks by the password cannot be put without it.
  @Override
  public boolean resumes(Proof.Kind before) {
    return before != Proof.Kind.TOKEN && !query.checksPassword();
  }

  private CompletableFuture<Answer> answer(Attempt attempt, Found found) {
    return switch (found) {
      case Found.Nobody _ -> CompletableFuture.completedFuture(new Answer.NotMine());
      case Found.Several _ ->
          CompletableFuture.completedFuture(
              new Answer.CannotTell("the query finds more than one row", /* down= */ false));
      case Found.Unanswered(var why) ->
          CompletableFuture.completedFuture(new Answer.CannotTell(why, /* down= */ false));
      case Found.Row(var hasPassword, var password, var facts) -> {
        Answer accepted = Facts.accept(facts);
        if (hasPassword) {
          yield Verification.of(attempt, stored(password), accepted, checks);
        }
        if (!query.checksPassword() && accepted instanceof Answer.Accept(Facts known, _)) {
          yield CompletableFuture.completedFuture(new Answer.Learnt(attempt.user(), known));
        }
        yield CompletableFuture.completedFuture(accepted);
      }
    };
  }

  /// NULL is no password, and lets nobody in.
  private StoredPassword stored(@Nullable String password) {
    return password == null
        ? new StoredPassword.Absent()
        : StoredPassword.parse(password, settings.scheme());
  }

  /// @throws SQLException if the database is away, or in no state to answer anybody
  private Found find(Attempt attempt) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      try {
        return find(attempt, connection);
      } catch (SQLException e) {
        if (isDown(e)) {
          throw e;
        }
        return new Found.Unanswered(why(e));
      }
    }
  }

  /// Whether nobody is answered (SQLSTATE 08, 53, 57 and 58; MariaDB's interrupted queries; whatever SQLite says); else it is about what was
  /// asked, which a user may have typed.
  private static boolean isDown(SQLException e) {
    String state = e.getSQLState();
    return state == null || e instanceof SQLTimeoutException || DOWN.matcher(state).matches();
  }

  /// What the database says of a query may repeat what was bound to it.
  private String why(SQLException e) {
    String state = "the database says SQLSTATE " + e.getSQLState() + ", " + e.getErrorCode();
    return query.checksPassword() ? state : state + ": " + e.getMessage();
  }

  private Found find(Attempt attempt, Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(query.text())) {
      statement.setQueryTimeout(timeoutSeconds);
      statement.setMaxRows(2);
      for (int i = 0; i < query.names().size(); i++) {
        statement.setString(i + 1, value(query.names().get(i), attempt));
      }
      try (ResultSet rows = statement.executeQuery()) {
        if (!rows.next()) {
          return new Found.Nobody();
        }
        Found row = row(rows);
        return rows.next() ? new Found.Several() : row;
      }
    }
  }

  private static Found row(ResultSet rows) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    Map<String, String> facts = new HashMap<>();
    boolean hasPassword = false;
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      String name = columns.getColumnLabel(i).toLowerCase(Locale.ROOT);
      hasPassword |= name.equals("password");
      String value = rows.getString(i);
      if (value != null) { // NULL is what is not known
        facts.put(name, value);
      }
    }
    return new Found.Row(hasPassword, facts.remove("password"), facts);
  }

  @Override
  public Set<Heeds> heeds() {
    return query.names().stream().anyMatch(SqlLink::isWayIn) ? Set.of(Heeds.WAY_IN) : Set.of();
  }

  private static boolean isWayIn(Parameter name) {
    return switch (name) {
      case CLIENT_IP, SERVER_IP, SERVER_NAME -> true;
      case USER, LOCAL, DOMAIN, PASSWORD, PROTOCOL -> false;
    };
  }

  private static @Nullable String value(Parameter name, Attempt attempt) {
    String user = attempt.user();
    int at = user.lastIndexOf('@');
    return switch (name) {
      case USER -> user;
      case LOCAL -> at < 0 ? user : user.substring(0, at);
      case DOMAIN -> at < 0 ? "" : user.substring(at + 1);
      case PROTOCOL -> attempt.protocol();
      case CLIENT_IP -> number(attempt.client().remote());
      case SERVER_IP -> number(attempt.client().local());
      case SERVER_NAME -> attempt.client().serverName();
      case PASSWORD ->
          switch (attempt.proof()) {
            case Proof.Password(var password) -> new String(password, StandardCharsets.UTF_8);
            case Proof.Token _,
                Proof.CramMd5 _,
                Proof.Scram _,
                Proof.Certificate _,
                Proof.Resumed _ ->
                null;
          };
    };
  }

  private static String number(InetSocketAddress address) {
    return NetUtil.toAddressString(address.getAddress());
  }

  @Override
  public void close() {
    queries.close();
    pool.close();
  }
}
