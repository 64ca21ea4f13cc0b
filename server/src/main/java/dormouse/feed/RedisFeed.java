package dormouse.feed;

import dormouse.config.RedisSettings;
import dormouse.ops.EventLog;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Hears events through Redis: an entry of a stream with the fields `user` and `mailbox`, or a message on the channel
/// `TOPIC:user` with the mailbox in it. No mailbox, or an empty one: any of the user's. No user: events were lost on the way here.
/// ```text
/// away ──connected──▶ finding its place ──▶ reading ──XREAD, again and again──┐
///   ▲                                          ▲ └───────────────────────────┘
///   └────────────────── lost, or silent ───────┘
/// ```
/// **Place.** In a stream it is the id that was read last, and outlives a connection: if the stream still begins at or before it,
/// nothing was lost. Else, and on channels always, who sleeps is looked after as if the feed had been down.
///
/// Lives on one event loop.
final class RedisFeed implements RedisConnection.Host {
  private static final EventLog LOG = EventLog.of(RedisFeed.class);
  private static final Duration WAIT = Duration.ofSeconds(5);
  private static final Duration SILENCE = WAIT.multipliedBy(2);
  private static final Duration GRACE = Feed.WITHIN;
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final String MOST_ENTRIES = "500";
  private static final String NOWHERE = "0-0";

  private final Redis redis;
  private final RedisSettings settings;
  private final Source source;
  private final String ourselves;
  private final TimerWheel wheel;
  private @Nullable RedisConnection connection;
  private @Nullable String place;
  private Duration pause = FIRST_PAUSE;
  private boolean heard; // something, since the last look
  private boolean gap; // since the feed was last there
  private boolean away = true; // and said so
  private boolean closed;
  private @Nullable Timer graceOver;
  private @Nullable Timer silence;

  /// @param source is told
  /// @param ourselves what entries of our own name as their author
  RedisFeed(Redis redis, Source source, String ourselves) {
    this.redis = redis;
    this.settings = redis.settings();
    this.source = source;
    this.ourselves = ourselves;
    this.wheel = redis.wheel();
  }

  /// Any thread.
  void start() {
    redis.loop().execute(this::connect);
  }

  /// Any thread.
  void close() {
    redis
        .loop()
        .execute(() -> {
          closed = true;
          cancel(graceOver);
          cancel(silence);
          if (connection != null) {
            connection.close();
          }
        });
  }

  private void connect() {
    if (!closed) {
      connection = redis.connect(this);
    }
  }

  @Override
  public void connected(RedisConnection on) {
    if (closed) {
      on.close();
      return;
    }
    listenForSilence(on);
    switch (settings.mode()) {
      case PUB_SUB -> {
        gap = true;
        on.tell("PSUBSCRIBE", glob(settings.topic()) + ":*");
      }
      case STREAM -> findPlace(on);
    }
  }

  /// With nothing in it that a pattern would take for more than itself.
  private static String glob(String topic) {
    return topic.replaceAll("([\\\\?\\[\\]^])", "\\\\$1");
  }

  // ── the stream ──

  private void findPlace(RedisConnection on) {
    if (place == null) {
      gap = true;
      on.ask(
          newest -> {
            if (fine(on, newest)) {
              place = newest.items().isEmpty() ? NOWHERE : idOf(newest.items().getFirst());
              read(on);
            }
          },
          "XREVRANGE",
          settings.topic(),
          "+",
          "-",
          "COUNT",
          "1");
      return;
    }
    read(on);
  }

  /// Looks whether the stream still holds its place, and takes what is behind it.
  private void read(RedisConnection on) {
    String from = Objects.requireNonNull(place);
    on.ask(
        oldest -> {
          if (fine(on, oldest)) {
            keepPlace(from, oldest);
          }
        },
        "XRANGE",
        settings.topic(),
        "-",
        "+",
        "COUNT",
        "1");
    on.ask(
        entries -> {
          if (!fine(on, entries)) {
            return;
          }
          entries.items().forEach(stream -> take(stream.items()));
          back();
          read(on);
        },
        "XREAD",
        "COUNT",
        MOST_ENTRIES,
        "BLOCK",
        Long.toString(away || graceOver != null ? 1 : WAIT.toMillis()),
        "STREAMS",
        settings.topic(),
        from);
  }

