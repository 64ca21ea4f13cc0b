package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.DovecotEventsSettings;
import dormouse.config.FeedSettings;
import dormouse.config.RedisSettings;
import dormouse.config.RedisSettings.Mode;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.testkit.RedisServer;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Events through a real Redis.
final class RedisFeedIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path directory = Path.of("");
  private RedisServer redis;
  private final EventLoops loops = EventLoops.start(1, InstantSource.system());
  private final List<AutoCloseable> parts = new ArrayList<>();

  @BeforeEach
  void start() {
    redis = RedisServer.start();
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable part : parts) {
      part.close();
    }
    loops.close();
    redis.close();
  }

  private RedisSettings settings(Mode mode, boolean publish) throws IOException {
    Path secret = Files.writeString(directory.resolve("secret"), RedisServer.PASSWORD + "\n");
    return new RedisSettings(
        "127.0.0.1", redis.port(), null, secret, "mail", mode, 1000, publish, List.of());
  }

  /// One Dormouse's feeds, and a listener of `ann` on backend `mx`.
  private final class Dormouse implements BackendFeeds.Listener {
    final Metrics metrics = new Metrics();
    final Feeds feeds = new Feeds(loops, InstantSource.system(), metrics);
    final List<String> heard = new CopyOnWriteArrayList<>();

    Dormouse(FeedSettings... settings) throws IOException {
      parts.add(feeds);
      feeds.prepare(List.of(settings)).commit();
      feeds.of("mx").subscribe("ann", this);
    }

    @Override
    public void changed(Feed by, @Nullable String mailbox) {
      heard.add(String.valueOf(mailbox));
    }

    @Override
    public Executor toldOn() {
      return Runnable::run;
    }

    @Override
    public void turned() {
      heard.add(feeds.of("mx").state().name());
    }

    void await(String last) {
      Wait.until(
          last + " behind " + heard,
          PATIENCE,
          () -> !heard.isEmpty() && heard.getLast().equals(last));
    }
  }

  private void tell(Mode mode, String user, String mailbox) {
    switch (mode) {
      case STREAM -> redis.run("XADD", "mail", "*", "user", user, "mailbox", mailbox);
      case PUB_SUB ->
          Wait.until(
              "somebody listens",
              PATIENCE,
              () -> !redis.run("PUBLISH", "mail:" + user, mailbox).equals("0"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsToldIsHeardAndAgainAfterARestartThatIsNoticed(Mode mode) throws IOException {
    Dormouse dormouse = new Dormouse(new FeedSettings(settings(mode, false)));
    if (mode == Mode.STREAM) {
      Wait.until("it reads", PATIENCE, () -> redis.run("CLIENT", "LIST").contains("cmd=xread"));
    }
    tell(mode, "ann", "INBOX");
    dormouse.await("UP");
    tell(mode, "bob", "INBOX");
    tell(mode, "ann", "");
    dormouse.await("null");
    assertThat(dormouse.heard).containsExactly("INBOX", "UP", "null");

    redis.stop();
    dormouse.await("DOWN");
    redis.restart();
    dormouse.await("UP");
    tell(mode, "ann", "Work");
    dormouse.await("Work");
  }

  /// Where Redis has users of its own (ACL).
  @Test
  void itLogsInAsItsUser() throws IOException {
    redis.run("ACL", "SETUSER", "mice", "on", ">another secret", "~mail*", "&mail*", "+@all");
    Path secret = Files.writeString(directory.resolve("other"), "another secret\n");
    Dormouse dormouse =
        new Dormouse(
            new FeedSettings(
                new RedisSettings(
                    "127.0.0.1",
                    redis.port(),
                    "mice",
                    secret,
                    "mail",
                    Mode.STREAM,
                    1000,
                    false,
                    List.of())));
    Wait.until("it reads", PATIENCE, () -> redis.run("CLIENT", "LIST").contains("user=mice"));
    Wait.until("it reads", PATIENCE, () -> redis.run("CLIENT", "LIST").contains("cmd=xread"));
    tell(Mode.STREAM, "ann", "INBOX");
    dormouse.await("UP");
    assertThat(dormouse.heard).containsExactly("INBOX", "UP");
  }

  @Test
  void aShortBreakLosesNothingOfAStreamAndIsNoReasonToLook() throws IOException {
    Dormouse dormouse = new Dormouse(new FeedSettings(settings(Mode.STREAM, false)));
    Wait.until("it reads", PATIENCE, () -> redis.run("CLIENT", "LIST").contains("cmd=xread"));
    tell(Mode.STREAM, "ann", "1");
    dormouse.await("UP");
    redis.run("CLIENT", "KILL", "TYPE", "normal");
    tell(Mode.STREAM, "ann", "2");
    tell(Mode.STREAM, "ann", "3");
    dormouse.await("3");
    assertThat(dormouse.heard).containsExactly("1", "UP", "2", "3");
  }

  @Test
  void whatWasCutOffAStreamIsNoticedAndSoIsWhatSomebodyCouldNotPassOn() throws IOException {
    Dormouse dormouse = new Dormouse(new FeedSettings(settings(Mode.STREAM, false)));
    Wait.until("it reads", PATIENCE, () -> redis.run("CLIENT", "LIST").contains("cmd=xread"));
    tell(Mode.STREAM, "ann", "1");
    dormouse.await("UP");
    // in one step, so that it reads nothing between
    redis.run(
        "EVAL",
        "redis.call('XADD','mail','*','user','ann','mailbox','lost')"
            + " redis.call('XTRIM','mail','MAXLEN','0')",
        "0");
    dormouse.await("UP");
    Wait.until(
        "the gap is noticed",
        PATIENCE,
        () -> dormouse.heard.stream().filter("UP"::equals).count() == 2);
    tell(Mode.STREAM, "ann", "2");
    dormouse.await("2");
    tell(Mode.STREAM, "", "");
    dormouse.await("UP");
  }

  @ParameterizedTest
  @EnumSource
  void whatOneDormouseHearsItTellsTheOthers(Mode mode) throws Exception {
    var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var usual = DovecotEventsSettings.DEFAULT;
    Dormouse near =
        new Dormouse(
            new FeedSettings(new DovecotEventsSettings(any, usual.allow(), List.of())),
            new FeedSettings(settings(mode, true)));
    Dormouse far = new Dormouse(new FeedSettings(settings(mode, false)));
    int port = near.feeds.addresses().getFirst().getPort();
    String body =
        "{\"event\":\"push_notification_finished\",\"fields\":"
            + "{\"user\":\"ann\",\"cmd_name\":\"APPEND\",\"mailbox\":\"Work\"}}";
    try (HttpClient http = HttpClient.newHttpClient()) {
      Wait.until(
          "the other hears",
          PATIENCE,
          () -> {
            post(http, port, body);
            return far.heard.contains("Work");
          });
    }
    assertThat(near.heard).contains("Work");
  }

  @Test
  void theStreamIsKeptShort() throws Exception {
    var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var usual = DovecotEventsSettings.DEFAULT;
    Dormouse near =
        new Dormouse(
            new FeedSettings(new DovecotEventsSettings(any, usual.allow(), List.of())),
            new FeedSettings(settings(Mode.STREAM, true)));
    int port = near.feeds.addresses().getFirst().getPort();
    String body =
        "{\"event\":\"push_notification_finished\",\"fields\":"
            + "{\"user\":\"ann\",\"cmd_name\":\"APPEND\",\"mailbox\":\"Work\"}}";
    redis.run(
        "EVAL",
        "for i = 1, 3000 do redis.call('XADD', 'mail', '*', 'user', 'x', 'mailbox', 'y') end",
        "0");
    try (HttpClient http = HttpClient.newHttpClient()) {
      Wait.until(
          "Redis is told",
          PATIENCE,
          () -> {
            post(http, port, body);
            return Integer.parseInt(redis.run("XLEN", "mail").strip()) < 1300;
          });
    }
    assertThat(Integer.parseInt(redis.run("XLEN", "mail").strip())).isGreaterThanOrEqualTo(1000);
  }

  private static void post(HttpClient http, int port, String body) {
    try {
      http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build(),
          HttpResponse.BodyHandlers.discarding());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
