package dormouse.imap;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.config.HibernateSettings;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feed;
import dormouse.feed.Feeds;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.backend.OwnConnection;
import dormouse.imap.sleep.FoldWriter;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.KeptBytes;
import dormouse.imap.sleep.OwnSets;
import dormouse.imap.sleep.Proof;
import dormouse.imap.sleep.Sleeper;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.StatusRoom;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.sleep.UserMailboxes.Surroundings;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import dormouse.route.Route;
import dormouse.route.Wanted;
import dormouse.session.Client;
import dormouse.session.HandClock;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Users of one loop who are folded, and are unfolded when Dormouse stops. Most have no sessions, which have nothing to do with it.
class FoldedUsersTest {
  private static final int MANY = 300; // more than are unfolded in one turn
  private static final InetSocketAddress SOMEWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 143);

  private final HandClock clock = new HandClock();
  private final Metrics metrics = new Metrics();
  private final EventLoops loops = EventLoops.untimed(1, clock);
  private final EventLoop loop = loops.all().getFirst();
  private final Parkings parkings = Parkings.open(loops, /* parks= */ true, metrics);
  private final ImapUsers users =
      new ImapUsers(new Feeds(loops, clock, metrics), loops, parkings, clock, metrics);
  private final Backend backend = new OwnConnection().connection().backend();
  private final Route route = new Route("here", List.of(backend), List.of(), Approach.USUAL);
  private final BackendFeeds feeds = new BackendFeeds(backend.name(), clock, metrics);
  private final Surroundings usual = surroundings(_ -> feeds);
  private final List<String> told = new ArrayList<>(); // on the loop

  @AfterEach
  void stop() {
    loops.close();
  }

  @Test
  void whoCannotBeUnfoldedCostsTheOthersNothing() throws Exception {
    List<String> unfoldable = new ArrayList<>();
    Surroundings broken =
        surroundings(_ -> {
          if (!unfoldable.isEmpty()) {
            throw new IllegalStateException("as a bug would");
          }
          return feeds;
        });
    onLoop(() -> {
      IntStream.range(0, 20).forEach(i -> fold("u" + i, i % 4 == 0 ? broken : usual));
      unfoldable.add("all of the broken");
    });
    unfoldAll(15);
    assertThat(told)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 20).filter(i -> i % 4 != 0).mapToObj(i -> "u" + i).toList());
  }

  @Test
  void theLoopLooksAtItsSocketsBetweenTwoTurns() throws Exception {
    onLoop(() -> IntStream.range(0, MANY).forEach(i -> fold("u" + i, usual)));
    CompletableFuture<Integer> toldBefore = new CompletableFuture<>();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch written = new CountDownLatch(1);
    CountDownLatch all = new CountDownLatch(MANY);
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      new Bootstrap()
          .group(loop)
          .channel(EpollSocketChannel.class)
          .handler(
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                  ReferenceCountUtil.release(message);
                  toldBefore.complete(told.size());
                }
              })
          .connect(listening.getLocalSocketAddress())
          .sync();
      try (Socket other = listening.accept()) {
        loop.execute(() ->
            folded()
                .unfoldAll(
                    /* inTurns= */ true,
                    one -> {
                      if (told.isEmpty()) {
                        begun.countDown();
                        awaitThat(written);
                      }
                      tell(one);
                      all.countDown();
                    }));
        awaitThat(begun);
        other.getOutputStream().write('x');
        written.countDown();
        assertThat(toldBefore.get(10, SECONDS)).isLessThan(MANY);
        awaitThat(all);
      }
    }
    onLoop(() -> assertThat(told).hasSize(MANY).doesNotHaveDuplicates());
  }

  @Test
  void soItDoesWhereNobodyCanBeUnfolded() throws Exception {
    List<Integer> triedBefore = new ArrayList<>();
    List<String> tried = new ArrayList<>();
    List<String> leaving = new ArrayList<>();
    Surroundings broken =
        surroundings(_ -> {
          if (leaving.isEmpty()) {
            return feeds;
          }
          tried.add("one");
          if (tried.size() == 1) {
            loop.schedule(() -> triedBefore.add(tried.size()), 0, SECONDS);
          }
          throw new IllegalStateException("as a bug would");
        });
    CountDownLatch last = new CountDownLatch(1);
    onLoop(() -> {
      IntStream.range(0, MANY).forEach(i -> fold("u" + i, broken));
      leaving.add("all");
      folded().unfoldAll(/* inTurns= */ true, this::tell);
      watchFor(() -> tried.size() >= MANY, last);
    });
    awaitThat(last);
    onLoop(() -> assertThat(triedBefore.getFirst()).isLessThan(MANY));
  }

  private void watchFor(BooleanSupplier what, CountDownLatch there) {
    if (what.getAsBoolean()) {
      there.countDown();
    } else {
      loop.schedule(() -> watchFor(what, there), 1, MILLISECONDS);
    }
  }

  /// What is to be told of one who has been unfolded by another is told a moment later.
  @Test
  void nobodyIsFoldedAgainMeanwhile() throws Exception {
    onLoop(() -> {
      feeds.add("events", /* tellsAll= */ true).up();
      ImapUser ann = asleep("ann");
      pass(ImapUser.FOLDS_AFTER);
      assertThat(folded().backendOf(ann)).isNotNull();
      folded().unfoldAll(/* inTurns= */ true, this::tell);
      assertThat(folded().find(ann)).isNotNull();
      pass(ImapUser.FOLDS_AFTER);
      assertThat(folded().backendOf(ann)).isNull();
    });
    onLoop(() -> assertThat(told).containsExactly("ann"));
  }

  private void pass(Duration time) {
    clock.turn(time);
    loops.wheel(loop).advance();
  }

  /// With a session in IDLE, whose socket is nowhere.
  private ImapUser asleep(String name) {
    ImapUser user = user(name);
    UserMailboxes all = user.mailboxes(usual, backend);
    Grant grant = all.sharing(grant(name));
    Parking parking = Objects.requireNonNull(parkings.of(loop));
    ImapSession.Setting setting = user.setting(all, grant, parking);
    Sleeper sleeper =
        new Sleeper(
            new Snapshot.Result.Taken(
                new MailboxView(1, 2, 0, UidSet.of(1), null),
                new Proof(all.changes().epochs().of("INBOX"), all.wheel().millis()),
                OwnSets.NONE),
            Told.PLAIN,
            /* rev2= */ false,
            grant,
            resting(setting, null, parking));
    resting(setting, sleeper, parking);
    all.enter();
    all.sessions().slept();
    all.sessions().kept(sleeper.keptBytes());
    all.join(sleeper);
    user.rests();
    return user;
  }

  private RestingSession resting(
      ImapSession.Setting setting, @Nullable Sleeper sleeper, Parking parking) {
    Client client = new Client("s1", SOMEWHERE, SOMEWHERE, /* tls= */ false);
    SharedFacts shared =
        SharedFacts.of(
            client,
            "",
            new Conversation.Rest(
                "", new ClientFeatures().rest(), NotifySet.NONE, false, false, false, false),
            Capabilities.parse("IMAP4rev1").features(),
            new SelectedMailbox("INBOX", /* examine= */ false),
            null);
    Instant now = clock.instant();
    OwnFacts own =
        new OwnFacts("s1", SOMEWHERE, "a1", 0, now, 0, now, 0, false, 1, 0, 1, 2, 0, UidSet.EMPTY);
    return new RestingSession(setting, sleeper, shared, own, parking.at(0), now);
  }

  @Test
  void whoIsUnfoldedByAnotherMeanwhileIsToldOfToo() throws Exception {
    CountDownLatch all = new CountDownLatch(1);
    onLoop(() -> {
      List.of("ann", "bob", "cid").forEach(name -> fold(name, usual));
      folded().unfoldAll(/* inTurns= */ true, this::tell);
      assertThat(folded().find(user("bob"))).isNotNull();
      assertThat(told).isEmpty(); // whoever has looked for him has him first
      watchFor(() -> told.size() == 3, all);
    });
    awaitThat(all);
    onLoop(() -> assertThat(told).containsExactlyInAnyOrder("ann", "bob", "cid"));
  }

  // who has another name than its mailboxes

  @Test
  void twoUsersOfOneMailboxAreFoundEachByItself() throws Exception {
    onLoop(() -> {
      List.of("ann", "bob", "shared").forEach(name -> fold(name, "shared"));
      assertThat(folded().find(user("cid", "shared"))).isNull();
      for (String name : List.of("bob", "shared", "ann")) {
        assertThat(folded().backendOf(user(name, "shared"))).isEqualTo(backend);
        ImapUser found = Objects.requireNonNull(folded().find(user(name, "shared"))).user();
        assertThat(found.name()).isEqualTo(name);
        assertThat(found.route()).isEqualTo(route(name));
        assertThat(users.known(loop)).containsKey(user(name, "shared"));
        assertThat(folded().find(user(name, "shared"))).as("folded still").isNull();
      }
      assertThat(users.known(loop)).hasSize(3);
    });
  }

  @Test
  void eachHearsOfTheMailbox() throws Exception {
    Feed feed = feeds.add("events", /* tellsAll= */ true);
    feed.up(); // or all would look once it is
    onLoop(() -> {
      List.of("ann", "bob").forEach(name -> fold(name, "shared"));
      fold("cid", "another");
    });
    feed.changed("shared", "INBOX");
    onLoop(() -> {});
    onLoop(() ->
        assertThat(users.known(loop).keySet())
            .extracting(ImapUser::name)
            .containsExactlyInAnyOrder("ann", "bob"));
  }

  @Test
  void twoNamesOfOneMailboxAreTwoUsers() throws Exception {
    onLoop(() -> {
      ImapUser ann = user("ann", "shared");
      assertThat(ann).isNotEqualTo(user("bob", "shared")).isEqualTo(user("ann", "shared"));
    });
  }

  @Test
  void aNameThatIsThoseOfTheMailboxesTakesNothingOfARecord() {
    FoldWriter one = new FoldWriter();
    user("ann").who(one);
    FoldWriter other = new FoldWriter();
    other.name(route.place());
    other.name("ann");
    assertThat(one.length()).isEqualTo(other.length() + 2);
  }

  private void unfoldAll(int count) throws Exception {
    CountDownLatch all = new CountDownLatch(count);
    onLoop(() ->
        folded()
            .unfoldAll(
                /* inTurns= */ true,
                one -> {
                  tell(one);
                  all.countDown();
                }));
    awaitThat(all);
    onLoop(() -> {});
  }

  private void tell(FoldedUsers.Unfolded one) {
    told.add(one.user().name());
  }

  private FoldedUsers folded() {
    return Objects.requireNonNull(users.foldedOf(loop));
  }

  private Surroundings surroundings(Function<Backend, BackendFeeds> feedsOf) {
    return new Surroundings(
        new ConnectionPool(loop, loops.wheel(loop), metrics),
        feedsOf,
        loop,
        loops.wheel(loop),
        metrics,
        new KeptBytes(1 << 20, metrics),
        HibernateSettings.DEFAULT,
        clock,
        new StatusRoom(metrics));
  }

  private void fold(String name, Surroundings in) {
    ImapUser user = user(name);
    folded().fold(user, wanted(name), route, user.mailboxes(in, backend), List.of(), grant(name));
  }

  private void fold(String name, String mailboxes) {
    ImapUser user = user(name, mailboxes);
    folded()
        .fold(
            user,
            wanted(name),
            route(name),
            user.mailboxes(usual, backend),
            List.of(),
            grant(mailboxes));
  }

  private ImapUser user(String name, String mailboxes) {
    return new ImapUser(users, wanted(name), route(name), mailboxes, mailboxes, loop);
  }

  /// To the same place, as the directory says of that user.
  private Route route(String said) {
    Duration timeout = Duration.ofMillis(said.hashCode());
    Approach approach = new Approach(timeout, null, null, null, /* untold= */ false);
    return new Route(route.place(), route.members(), route.spare(), approach);
  }

  private Grant grant(String name) {
    Credentials credentials = new Credentials(name, "", "secret".getBytes(US_ASCII));
    return Objects.requireNonNull(
        Grant.of(credentials, backend, _ -> null, /* keepPassword= */ true, null));
  }

  private ImapUser user(String name) {
    return new ImapUser(users, wanted(name), route, name, name, loop);
  }

  private static Wanted wanted(String name) {
    return new Wanted(name, "imap", SOMEWHERE, null, null, 0, null, Approach.USUAL);
  }

  private void onLoop(Runnable task) throws InterruptedException {
    loop.submit(task).sync();
  }

  private static void awaitThat(CountDownLatch done) {
    try {
      assertThat(done.await(10, SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
