package dormouse.directory.ldap;

import static org.assertj.core.api.Assertions.assertThat;

import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSimpleBindRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryOperationInterceptor;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import dormouse.config.LdapLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempts;
import dormouse.directory.Workers;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Answers that a real server, as in [LdapLinkIT], gives in trouble only.
class LdapLinkTest {
  private static final String SEARCHER = "cn=searcher,dc=example,dc=org";

  private final InstantSource clock = InstantSource.system();

  @TempDir Path directory = Path.of("");

  @ParameterizedTest
  @CsvSource({
    "OTHER, false",
    "UNWILLING_TO_PERFORM, rejected",
    "REFERRAL, false",
    "INSUFFICIENT_ACCESS_RIGHTS, false",
    "BUSY, true",
    "UNAVAILABLE, true"
  })
  void aBindThatIsRefusedToOneUserIsNoOutage(String code, String down) throws Exception {
    assertThat(
            told(
                null,
                new AtomicReference<>(),
                new InMemoryOperationInterceptor() {
                  @Override
                  public void processSimpleBindRequest(InMemoryInterceptedSimpleBindRequest request)
                      throws LDAPException {
                    throw new LDAPException(code(code), "as it is told");
                  }
                }))
        .isEqualTo(down);
  }

  /// Nobody is charged for the password of whoever searches, which was just changed.
  @ParameterizedTest
  @ValueSource(strings = {"INVALID_CREDENTIALS", "CONSTRAINT_VIOLATION", "UNWILLING_TO_PERFORM"})
  void aRefusedSearcherIsNoWrongPassword(String code) throws Exception {
    Path secret = Files.writeString(directory.resolve("secret"), "before");
    AtomicReference<InMemoryDirectoryServer> server = new AtomicReference<>();
    AtomicBoolean rotated = new AtomicBoolean();
    assertThat(
            told(
                secret,
                server,
                new InMemoryOperationInterceptor() {
                  @Override
                  public void processSimpleBindRequest(InMemoryInterceptedSimpleBindRequest request)
                      throws LDAPException {
                    if (!request.getRequest().getBindDN().equals(SEARCHER)) {
                      rotated.set(true);
                      server.get().closeAllConnections(false);
                    } else if (rotated.get()) {
                      throw new LDAPException(code(code), "as it is told");
                    }
                  }
                }))
        .isEqualTo("true");
    assertThat(rotated).isTrue();
  }

  /// What is said to a user who is found, and shows a password.
  private String told(
      @Nullable Path secret,
      AtomicReference<InMemoryDirectoryServer> running,
      InMemoryOperationInterceptor interceptor)
      throws Exception {
    InMemoryDirectoryServerConfig config = new InMemoryDirectoryServerConfig("dc=example,dc=org");
    config.setSchema(null);
    config.addAdditionalBindCredentials(SEARCHER, "before");
    config.addInMemoryOperationInterceptor(interceptor);
    InMemoryDirectoryServer server = new InMemoryDirectoryServer(config);
    running.set(server);
    EmbeddedChannel channel = new EmbeddedChannel();
    try (Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock)) {
      server.add("dn: dc=example,dc=org", "objectClass: domain", "dc: example");
      server.add("dn: uid=ann,dc=example,dc=org", "objectClass: account", "uid: ann");
      server.startListening();
      try (LdapLink link =
          LdapLink.of(
              settings("ldap://127.0.0.1:" + server.getListenPort(), secret),
              "ldap",
              Duration.ofSeconds(10),
              checks,
              clock)) {
        return told(link.ask(Attempts.of("ann", "secret"), channel.eventLoop()));
      }
    } finally {
      server.shutDown(true);
      channel.close();
    }
  }

  private static ResultCode code(String name) {
    return switch (name) {
      case "OTHER" -> ResultCode.OTHER;
      case "UNWILLING_TO_PERFORM" -> ResultCode.UNWILLING_TO_PERFORM;
      case "REFERRAL" -> ResultCode.REFERRAL;
      case "INSUFFICIENT_ACCESS_RIGHTS" -> ResultCode.INSUFFICIENT_ACCESS_RIGHTS;
      case "INVALID_CREDENTIALS" -> ResultCode.INVALID_CREDENTIALS;
      case "CONSTRAINT_VIOLATION" -> ResultCode.CONSTRAINT_VIOLATION;
      case "BUSY" -> ResultCode.BUSY;
      default -> ResultCode.UNAVAILABLE;
    };
  }

  /// Whether the link is down, or that it has refused.
  private static String told(CompletableFuture<Answer> asked) throws Exception {
    Answer answer =
        asked
            .exceptionally(failure -> new Answer.CannotTell(failure.toString()))
            .get(20, TimeUnit.SECONDS);
    return answer instanceof Answer.CannotTell(_, var down) ? String.valueOf(down) : "rejected";
  }

  /// @param secret of whoever searches; null if that is nobody in particular
  private static LdapLinkSettings settings(String url, @Nullable Path secret) {
    return new LdapLinkSettings(
        List.of(url),
        false,
        null,
        secret == null ? null : SEARCHER,
        secret,
        "dc=example,dc=org",
        LdapLinkSettings.Scope.SUBTREE,
        "(uid=:user)",
        List.of(),
        true,
        "PLAIN",
        3);
  }
}