  /// What stood behind this id may not be in the stream any more.
  ///
  /// @param oldest the first entry that there is, in a list
  private void keepPlace(String id, RedisValue oldest) {
    if (id.equals(NOWHERE)) {
      return;
    }
    if (oldest.items().isEmpty()) {
      gap = true;
      place = NOWHERE;
    } else if (compare(idOf(oldest.items().getFirst()), id) > 0) {
      gap = true;
    }
  }

  private static String idOf(RedisValue entry) {
    return entry.items().isEmpty() ? NOWHERE : entry.items().getFirst().text();
  }

  /// Compares two ids, `1795704730484-0`.
  static int compare(String one, String other) {
    String[] a = one.split("-", 2);
    String[] b = other.split("-", 2);
    int first = compareNumbers(a[0], b[0]);
    return first != 0 || a.length < 2 || b.length < 2 ? first : compareNumbers(a[1], b[1]);
  }

  private static int compareNumbers(String a, String b) {
    return a.length() == b.length() ? a.compareTo(b) : Integer.compare(a.length(), b.length());
  }

  /// @param named the stream's name, and its entries
  private void take(List<RedisValue> named) {
    if (named.size() < 2) {
      return;
    }
    for (RedisValue entry : named.get(1).items()) {
      if (entry.items().size() < 2) {
        continue;
      }
      place = entry.items().getFirst().text();
      take(fields(entry.items().get(1).items()));
    }
  }

  private static Map<String, String> fields(List<RedisValue> flat) {
    Map<String, String> fields = new HashMap<>();
    for (int i = 0; i + 1 < flat.size(); i += 2) {
      fields.put(flat.get(i).text(), flat.get(i + 1).text());
    }
    return fields;
  }

  private void take(Map<String, String> fields) {
    if (fields.getOrDefault("by", "").equals(ourselves)) {
      return; // heard before
    }
    String user = fields.get("user");
    if (user == null) {
      source.malformed();
      return;
    }
    changed(user, fields.getOrDefault("mailbox", ""));
  }

  private void changed(String user, String mailbox) {
    if (user.isEmpty()) {
      gap = true;
      back();
      return;
    }
    source.changed(new Heard.Changed(user, mailbox.isEmpty() ? null : mailbox));
  }

  // ── the channels ──

  @Override
  public void heard(RedisValue value) {
    heard = true;
    List<RedisValue> items = value.items();
    String kind = items.isEmpty() ? "" : items.getFirst().text();
    if (kind.equals("psubscribe")) {
      back();
    } else if (kind.equals("pmessage") && items.size() == 4) {
      String channel = items.get(2).text();
      int prefix = settings.topic().length() + 1;
      changed(channel.length() < prefix ? "" : channel.substring(prefix), items.get(3).text());
    } else if (value instanceof RedisValue.Failure(var why)) {
      refused(why);
    }
  }

  // ── there and away ──

  private boolean fine(RedisConnection on, RedisValue answer) {
    heard = true;
    if (!(answer instanceof RedisValue.Failure(var why))) {
      return true;
    }
    refused(why);
    on.close();
    return false;
  }

  private void refused(String why) {
    LOG.warn("redis-refused", "address", redis.address(), "why", why);
  }

  private void back() {
    pause = FIRST_PAUSE;
    cancel(graceOver);
    graceOver = null;
    if (away) {
      LOG.info("redis-up", "address", redis.address());
    }
    if (away || gap) {
      source.back(gap);
    }
    away = false;
    gap = false;
  }

  @Override
  public void lost() {
    connection = null;
    cancel(silence);
    if (closed) {
      return;
    }
    if (!away && graceOver == null) {
      graceOver = wheel.after(GRACE, this::sayAway);
    }
    double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
    wheel.after(Duration.ofMillis((long) (pause.toMillis() * jitter)), this::connect);
    pause =
        pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
  }

  private void sayAway() {
    graceOver = null;
    away = true;
    LOG.warn("redis-down", "address", redis.address());
    source.lost("redis-down");
  }

  /// Redis says something at least as often as it is asked to.
  private void listenForSilence(RedisConnection on) {
    heard = false;
    cancel(silence);
    silence =
        wheel.after(
            SILENCE,
            () -> {
              if (on != connection) {
                return;
              }
              if (!heard) {
                on.close();
                return;
              }
              if (settings.mode() == RedisSettings.Mode.PUB_SUB) {
                on.tell("PING");
              }
              listenForSilence(on);
            });
  }

  private static void cancel(@Nullable Timer timer) {
    if (timer != null) {
      timer.cancel();
    }
  }
}
