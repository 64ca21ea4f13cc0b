package dormouse.directory.http;

import static java.time.Duration.ZERO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dormouse.config.AuthUrl;
import dormouse.config.HttpLinkSettings;
import dormouse.config.LinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempts;
import dormouse.directory.Directory;
import dormouse.directory.Directory.Verdict;
import dormouse.directory.Workers;
import dormouse.directory.http.AuthHttpConnection.Question;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import dormouse.testkit.Wait;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.PromiseNotifier;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/// A daemon at whose socket as many wait as may, asked from either kind of event loop.
@ParameterizedClass
@ValueSource(booleans = {true, false})
@Timeout(30)
class FullSocketTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration PATIENCE = TIMEOUT.dividedBy(2);

  private final HandClock clock = new HandClock(); // turned on the loop
  private final boolean epoll;
  private final EventLoopGroup loops;
  private final EventLoop loop;
  private final List<SocketChannel> strangers = new ArrayList<>();
  private final ServerSocketChannel daemon;
  private final UnixDomainSocketAddress address;
  private final HttpLinkSettings settings;
  private final HttpLink link;

  FullSocketTest(boolean epoll, @TempDir Path directory) throws IOException {
    assumeTrue(!epoll || Epoll.isAvailable());
    this.epoll = epoll;
    loops =
        new MultiThreadIoEventLoopGroup(
            1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    loop = loops.next();
    address = UnixDomainSocketAddress.of(directory.resolve("auth.sock"));
    AuthUrl url = new AuthUrl(false, "localhost", 80, address.getPath().toString(), "/auth");
    settings = new HttpLinkSettings(url, List.of(), false, /* keepAlive= */ 2, false, false, null);
    link = new HttpLink(settings, TIMEOUT, null, epoll, clock);
    daemon = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
  }

  @BeforeEach
  void listen() throws IOException {
    daemon.bind(address, 1);
  }

  @AfterEach
  void stop() throws IOException {
    link.close();
    for (SocketChannel stranger : strangers) {
      stranger.close();
    }
    daemon.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void aConnectionThatComesFreeIsForWhoWaits() throws Exception {
    CompletableFuture<Answer> ann = asked("ann");
    try (SocketChannel first = daemon.accept()) {
      assertThat(request(first)).contains("Auth-User: ann\r\n");
      fill();
      CompletableFuture<Answer> bob = asked("bob");
      turn();
      assertThat(bob).isNotDone();
      answer(first);
      assertThat(ann.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.Accept.class);
      assertThat(request(first)).contains("Auth-User: bob\r\n");
      answer(first);
      assertThat(bob.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.Accept.class);
    }
  }

  @Test
  void soIsOneThatComesFreeBeforeTheSocketIsKnownToBeFull() throws Exception {
    try (AuthHttpConnections to = connections()) {
      CompletableFuture<AuthHttpResponse> ann = new CompletableFuture<>();
      CompletableFuture<AuthHttpResponse> bob = new CompletableFuture<>();
      List<ChannelPromise> dials = new ArrayList<>();
      LoopConnections here =
          here(owner -> {
            if (dials.isEmpty()) {
              dials.add(promise());
              return to.dial(owner, loop);
            }
            ann.thenRun(() ->
                to.dial(owner, loop)
                    .addListener(new PromiseNotifier<Void, ChannelFuture>(dials.getFirst())));
            return dials.getFirst();
          });
      loop.submit(() -> here.ask(question("ann", ann))).get(10, TimeUnit.SECONDS);
      try (SocketChannel first = daemon.accept()) {
        assertThat(request(first)).startsWith("ann");
        fill();
        loop.submit(() -> here.ask(question("bob", bob))).get(10, TimeUnit.SECONDS);
        answer(first);
        assertThat(request(first)).startsWith("bob");
        bob.cancel(false);
      }
    }
  }

  private AuthHttpConnections connections() {
    return new AuthHttpConnections(settings, null, epoll, PATIENCE, clock);
  }

  private LoopConnections here(Function<LoopConnections, ChannelFuture> dial) {
    return new LoopConnections(loop, () -> 2, dial, PATIENCE, clock);
  }

  private ChannelPromise promise() {
    return new DefaultChannelPromise(new EmbeddedChannel(), loop);
  }

  private Question question(String text, CompletableFuture<AuthHttpResponse> answer) {
    return new Question(
        (text + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1), answer, clock.millis());
  }

  @Test
  void whoComesLaterGoesBehindThoseWhoWait() throws Exception {
    fill();
    CompletableFuture<Answer> ann = asked("ann");
    turn();
    assertThat(ann).isNotDone();
    CompletableFuture<Answer> bob =
        loop.submit(
                () -> {
                  daemon.accept().close();
                  return link.ask(Attempts.of("bob", "secret"), loop);
                })
            .get(10, TimeUnit.SECONDS);
    daemon.accept().close();
    served(ann, bob);
  }

  @Test
  void whoseConnectionIsClosedOnItIsNext() throws Exception {
    CompletableFuture<Answer> before = asked("before");
    CompletableFuture<Answer> ann;
    CompletableFuture<Answer> bob;
    try (SocketChannel kept = daemon.accept()) {
      request(kept);
      answer(kept);
      before.get(10, TimeUnit.SECONDS);
      ann = asked("ann");
      assertThat(request(kept)).contains("Auth-User: ann\r\n");
      fill();
      bob = asked("bob");
      turn();
      kept.shutdownOutput();
      assertThat(kept.read(ByteBuffer.allocate(1))).isNegative();
      turn();
    }
    daemon.accept().close();
    daemon.accept().close();
    served(ann, bob);
  }

  /// Ann asks the daemon first, then Bob, each on a connection of its own.
  private void served(CompletableFuture<Answer> ann, CompletableFuture<Answer> bob)
      throws Exception {
    try (SocketChannel first = daemon.accept();
        SocketChannel second = daemon.accept()) {
      assertThat(request(first)).contains("Auth-User: ann\r\n");
      assertThat(request(second)).contains("Auth-User: bob\r\n");
      answer(first);
      answer(second);
      assertThat(ann.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.Accept.class);
      assertThat(bob.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.Accept.class);
    }
  }

  @Test
  void whoIsToAskAgainWaitsNoLonger() throws Exception {
    LoopConnections here = here(_ -> promise().setFailure(full()));
    CompletableFuture<AuthHttpResponse> ann = new CompletableFuture<>();
    Question question = question("ann", ann);
    loop.submit(
            () -> {
              clock.turn(PATIENCE.plusMillis(1)); // on a connection that has closed
              here.askAgain(question);
            })
        .get(10, TimeUnit.SECONDS);
    assertThat(ann)
        .failsWithin(Duration.ofSeconds(10))
        .withThrowableThat()
        .withCauseInstanceOf(Workers.Crowded.class);
  }

  @Test
  void soIsOneWhoseNewConnectionIsRefusedToo() throws Exception {
    try (AuthHttpConnections to = connections()) {
      List<ChannelPromise> dials = new ArrayList<>();
      LoopConnections here =
          here(owner -> {
            dials.add(promise());
            return dials.size() > 2 ? to.dial(owner, loop) : dials.getLast();
          });
      CompletableFuture<AuthHttpResponse> ann = new CompletableFuture<>();
      CompletableFuture<AuthHttpResponse> bob = new CompletableFuture<>();
      loop.submit(
              () -> {
                here.askAgain(question("ann", ann));
                here.ask(question("bob", bob));
                dials.get(1).setFailure(full());
                dials.get(0).setFailure(full());
              })
          .get(10, TimeUnit.SECONDS);
      try (SocketChannel first = daemon.accept()) {
        assertThat(request(first)).startsWith("ann");
      }
      bob.cancel(false);
    }
  }

  @Test
  void whatIsDialedForOneWhoHasGivenUpIsForWhoWaits() throws Exception {
    try (AuthHttpConnections to = connections()) {
      List<ChannelPromise> dials = new ArrayList<>();
      LoopConnections here =
          here(owner -> {
            dials.add(promise());
            return dials.size() == 1 ? to.dial(owner, loop) : dials.getLast();
          });
      CompletableFuture<AuthHttpResponse> ann = new CompletableFuture<>();
      CompletableFuture<AuthHttpResponse> bob = new CompletableFuture<>();
      loop.submit(
              () -> {
                here.ask(question("ann", ann));
                here.ask(question("bob", bob));
                dials.get(1).setFailure(full());
                ann.cancel(false);
              })
          .get(10, TimeUnit.SECONDS);
      try (SocketChannel first = daemon.accept()) {
        assertThat(request(first)).startsWith("bob");
      }
    }
  }

  private static SocketException full() {
    return new SocketException("Resource temporarily unavailable");
  }

  @Test
  void whoWaitsInVainTellsNothingOfTheDaemon() throws Exception {
    LinkSettings twoFailures =
        new LinkSettings(
            settings,
            TIMEOUT,
            LinkSettings.Unavailable.STOP,
            ZERO,
            ZERO,
            10,
            2,
            Duration.ofHours(1));
    try (Directory directory =
        Directory.of(List.of(twoFailures), (_, _, _) -> link, clock, new Metrics())) {
      TimerWheel wheel = new TimerWheel(clock);
      fill();
      List<CompletableFuture<Verdict>> inVain =
          List.of(asked(directory, "ann", wheel), asked(directory, "bob", wheel));
      turn();
      loop.submit(() -> clock.turn(PATIENCE.plusMillis(1))).get(10, TimeUnit.SECONDS);
      for (CompletableFuture<Verdict> each : inVain) {
        assertThat(each.get(10, TimeUnit.SECONDS).answer())
            .isInstanceOfSatisfying(
                Answer.CannotTell.class, cannot -> assertThat(cannot.why()).contains("too many"));
      }
      daemon.accept().close();
      daemon.accept().close();
      CompletableFuture<Verdict> next = asked(directory, "cid", wheel);
      try (SocketChannel first = daemon.accept()) {
        assertThat(request(first)).contains("Auth-User: cid\r\n");
        answer(first);
        assertThat(next.get(10, TimeUnit.SECONDS).answer()).isInstanceOf(Answer.Accept.class);
      }
    }
  }

  private CompletableFuture<Verdict> asked(Directory directory, String user, TimerWheel wheel)
      throws Exception {
    return loop.submit(() -> directory.ask(Attempts.of(user, "secret"), loop, wheel))
        .get(10, TimeUnit.SECONDS);
  }

  @Test
  void soManyMayWait() throws Exception {
    fill();
    List<CompletableFuture<Answer>> waiting = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      waiting.add(asked("ann"));
      turn();
    }
    assertThat(asked("bob"))
        .failsWithin(Duration.ofSeconds(10))
        .withThrowableThat()
        .withCauseInstanceOf(Workers.Crowded.class);
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
    List<CompletableFuture<Answer>> others = waiting.subList(1, 1000);
    loop.submit(() -> others.forEach(each -> each.cancel(true))).get(10, TimeUnit.SECONDS);
    Wait.until(
        "their places are free",
        Duration.ofSeconds(10),
        () ->
            !loop.submit(() -> link.ask(Attempts.of("cid", "secret"), loop))
                .syncUninterruptibly()
                .getNow()
                .isDone());
  }

  @Test
  void whoWaitsNoMoreIsPassedOver() throws Exception {
    fill();
    CompletableFuture<Answer> ann = asked("ann");
    CompletableFuture<Answer> bob = asked("bob");
    turn();
    loop.submit(() -> ann.cancel(true)).get(10, TimeUnit.SECONDS);
    daemon.accept().close();
    daemon.accept().close();
    try (SocketChannel first = daemon.accept()) {
      assertThat(request(first)).contains("Auth-User: bob\r\n");
      answer(first);
      assertThat(bob.get(10, TimeUnit.SECONDS)).isInstanceOf(Answer.Accept.class);
    }
  }

  @Test
  void whoWaitsIsToldWhenTheDaemonEnds() throws Exception {
    fill();
    CompletableFuture<Answer> ann = asked("ann");
    CompletableFuture<Answer> bob = asked("bob");
    turn();
    daemon.close();
    assertThat(ann).failsWithin(Duration.ofSeconds(10));
    assertThat(bob).failsWithin(Duration.ofSeconds(10));
  }

  @Test
  void ofThoseWhoWaitOneDials() throws Exception {
    fill();
    try (AuthHttpConnections to = connections()) {
      AtomicInteger dials = new AtomicInteger();
      LoopConnections here =
          here(owner -> {
            dials.incrementAndGet();
            return to.dial(owner, loop);
          });
      long begun = System.nanoTime();
      CompletableFuture<AuthHttpResponse> answer = new CompletableFuture<>();
      for (int i = 0; i < 200; i++) {
        loop.submit(() -> here.ask(question("ann", answer))).get(10, TimeUnit.SECONDS);
        turn();
      }
      Wait.until("it dials again", Duration.ofSeconds(10), () -> dials.get() > 5);
      int dialed = dials.get();
      long pauses = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun) / 20;
      assertThat(dialed).isLessThanOrEqualTo((int) pauses + 1);
      answer.cancel(false);
    }
  }

  /// Strangers take what room there is.
  private void fill() throws IOException {
    strangers.add(SocketChannel.open(address));
    strangers.add(SocketChannel.open(address)); // one more would wait
  }

  private CompletableFuture<Answer> asked(String user) throws Exception {
    return loop.submit(() -> link.ask(Attempts.of(user, "secret"), loop)).get(10, TimeUnit.SECONDS);
  }

  /// Has the loop do what there is to do, as to hear that the socket is full.
  private void turn() throws Exception {
    for (int i = 0; i < 3; i++) {
      loop.submit(() -> {}).get(10, TimeUnit.SECONDS);
    }
  }

  private static String request(SocketChannel from) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4096);
    String text = "";
    while (!text.endsWith("\r\n\r\n")) {
      assertThat(from.read(bytes)).isPositive();
      text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
    }
    return text;
  }

  private static void answer(SocketChannel to) throws IOException {
    String ok =
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAuth-Server: 10.0.0.1\r\nAuth-Port: 143\r\n\r\n";
    to.write(ByteBuffer.wrap(ok.getBytes(StandardCharsets.ISO_8859_1)));
  }
}
