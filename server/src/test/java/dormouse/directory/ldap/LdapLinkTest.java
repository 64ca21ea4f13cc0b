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
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Answers that a real server, as in [LdapLinkIT], gives in trouble only.
class LdapLinkTest {
  private final InstantSource clock = InstantSource.system();

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
    InMemoryDirectoryServerConfig config = new InMemoryDirectoryServerConfig("dc=example,dc=org");
    config.setSchema(null);
    config.addInMemoryOperationInterceptor(
        new InMemoryOperationInterceptor() {
          @Override
          public void processSimpleBindRequest(InMemoryInterceptedSimpleBindRequest request)
              throws LDAPException {
            throw new LDAPException(code(code), "as it is told");
          }
        });
    InMemoryDirectoryServer server = new InMemoryDirectoryServer(config);
    EmbeddedChannel channel = new EmbeddedChannel();
    try (Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock)) {
      server.add("dn: dc=example,dc=org", "objectClass: domain", "dc: example");
      server.add("dn: uid=ann,dc=example,dc=org", "objectClass: account", "uid: ann");
      server.startListening();
      try (LdapLink link =
          LdapLink.of(
              settings("ldap://127.0.0.1:" + server.getListenPort()),
              "ldap",
              Duration.ofSeconds(10),
              checks,
              clock)) {
        assertThat(told(link.ask(Attempts.of("ann", "secret"), channel.eventLoop())))
            .isEqualTo(down);
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

  private static LdapLinkSettings settings(String url) {
    return new LdapLinkSettings(
        List.of(url),
        false,
        null,
        null,
        null,
        "dc=example,dc=org",
        LdapLinkSettings.Scope.SUBTREE,
        "(uid=:user)",
        List.of(),
        true,
        "PLAIN",
        3);
  }
}
