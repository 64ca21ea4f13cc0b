package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.HibernateSettings;
import dormouse.config.StatusCacheSettings;
import dormouse.feed.BackendFeeds;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.OwnConnection;
import dormouse.imap.track.ClientFeatures;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// What makes room for what; what is answered stands in the transcripts `status-…`.
class StatusCacheTest {
  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final Metrics metrics = new Metrics();
  private final BackendFeeds feeds = new BackendFeeds("mx", clock, metrics);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final StatusRoom room = new StatusRoom(metrics);
  private final UserMailboxes home =
      new UserMailboxes(
          new UserMailboxes.Surroundings(
              new ConnectionPool(channel.eventLoop(), wheel, metrics),
              _ -> feeds,
              channel.eventLoop(),
              wheel,
              metrics,
              new KeptBytes(1 << 20, metrics),
              HibernateSettings.DEFAULT,
              clock,
              room),
          new Ann(),
          new OwnConnection().connection().backend());
  private final StatusCache cache = home.answers().statuses();

  @Test
  void whatHasMadeRoomForAnotherOfItsMailboxDoesNotComeBack() {
    feeds.add("events", /* tellsAll= */ true).up();
    home.changes().listen();
    StatusQuery one = query("INBOX (MESSAGES)");
    StatusQuery other = query("INBOX (MESSAGES UIDNEXT)");
    room.serve(new StatusCacheSettings(2048, 1 << 20));
    answered(one, "(MESSAGES 3)");
    answered(other, "(MESSAGES 3 UIDNEXT 8)");
    assertThat(cache.find(one)).isNotNull();
    assertThat(cache.find(other)).isNotNull();

    room.serve(new StatusCacheSettings(600, 1 << 20));
    home.changes().mayHaveChanged("INBOX");
    cache.refresh("INBOX", Map.of("MESSAGES", "4", "UIDNEXT", "9"), home.changes().proof("INBOX"));
    assertThat(Objects.requireNonNull(cache.find(one)).text("a"))
        .isEqualTo("* STATUS INBOX (MESSAGES 4)\r\na OK done");
    assertThat(cache.find(other)).isNull();
    cache.clear();
    assertThat(metrics.scrape()).contains("dormouse_status_cache_bytes 0.0");
  }

  private static StatusQuery query(String arguments) {
    return Objects.requireNonNull(StatusQuery.of(arguments, new ClientFeatures()));
  }

  private void answered(StatusQuery query, String items) {
    cache.ask(query).answered(new StatusCache.Answer("* STATUS INBOX " + items, "OK done"));
  }
}
