package dormouse.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dormouse.config.CyrusEventsSettings;
import dormouse.config.DovecotEventsSettings;
import dormouse.config.DovecotOxSettings;
import dormouse.config.FeedSettings;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.testkit.FreePort;
import dormouse.testkit.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/// New settings for feeds while they run.
final class FeedsTest implements BackendFeeds.Listener {
  private static final String EVENT =
      "{\"event\":\"push_notification_finished\",\"fields\":{\"user\":\"ann\"}}";

  private final EventLoops loops = EventLoops.start(1, InstantSource.system());
  private final Feeds feeds = new Feeds(loops, InstantSource.system(), new Metrics());
  private final InetSocketAddress address = free();
  private volatile boolean heard;

  private static InetSocketAddress free() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.next());
  }

  @BeforeEach
  void listen() {
    feeds.of("mx").subscribe("ann", this);
  }

  @AfterEach
  void stop() {
    feeds.close();
    loops.close();
  }

  @Override
  public void changed(Feed by, @Nullable String mailbox) {
    heard = true;
  }

  @Override
  public Executor toldOn() {
    return Runnable::run;
  }

  @Override
  public void turned() {}

  private static FeedSettings dovecot(InetSocketAddress at, String... backends) {
    return new FeedSettings(
        new DovecotEventsSettings(at, DovecotEventsSettings.DEFAULT.allow(), List.of(backends)));
  }

  /// Whether an event is taken and told to `ann` of `mx`.
  private boolean tells(InetSocketAddress to) throws IOException {
    heard = false;
    try (Socket socket = new Socket(to.getAddress(), to.getPort())) {
      socket.setSoTimeout(10_000);
      tell(socket);
      assertThat(socket.getInputStream().read()).isEqualTo('H');
    }
    return heard;
  }

  private static void tell(Socket socket) throws IOException {
    String request =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + EVENT.length() + "\r\n\r\n" + EVENT;
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
  }

  private static void awaitClosed(InetSocketAddress door) {
    Wait.until(
        "nobody listens at " + door,
        Duration.ofSeconds(30),
        () -> {
          try (Socket socket = new Socket(door.getAddress(), door.getPort())) {
            return !socket.isConnected();
          } catch (IOException _) {
            return true;
          }
        });
  }

  @Test
  void aFeedComesIsChangedInPlaceAndGoes() throws IOException {
    feeds.prepare(List.of()).commit();
    feeds.prepare(List.of(dovecot(address))).commit();
    assertThat(tells(address)).isTrue();
    assertThat(feeds.of("mx").state()).isEqualTo(FeedState.UP);

    feeds.prepare(List.of(dovecot(address), dovecot(free()))).commit();
    assertThat(feeds.of("mx").state()).as("what stays stays up").isEqualTo(FeedState.UP);

    feeds.prepare(List.of(dovecot(address, "other"))).commit();
    assertThat(feeds.of("mx").state()).isEqualTo(FeedState.UNHEARD);
    assertThat(tells(address)).isFalse();
    feeds.prepare(List.of(dovecot(address, "mx"))).commit();
    assertThat(tells(address)).isTrue();

    feeds.prepare(List.of()).commit();
    assertThat(feeds.of("mx").all()).isEmpty();
    awaitClosed(address);
  }

  @Test
  void aDoorThatStaysOpenTakesEventsOfAnotherKind() throws IOException {
    feeds.prepare(List.of(dovecot(address))).commit();
    feeds
        .prepare(
            List.of(
                new FeedSettings(
                    new CyrusEventsSettings(
                        address, DovecotEventsSettings.DEFAULT.allow(), List.of()))))
        .commit();
    assertThat(tells(address)).as("which this is not").isFalse();
    assertThat(feeds.of("mx").all()).extracting(Feed::name).containsExactly("cyrus-events");
  }

  @Test
  void aDoorIsToldOfWhenItOpensAndNotWhenItStays() throws IOException {
    Logger logger = (Logger) LoggerFactory.getLogger(Feeds.class);
    List<String> said = new ArrayList<>();
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            said.add(event.getFormattedMessage());
          }
        };
    appender.start();
    logger.addAppender(appender);
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    try {
      feeds.prepare(List.of(dovecot(address))).commit();
      feeds.prepare(List.of(dovecot(address, "mx"))).commit();
      assertThat(said).singleElement().asString().startsWith("listen protocol=dovecot-events ");
      feeds.prepare(List.of(dovecot(address, "mx"), dovecot(free()))).commit();
      assertThat(said).hasSize(2);
    } finally {
      logger.setAdditive(true);
      logger.setLevel(null);
      logger.detachAppender(appender);
    }
  }

  @Test
  void whatCannotBeHadChangesNothing() throws IOException {
    feeds.prepare(List.of(dovecot(address))).commit();
    InetSocketAddress taken = free();
    Feeds other = new Feeds(loops, InstantSource.system(), new Metrics());
    other.prepare(List.of(dovecot(taken))).commit();
    InetSocketAddress next = free();
    assertThatThrownBy(() -> feeds.prepare(List.of(dovecot(next), dovecot(taken))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(":" + taken.getPort());
    assertThat(tells(address)).isTrue();
    awaitClosed(next);
    other.close();
  }

  /// Whom a door that comes is to tell, it does not know before.
  @Test
  void whoTellsAsAFeedComesIsHeardWhenItIsThere() throws Exception {
    Feeds.Change change = feeds.prepare(List.of(dovecot(address)));
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(10_000);
      tell(socket);
      change.commit();
      assertThat(socket.getInputStream().read()).isEqualTo('H');
    }
    assertThat(heard).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1 0.0.0.0", "0.0.0.0 127.0.0.1", "0.0.0.0 ::", ":: 0.0.0.0"})
  void aReloadMayPutOneInThePlaceOfAnotherOfItsPort(String doors) throws IOException {
    for (String door : doors.split(" ")) {
      feeds.prepare(List.of(dovecot(at(door)))).commit();
      Wait.until(door + " is told", Duration.ofSeconds(10), this::isTold);
    }
    feeds.prepare(List.of()).commit();
    awaitClosed(address);
  }

  /// Else two would have half of the events each.
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "0.0.0.0", "::"})
  void aSecondDormouseIsRefused(String wanted) throws IOException {
    feeds.prepare(List.of(dovecot(address))).commit();
    try (Feeds second = new Feeds(loops, InstantSource.system(), new Metrics())) {
      assertThatThrownBy(() -> second.prepare(List.of(dovecot(at(wanted)))))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Address already in use");
    }
  }

  private boolean isTold() {
    try {
      return tells(address);
    } catch (IOException _) {
      return false; // by one that closed
    }
  }

  private InetSocketAddress at(String door) {
    return new InetSocketAddress(InetAddress.ofLiteral(door), address.getPort());
  }

  @Test
  void aFeedThatTellsNotOfAllIsNotReliedUpon() throws IOException {
    feeds
        .prepare(
            List.of(
                new FeedSettings(
                    new DovecotOxSettings(
                        address, DovecotEventsSettings.DEFAULT.allow(), List.of()))))
        .commit();
    feeds.of("mx").all().getFirst().changed("ann", "INBOX");
    assertThat(heard).isTrue();
    assertThat(feeds.of("mx").all().getFirst().state()).isEqualTo(FeedState.UP);
    assertThat(feeds.of("mx").state()).isEqualTo(FeedState.UNHEARD);
  }
}
