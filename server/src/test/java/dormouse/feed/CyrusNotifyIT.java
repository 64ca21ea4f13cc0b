package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.CyrusEventsSettings;
import dormouse.config.FeedSettings;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// `packaging/cyrus-notify`, run as Cyrus' notifyd runs it, with what Cyrus 3.6.1 said.
final class CyrusNotifyIT {
  private static final String EVENT =
      "{\"event\":\"MessageAppend\",\"timestamp\":\"2026-11-26T10:00:00.000+00:00\",\"mailboxID\":"
          + "\"ljsez\",\"uri\":\"imap://spec.example/user/c1;UIDVALIDITY=1795343010/;UID=1\","
          + "\"modseq\":2,\"messages\":1,\"uidnext\":2,\"user\":\"c1\"}";

  @Test
  void whatNotifydHandsItComesToTheFeed() throws Exception {
    try (EventLoops loops = EventLoops.start(1, InstantSource.system());
        Feeds feeds = new Feeds(loops, InstantSource.system(), new Metrics())) {
      var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      feeds
          .prepare(
              List.of(
                  new FeedSettings(
                      new CyrusEventsSettings(
                          any, CyrusEventsSettings.DEFAULT.allow(), List.of()))))
          .commit();
      List<String> heard = new CopyOnWriteArrayList<>();
      feeds
          .of("mx")
          .subscribe(
              "c1",
              new BackendFeeds.Listener() {
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
              });

      assertThat(notify(feeds.addresses().getFirst().getPort(), EVENT)).isZero();
      assertThat(heard).containsExactly("INBOX", "UP");
      assertThat(notify(feeds.addresses().getFirst().getPort(), "nonsense")).isPositive();
      assertThat(notify(FreePort.next(), EVENT)).as("nobody listens").isPositive();
    }
  }

  private static int notify(int port, String event) throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(
            Path.of("..", "packaging", "cyrus-notify").toString(),
            "-c",
            "EVENT",
            "-p",
            "",
            "-u",
            "",
            "-m",
            "",
            "-f",
            "");
    builder.environment().put("DORMOUSE_EVENTS", "http://127.0.0.1:" + port + "/");
    builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    try (var in = process.getOutputStream()) {
      in.write(event.getBytes(StandardCharsets.UTF_8));
    }
    return process.waitFor();
  }
}
