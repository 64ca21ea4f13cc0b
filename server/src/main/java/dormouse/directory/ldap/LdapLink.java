package dormouse.directory.ldap;

import com.unboundid.ldap.sdk.BindResult;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.SearchResult;
import com.unboundid.ldap.sdk.SearchResultEntry;
import com.unboundid.ldap.sdk.SearchScope;
import com.unboundid.ldap.sdk.SimpleBindRequest;
import dormouse.config.LdapLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Facts;
import dormouse.directory.Link;
import dormouse.directory.Proof;
import dormouse.directory.Verification;
import dormouse.directory.Workers;
import dormouse.directory.password.StoredPassword;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;

/// Asks an LDAP directory, on virtual threads, as many at a time as there may be connections. Any thread.
///
/// An entry whose attributes have the password is checked here; else the client's password is tried by a bind as that entry;
/// without either nothing is decided, and the attributes are facts for the links behind it.
public final class LdapLink implements Link {
  private static final Set<ResultCode> WRONG =
      Set.of(
          ResultCode.INVALID_CREDENTIALS,
          ResultCode.INAPPROPRIATE_AUTHENTICATION,
          ResultCode.CONSTRAINT_VIOLATION,
          ResultCode.UNWILLING_TO_PERFORM,
          ResultCode.NO_SUCH_OBJECT);

  /// By which no user's bind is decided; any other is about the one that it is answered to.
  private static final Set<ResultCode> DOWN =
      Set.of(
          ResultCode.BUSY,
          ResultCode.UNAVAILABLE,
          ResultCode.SERVER_DOWN,
          ResultCode.CONNECT_ERROR,
          ResultCode.TIMEOUT,
          ResultCode.LOCAL_ERROR,
          ResultCode.ENCODING_ERROR,
          ResultCode.DECODING_ERROR,
          ResultCode.CONFIDENTIALITY_REQUIRED,
          ResultCode.STRONG_AUTH_REQUIRED);

  private final LdapLinkSettings settings;
  private final Map<String, String> factOf;
  private final LdapServers servers;
  private final Workers queries;
  private final Workers checks;

  private LdapLink(
      LdapLinkSettings settings,
      Map<String, String> factOf,
      LdapServers servers,
      Workers queries,
      Workers checks) {
    this.settings = settings;
    this.factOf = factOf;
    this.servers = servers;
    this.queries = queries;
    this.checks = checks;
  }

