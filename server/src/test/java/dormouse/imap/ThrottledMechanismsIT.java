package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.FrontEnd;
import dormouse.testkit.BehindProxy;
import dormouse.testkit.DovecotServer;
import dormouse.testkit.ImapClient;
import dormouse.testkit.TokenProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.shaded.com.ongres.scram.client.ScramClient;
import org.postgresql.shaded.com.ongres.scram.common.exception.ScramException;

/// Failed logins count whichever way they come, before a Dovecot: two are free, and who then has to wait is refused at once. Clients come from
/// everywhere, as a proxy's header says.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ThrottledMechanismsIT {
  private static final String WRONG = "NO [AUTHENTICATIONFAILED] Wrong user name or password";
  private static final String WAIT = "NO [LIMIT] Too many failed logins, try again later";
  private static final int FREE = 2;

  private final TokenProvider provider = TokenProvider.start();
  private DovecotServer dovecot;
  private FrontEnd front;

  @TempDir static Path directory = Path.of("");

  /// Ways to log in, each of which a user of its own tries.
  enum Way {
    PLAIN(1),
    LOGIN(2),
    CRAM_MD5(3),
    SCRAM_SHA_256(4),
    OAUTHBEARER(5),
    XOAUTH2(6),
    EXTERNAL(7);

    private final int number;

    Way(int number) {
      this.number = number;
    }

    String user() {
      return "u" + number;
    }

    /// An address of an IPv4 network that no other has.
    String from(int host) {
      return "203.0." + number + "." + host;
    }

    @Override
    public String toString() {
      return name().replace('_', '-');
    }
  }

  @BeforeAll
  void start() throws IOException {
    dovecot = DovecotServer.start();
    StringBuilder users = new StringBuilder();
    for (Way way : Way.values()) {
      for (String user : List.of(way.user(), another(way))) {
        users.append(user).append(":{PLAIN}").append(DovecotServer.PASSWORD).append('\n');
      }
    }
    Path file = Files.writeString(directory.resolve("users"), users);
    Path master = Files.writeString(directory.resolve("master"), DovecotServer.MASTER_PASSWORD);
    front =
        FrontEnd.of(
            """
            listen: [ { address: "127.0.0.1:0", tls: none, proxy-protocol-from: [ 127.0.0.1 ] } ]
            backends:
              mx: { address: "127.0.0.1:%d", tls: none, login-as: { user: %s, password-file: %s } }
            directory:
              - file: { path: %s }
              - oauth2: { issuer: "https://id", audience: [ mail ], jwks: "%s/jwks" }
            login: { mechanisms: [ scram-sha-256, plain, login, cram-md5, external, oauthbearer, xoauth2 ] }
            throttle: { free: %d, delay: 1m, max-delay: 1m, patience: 0s, forget: 10m }
            """
                .formatted(
                    dovecot.imapPort(), DovecotServer.MASTER, master, file, provider.url(), FREE));
  }

  @AfterAll
  void stop() {
    front.close();
    dovecot.close();
    provider.close();
  }

  @ParameterizedTest
  @EnumSource
  void anAddressAndAUserAreSlowedDown(Way way) throws Exception {
    String known = way.from(1);
    String guesses = way.from(2);
    assertThat(login(way, known, way.user(), true)).startsWith("OK ");
    for (int i = 0; i < FREE; i++) {
      assertThat(login(way, guesses, "nobody" + way.number + i, false)).isEqualTo(WRONG);
    }
    assertThat(login(way, guesses, "nobody" + way.number + FREE, false)).isEqualTo(WAIT);
    assertThat(login(way, guesses, way.user(), true)).isEqualTo(WAIT);
    assertThat(login(Way.PLAIN, guesses, way.user(), true)).as("by another way").isEqualTo(WAIT);

    for (int i = 0; i < FREE; i++) {
      assertThat(login(way, way.from(10 + i), way.user(), false)).startsWith("NO [AUTH");
    }
    assertThat(login(way, way.from(20), way.user(), true)).isEqualTo(WAIT);
    assertThat(login(way, known, way.user(), true)).as("the user's own device").startsWith("OK ");
    assertThat(login(way, way.from(20), another(way), true)).startsWith("OK ");
  }

  /// Somebody whose logins nobody has guessed yet.
  private static String another(Way way) {
    return "u" + (100 + way.number);
  }

  /// What a login on a connection of its own is answered, without its tag.
  private String login(Way way, String from, String user, boolean right) throws Exception {
    String password = right ? DovecotServer.PASSWORD : "wrong";
    String bearer = "\1auth=Bearer " + (right ? token(user) : "x") + "\1\1";
    try (ImapClient client = BehindProxy.certified(front.plain(), from, user)) {
      return switch (way) {
        case PLAIN -> answer(client, way, "\0" + user + "\0" + password, _ -> "");
        case LOGIN -> {
          Iterator<String> words = List.of(user, password).iterator();
          yield answer(client, way, null, _ -> words.next());
        }
        case CRAM_MD5 -> answer(client, way, null, asked -> user + " " + digest(asked, password));
        case SCRAM_SHA_256 -> {
          ScramClient scram =
              ScramClient.builder()
                  .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                  .username(user)
                  .password(password.toCharArray())
                  .build();
          String first = scram.clientFirstMessage().toString();
          yield answer(client, way, first, asked -> proof(scram, asked));
        }
        case OAUTHBEARER -> answer(client, way, "n,a=" + user + "," + bearer, _ -> "\1");
        case XOAUTH2 -> answer(client, way, "user=" + user + bearer, _ -> "\1");
        case EXTERNAL -> answer(client, way, right ? "" : "another", _ -> "");
      };
    }
  }

  /// @param replies to what it is asked
  private static String answer(
      ImapClient client, Way way, @Nullable String first, UnaryOperator<String> replies) {
    String initial = first == null ? "" : first.isEmpty() ? " =" : " " + base64(first);
    String tag = client.start("AUTHENTICATE " + way + initial);
    String line = client.readLine();
    while (line.startsWith("+")) {
      String asked = new String(Base64.getDecoder().decode(line.substring(1).strip()), UTF_8);
      client.send(base64(replies.apply(asked)) + "\r\n");
      line = client.readLine();
    }
    assertThat(line).startsWith(tag + " ");
    return line.substring(tag.length() + 1);
  }

  private static String digest(String challenge, String password) {
    try {
      Mac mac = Mac.getInstance("HmacMD5");
      mac.init(new SecretKeySpec(password.getBytes(UTF_8), "HmacMD5"));
      return HexFormat.of().formatHex(mac.doFinal(challenge.getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The proof, or nothing more to what the server says of its own.
  private static String proof(ScramClient scram, String asked) {
    try {
      if (asked.startsWith("v=")) {
        return "";
      }
      scram.serverFirstMessage(asked);
      return scram.clientFinalMessage().toString();
    } catch (ScramException e) {
      throw new IllegalStateException(e);
    }
  }

  private String token(String user) {
    return provider.token(
        "RS256",
        "{\"iss\":\"https://id\",\"aud\":\"mail\",\"email\":\"%s\",\"exp\":%d}"
            .formatted(user, Instant.now().getEpochSecond() + 600));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }
}
