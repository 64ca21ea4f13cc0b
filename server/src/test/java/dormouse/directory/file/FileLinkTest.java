package dormouse.directory.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.FileLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.directory.Workers;
import dormouse.session.HandClock;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLinkTest {
  private final HandClock clock = new HandClock();
  private final Workers workers = new Workers("test", 2, Duration.ofSeconds(5), clock);
  private final EmbeddedChannel channel = new EmbeddedChannel();

  @TempDir Path directory = Path.of("");

  @AfterEach
  void stop() {
    workers.close();
    channel.close();
  }

  @Test
  void linesAreThoseOfDovecot() throws Exception {
    FileLink link =
        link(
            "users",
            """
            # who         is who
            ann:{PLAIN}secret
            bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=:1000:1000:Bob:/home/bob:/bin/sh:userdb_quota=1G host=mx2 allow_nets=2001:db8::/32,127.0.0.1 nologin
            cid:*:::
            """);
    assertThat(ask(link, "ann", "secret")).isEqualTo(Facts.accept(java.util.Map.of()));
    assertThat(ask(link, "ann", "Secret")).isEqualTo(Answer.reject());
    assertThat(ask(link, "cid", "*")).isEqualTo(Answer.reject());
    assertThat(ask(link, "dan", "secret")).isEqualTo(new Answer.NotMine());
    assertThat(ask(link, "bob", "secret"))
        .isInstanceOfSatisfying(
            Answer.Accept.class,
            accept -> {
              assertThat(accept.facts().host()).isEqualTo("mx2");
              assertThat(accept.facts().nologin()).isTrue();
              assertThat(accept.facts().allowNets()).hasSize(2);
            });
  }

  @Test
  void yamlHasUsersWithFacts() throws Exception {
    FileLink link =
        link(
            "users.yaml",
            """
            ann: "{PLAIN}secret"
            bob: { password: "{PLAIN}secret", host: mx2, pass: other }
            cid: { host: mx3 }
            """);
    assertThat(ask(link, "ann", "secret")).isInstanceOf(Answer.Accept.class);
    assertThat(ask(link, "cid", "")).isEqualTo(Answer.reject());
    assertThat(ask(link, "bob", "secret"))
        .isInstanceOfSatisfying(
            Answer.Accept.class,
            accept -> {
              assertThat(accept.facts().host()).isEqualTo("mx2");
              assertThat(Objects.requireNonNull(accept.facts().pass())).hasSize(5);
            });
  }

  @Test
  void anEmptyFileHasNobody() throws Exception {
    assertThat(ask(link("users.yml", "# later\n"), "ann", "x")).isEqualTo(new Answer.NotMine());
    assertThat(ask(link("users", ""), "ann", "x")).isEqualTo(new Answer.NotMine());
  }

  @Test
  void aChangedFileIsReadAgainAndABadOneIsNot() throws Exception {
    Path file = directory.resolve("users");
    FileLink link = link("users", "ann:{PLAIN}secret\n");
    Files.writeString(file, "ann:{PLAIN}other\n");
    clock.turn(Duration.ofSeconds(1));
    assertThat(ask(link, "ann", "other")).isInstanceOf(Answer.Accept.class);
    Files.writeString(file, "ann:{NOSUCH}other again\n");
    clock.turn(Duration.ofSeconds(1));
    assertThat(ask(link, "ann", "other")).isInstanceOf(Answer.Accept.class);
  }

  @Test
  void whoHasLoggedInBeforeIsLookedUpWithoutAPassword() throws Exception {
    FileLink link =
        link("users", "ann:{PLAIN}secret::::::host=mx2\nbob:*:::\ncid:::::::nopassword\n");
    assertThat(again(link, "ann", Proof.Kind.PASSWORD))
        .isEqualTo(Facts.accept(java.util.Map.of("host", "mx2")));
    assertThat(again(link, "ann", Proof.Kind.SCRAM)).isInstanceOf(Answer.Accept.class);
    assertThat(again(link, "bob", Proof.Kind.PASSWORD)).as("locked").isEqualTo(Answer.reject());
    assertThat(again(link, "cid", Proof.Kind.PASSWORD)).isInstanceOf(Answer.Accept.class);
    assertThat(again(link, "dan", Proof.Kind.PASSWORD)).isEqualTo(new Answer.NotMine());
    assertThat(link.resumes(Proof.Kind.TOKEN)).isFalse();
  }

  @Test
  void allThatIsWrongIsToldWithItsLineAndNoPassword() {
    assertThatThrownBy(() ->
            link(
                "users",
                """
                ann:{NOSUCH}hunter2
                hunter2
                :{PLAIN}hunter2
                bob:{PLAIN}hunter2
                bob:{PLAIN}hunter2
                cid:hunter2
                dan:{PLAIN}x::::::port=hunter2
                """))
        .isInstanceOf(IOException.class)
        .hasMessage(
            """
            %1$s:1: unknown password scheme NOSUCH
            %1$s:2: wanted a line such as `ann:{SHA512-CRYPT}$6$…`
            %1$s:3: wanted a user name first
            %1$s:5: a user of line 4 again: bob
            %1$s:6: not what CRYPT looks like
            %1$s:7: impossible facts: port\
            """
                .formatted(directory.resolve("users")));
    assertThatThrownBy(() -> link("users.yaml", "ann: [ x ]\nbob: { a: [ b ] }\n"))
        .hasMessageContaining(":1: wanted a password")
        .hasMessageContaining(":2: wanted one word");
    assertThatThrownBy(() -> link("users.yaml", "ann: hunter2: x\n"))
        .hasMessageContaining(":1: not YAML");
  }

  private FileLink link(String name, String content) throws IOException {
    Path file = Files.writeString(directory.resolve(name), content);
    return FileLink.read(new FileLinkSettings(file, "CRYPT"), workers, workers, clock);
  }

  private Answer again(FileLink link, String user, Proof.Kind shown) throws Exception {
    assertThat(link.resumes(shown)).isTrue();
    return link.ask(Attempts.again(user, shown), channel.eventLoop()).get(10, TimeUnit.SECONDS);
  }

  private Answer ask(FileLink link, String user, String password) throws Exception {
    return link.ask(Attempts.of(user, password), channel.eventLoop()).get(10, TimeUnit.SECONDS);
  }
}
