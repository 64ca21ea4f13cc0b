package dormouse.feed;

import dormouse.config.RedisSettings;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Passes on through Redis what this Dormouse hears by other feeds, so that others hear it too ([RedisFeed] has the form). What
/// cannot be passed on is dropped and counted, and an event without a user tells the others of the gap when it can.
///
/// Any thread may call [#publish] and [#close]; all else lives on one event loop.
final class RedisPublisher implements RedisConnection.Host {
  private static final Duration PAUSE = Duration.ofSeconds(2);
  private static final EventLog LOG = EventLog.of(RedisPublisher.class);

  private final Redis redis;
  private final String ourselves;
  private final Metrics metrics;
  private @Nullable RedisConnection connection; // once it stands
  private boolean dropped; // something, of which the others have not been told
  private boolean refused; // and said so
  private boolean closed;

  /// @param ourselves what entries name as their author
  RedisPublisher(Redis redis, String ourselves, Metrics metrics) {
    this.redis = redis;
    this.ourselves = ourselves;
    this.metrics = metrics;
  }

  void start() {
    redis.loop().execute(this::connect);
  }

  void close() {
    redis
        .loop()
        .execute(() -> {
          closed = true;
          if (connection != null) {
            connection.close();
          }
        });
  }

  void publish(Heard.Changed change) {
    redis
        .loop()
        .execute(() -> send(change.user(), change.mailbox() == null ? "" : change.mailbox()));
  }

  private void connect() {
    if (!closed) {
      redis.connect(this);
    }
  }

  private void send(String user, String mailbox) {
    RedisConnection on = connection;
    if (on == null || !on.keepsUp()) {
      dropped = true;
      metrics.feedUnpublished(redis.settings().topic());
      return;
    }
    if (dropped) {
      dropped = false;
      add(on, "", "");
    }
    add(on, user, mailbox);
  }

  private void add(RedisConnection on, String user, String mailbox) {
    RedisSettings settings = redis.settings();
    switch (settings.mode()) {
      case STREAM ->
          on.ask(
              this::answered,
              "XADD",
              settings.topic(),
              "MAXLEN",
              "~",
              Integer.toString(settings.maxLength()),
              "*",
              "user",
              user,
              "mailbox",
              mailbox,
              "by",
              ourselves);
      case PUB_SUB -> on.ask(this::answered, "PUBLISH", settings.topic() + ":" + user, mailbox);
    }
  }

  private void answered(RedisValue answer) {
    if (!(answer instanceof RedisValue.Failure(var why))) {
      refused = false;
      return;
    }
    dropped = true;
    metrics.feedUnpublished(redis.settings().topic());
    if (!refused) {
      LOG.warn("redis-refused", "address", redis.address(), "why", why);
    }
    refused = true;
  }

  @Override
  public void connected(RedisConnection stands) {
    if (closed) {
      stands.close();
      return;
    }
    connection = stands;
    if (dropped) {
      dropped = false;
      add(stands, "", "");
    }
  }

  @Override
  public void heard(RedisValue value) {}

  @Override
  public void lost() {
    dropped |= connection != null; // what is under way may not have come
    connection = null;
    if (!closed) {
      redis.wheel().after(PAUSE, this::connect);
    }
  }
}