  /// Prepares the connections; the servers may be away.
  ///
  /// @param name of the link
  /// @param timeout for an answer
  /// @param checks where passwords are hashed
  /// @throws IOException if a certificate or the password's file cannot be read
  public static LdapLink of(
      LdapLinkSettings settings, String name, Duration timeout, Workers checks, InstantSource clock)
      throws IOException {
    Map<String, String> factOf = new LinkedHashMap<>();
    for (String attribute : settings.attributes()) {
      int equals = attribute.indexOf('=');
      factOf.put(attribute.substring(0, equals), attribute.substring(equals + 1));
    }
    Duration each = timeout.dividedBy(2); // a search and a bind, or a second server
    Workers queries = new Workers(name, settings.connections(), each, clock);
    try {
      LdapServers servers = LdapServers.of(settings, name, each, clock);
      return new LdapLink(settings, factOf, servers, queries, checks);
    } catch (IOException | RuntimeException | Error e) {
      queries.close();
      throw e;
    }
  }

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    if (attempt.proof() instanceof Proof.Token) {
      return now(new Answer.NotMine());
    }
    CompletableFuture<Answer> bound = new CompletableFuture<>();
    return queries
        .run(() -> find(attempt, bound))
        .thenCompose(found -> found)
        .applyToEither(bound, answer -> answer);
  }

  @Override
  public boolean resumes(Proof.Kind before) {
    return before != Proof.Kind.TOKEN;
  }

  /// @param bound what the user's bind says, if one is needed: before this returns, which takes until its connection can be used again
  private CompletableFuture<Answer> find(Attempt attempt, CompletableFuture<Answer> bound)
      throws LDAPException {
    SearchRequest request =
        new SearchRequest(
            settings.base(),
            settings.scope() == LdapLinkSettings.Scope.ONE ? SearchScope.ONE : SearchScope.SUB,
            filter(attempt.user()),
            factOf.isEmpty()
                ? new String[] {SearchRequest.NO_ATTRIBUTES}
                : factOf.keySet().toArray(String[]::new));
    request.setSizeLimit(2);
    SearchResult result = servers.search(request);
    if (result.getResultCode().equals(ResultCode.SIZE_LIMIT_EXCEEDED)) {
      return several();
    }
    if (!result.getResultCode().equals(ResultCode.SUCCESS)) {
      throw new LDAPException(result);
    }
    List<SearchResultEntry> entries =
        Objects.requireNonNullElse(result.getSearchEntries(), List.of());
    if (entries.isEmpty()) {
      return now(new Answer.NotMine());
    }
    return entries.size() > 1 ? several() : answer(attempt, entries.getFirst(), bound);
  }

  private static CompletableFuture<Answer> several() {
    return now(new Answer.CannotTell("the filter fits more than one entry", /* down= */ false));
  }

  private Filter filter(String user) throws LDAPException {
    int at = user.lastIndexOf('@');
    return Filter.create(
        LdapLinkSettings.PARAMETER
            .matcher(settings.filter())
            .replaceAll(parameter ->
                Matcher.quoteReplacement(
                    Filter.encodeValue(
                        switch (parameter.group(1)) {
                          case "local" -> at < 0 ? user : user.substring(0, at);
                          case "domain" -> at < 0 ? "" : user.substring(at + 1);
                          default -> user;
                        }))));
  }

  private CompletableFuture<Answer> answer(
      Attempt attempt, SearchResultEntry entry, CompletableFuture<Answer> bound)
      throws LDAPException {
    Map<String, String> facts = new HashMap<>();
    factOf.forEach((attribute, fact) -> {
      String value = entry.getAttributeValue(attribute);
      if (value != null) {
        facts.put(fact, value);
      }
    });
    String password = facts.remove("password");
    Answer accepted = Facts.accept(facts);
    if (factOf.containsValue("password")) {
      StoredPassword stored =
          password == null
              ? new StoredPassword.Absent()
              : StoredPassword.parse(password, settings.scheme());
      return Verification.of(attempt, stored, accepted, checks);
    }
    if (settings.bind()) {
      return bind(attempt, entry.getDN(), accepted, bound);
    }
    return now(
        accepted instanceof Answer.Accept(Facts known, _)
            ? new Answer.Learnt(attempt.user(), known)
            : accepted);
  }

  private CompletableFuture<Answer> bind(
      Attempt attempt, String dn, Answer accepted, CompletableFuture<Answer> bound)
      throws LDAPException {
    return switch (attempt.proof()) {
      case Proof.Password(var password) -> {
        if (password.length == 0) {
          yield now(Answer.reject()); // a bind without one is anybody's (RFC 4513 §5.1.2)
        }
        byte[] copy = password.clone();
        if (isWiped(copy)) {
          yield now(new Answer.CannotTell("the login has ended meanwhile", /* down= */ false));
        }
        servers.bind(new SimpleBindRequest(dn, copy), result -> tell(bound, result, accepted));
        yield bound;
      }
      case Proof.Certificate _ -> now(accepted);
      case Proof.Resumed(var before) ->
          now(
              before == Proof.Kind.PASSWORD || before == Proof.Kind.CERTIFICATE
                  ? accepted
                  : new Answer.NotMine());
      case Proof.Token _, Proof.CramMd5 _, Proof.Scram _ -> now(new Answer.NotMine());
    };
  }

  /// Whether nobody waits for an answer any more; what is left would count as a wrong password.
  private static boolean isWiped(byte[] password) {
    for (byte each : password) {
      if (each != 0) {
        return false;
      }
    }
    return true;
  }

  private static void tell(CompletableFuture<Answer> bound, BindResult result, Answer accepted) {
    ResultCode code = result.getResultCode();
    if (DOWN.contains(code)) {
      bound.completeExceptionally(new LDAPException(result));
    } else if (code.equals(ResultCode.SUCCESS)) {
      bound.complete(accepted);
    } else if (WRONG.contains(code)) {
      bound.complete(Answer.reject());
    } else {
      bound.complete(new Answer.CannotTell("a bind is answered with " + code, /* down= */ false));
    }
  }

  private static CompletableFuture<Answer> now(Answer answer) {
    return CompletableFuture.completedFuture(answer);
  }

  @Override
  public void close() {
    queries.close();
    servers.close();
  }
}
