package dormouse.directory.ldap;

import static org.assertj.core.api.Assertions.assertThat;

import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSearchRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSimpleBindRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryOperationInterceptor;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import dormouse.config.LdapLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Workers;
import dormouse.session.HandClock;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Answers that a real server, as in [LdapLinkIT], gives in trouble only.
class LdapLinkTest {
  private static final String SEARCHER = "cn=searcher,dc=example,dc=org";
  private static final String PASSWORD = "before";
  private static final Attempt ANN = Attempts.of("ann", "secret");

  private final InstantSource clock = InstantSource.system();
  private final EmbeddedChannel channel = new EmbeddedChannel();

  @TempDir Path directory = Path.of("");

  @AfterEach
  void close() {
    channel.close();
  }

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
    AtomicReference<InMemoryDirectoryServer> server = new AtomicReference<>();
    AtomicBoolean rotated = new AtomicBoolean();
    assertThat(
            told(
                secret(),
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

  /// Each login would ask it first, and then another.
  @ParameterizedTest
  @ValueSource(strings = {"BUSY", "UNAVAILABLE"})
  void aServerThatCannotAnswerNowIsPassedOverForAMinute(String code) throws Exception {
    AtomicBoolean can = new AtomicBoolean();
    AtomicInteger refused = new AtomicInteger();
    AtomicInteger others = new AtomicInteger();
    HandClock time = new HandClock();
    try (InMemoryDirectoryServer first =
            start(
                new InMemoryOperationInterceptor() {
                  @Override
                  public void processSearchRequest(InMemoryInterceptedSearchRequest request)
                      throws LDAPException {
                    if (!can.get()) {
                      refused.incrementAndGet();
                      throw new LDAPException(code(code), "as it is told");
                    }
                  }
                });
        InMemoryDirectoryServer second =
            start(
                new InMemoryOperationInterceptor() {
                  @Override
                  public void processSearchRequest(InMemoryInterceptedSearchRequest request) {
                    others.incrementAndGet();
                  }
                });
        Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock);
        LdapLink link =
            LdapLink.of(
                settings(secret(), url(first), url(second)),
                "ldap",
                Duration.ofSeconds(10),
                checks,
                time)) {
      for (int minute = 1; minute <= 2; minute++) {
        for (int login = 0; login < 3; login++) {
          assertThat(told(link.ask(ANN, channel.eventLoop()))).isEqualTo("rejected");
        }
        assertThat(refused).as("once a minute").hasValue(minute);
        time.turn(FailOver.PASSED_OVER);
      }
      can.set(true);
      assertThat(others).hasValue(6);
      assertThat(told(link.ask(ANN, channel.eventLoop()))).isEqualTo("rejected");
      assertThat(others).as("the first serves again").hasValue(6);
    }
  }

  /// The search took longer than the login could wait.
  @Test
  void aPasswordThatWasWipedMeanwhileIsNotTried() throws Exception {
    Attempt ann = Attempts.of("ann", "secret");
    AtomicInteger tried = new AtomicInteger();
    try (InMemoryDirectoryServer server =
            start(
                new InMemoryOperationInterceptor() {
                  @Override
                  public void processSearchRequest(InMemoryInterceptedSearchRequest request) {
                    ann.proof().wipe();
                  }

                  @Override
                  public void processSimpleBindRequest(
                      InMemoryInterceptedSimpleBindRequest request) {
                    tried.incrementAndGet();
                  }
                });
        Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock);
        LdapLink link =
            LdapLink.of(
                settings(null, url(server)), "ldap", Duration.ofSeconds(10), checks, clock)) {
      assertThat(told(link.ask(ann, channel.eventLoop()))).isEqualTo("false");
      assertThat(tried).hasValue(0);
    }
  }

  @Test
  void nobodyWaitsUntilTheConnectionIsTheSearchersAgain() throws Exception {
    AtomicBoolean tried = new AtomicBoolean();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch told = new CountDownLatch(1);
    try (InMemoryDirectoryServer server =
            start(
                new InMemoryOperationInterceptor() {
                  @Override
                  public void processSimpleBindRequest(
                      InMemoryInterceptedSimpleBindRequest request) {
                    if (!request.getRequest().getBindDN().equals(SEARCHER)) {
                      tried.set(true);
                    } else if (tried.get()) {
                      begun.countDown();
                      await(told);
                    }
                  }
                });
        Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock);
        LdapLink link =
            LdapLink.of(
                settings(secret(), url(server)), "ldap", Duration.ofMinutes(2), checks, clock)) {
      CompletableFuture<Answer> asked = link.ask(ANN, channel.eventLoop());
      await(begun);
      assertThat(told(asked)).isEqualTo("rejected");
      told.countDown();
    }
  }

  /// What is said to a user who is found, and shows a password.
  private String told(
      @Nullable Path secret,
      AtomicReference<InMemoryDirectoryServer> running,
      InMemoryOperationInterceptor interceptor)
      throws Exception {
    try (InMemoryDirectoryServer server = start(interceptor);
        Workers checks = new Workers("checks", 1, Duration.ofSeconds(5), clock);
        LdapLink link =
            LdapLink.of(
                settings(secret, url(server)), "ldap", Duration.ofSeconds(10), checks, clock)) {
      running.set(server);
      return told(link.ask(ANN, channel.eventLoop()));
    }
  }

  private static InMemoryDirectoryServer start(InMemoryOperationInterceptor interceptor)
      throws Exception {
    InMemoryDirectoryServerConfig config = new InMemoryDirectoryServerConfig("dc=example,dc=org");
    config.setSchema(null);
    config.addAdditionalBindCredentials(SEARCHER, PASSWORD);
    config.addInMemoryOperationInterceptor(interceptor);
    InMemoryDirectoryServer server = new InMemoryDirectoryServer(config);
    server.add("dn: dc=example,dc=org", "objectClass: domain", "dc: example");
    server.add("dn: uid=ann,dc=example,dc=org", "objectClass: account", "uid: ann");
    server.startListening();
    return server;
  }

  private static String url(InMemoryDirectoryServer server) {
    return "ldap://127.0.0.1:" + server.getListenPort();
  }

  private Path secret() throws IOException {
    return Files.writeString(directory.resolve("secret"), PASSWORD);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
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
  private static LdapLinkSettings settings(@Nullable Path secret, String... urls) {
    return new LdapLinkSettings(
        List.of(urls),
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
