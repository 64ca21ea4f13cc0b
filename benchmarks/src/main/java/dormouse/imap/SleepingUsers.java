package dormouse.imap;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dormouse.auth.Credentials;
import dormouse.auth.MasterUser;
import dormouse.auth.Standing;
import dormouse.backend.Approach;
import dormouse.backend.Backend;
import dormouse.backend.Gate;
import dormouse.backend.Health;
import dormouse.config.BackendSettings;
import dormouse.config.GateSettings;
import dormouse.config.HealthSettings;
import dormouse.config.HibernateSettings;
import dormouse.config.ImapSettings;
import dormouse.directory.Proof.Kind;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feeds;
import dormouse.imap.backend.BackendFeatures;
import dormouse.imap.backend.Capabilities;
import dormouse.imap.backend.ConnectionPool;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.KeptBytes;
import dormouse.imap.sleep.OwnSets;
import dormouse.imap.sleep.Proof;
import dormouse.imap.sleep.SelectCache;
import dormouse.imap.sleep.SelectQuery;
import dormouse.imap.sleep.Sleeper;
import dormouse.imap.sleep.Snapshot;
import dormouse.imap.sleep.StatusRoom;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.park.Parkings;
import dormouse.park.Slots;
import dormouse.route.Route;
import dormouse.route.Wanted;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import dormouse.session.Via;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Users whose sessions all rest, on one event loop, by the classes that serve clients; only sockets are not opened. Three sessions a user, in IDLE on
/// a mailbox of 1,000 messages with 2 % gaps in its UIDs that are the user's own, each user with an answer to SELECT and a sealed password. Lives on the loop.
final class SleepingUsers {
  static final int SESSIONS_A_USER = 3;

  private static final int MESSAGES = 1000;
  private static final int ONE_GAP_IN = 50;
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final String MAILBOX = "INBOX";
  private static final String FLAGS = "(\\Answered \\Flagged \\Deleted \\Seen \\Draft)";
  private static final BackendFeatures FEATURES =
      Capabilities.parse("IMAP4rev1 IDLE CONDSTORE QRESYNC ENABLE UNSELECT").features();
  private static final Nobody NOBODY = new Nobody();

  final Metrics metrics = new Metrics();
  final EventLoop loop;
  final ImapUsers users;
  final FoldedUsers folded;
  final Slots slots;
  private final Parking parking;
  private final Backend backend;
  private final Function<String, @Nullable MasterUser> masters;
  private final Route route;
  private final UserMailboxes.Surroundings surroundings;
  private final InetSocketAddress local =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 993);

  SleepingUsers() throws BadCertificates {
    EventLoops loops = EventLoops.untimed(1, () -> NOW);
    loop = loops.all().getFirst();
    Parkings parkings = Parkings.open(loops, /* wanted= */ true, metrics);
    parking = Objects.requireNonNull(parkings.of(loop), "nothing is parked here");
    slots = new Slots(parking);
    users =
        new ImapUsers(new Feeds(loops, () -> NOW, metrics), loops, parkings, () -> NOW, metrics);
    folded = Objects.requireNonNull(users.foldedOf(loop));
    BackendSettings settings = BackendSettings.inClear("127.0.0.1", 143, /* trusted= */ true);
    backend =
        new Backend(
            "mx",
            settings,
            BackendTrust.load("mx", settings),
            new Gate("mx", GateSettings.DEFAULT, () -> NOW, metrics),
            new Health("mx", "", HealthSettings.UNCHECKED, metrics),
            DefaultAddressResolverGroup.INSTANCE,
            /* epoll= */ true);
    Map<String, MasterUser> nobody = Map.of();
    masters = nobody::get;
    route = new Route("mx", List.of(backend), List.of(), Approach.USUAL);
    BackendFeeds feeds = new BackendFeeds("mx", () -> NOW, metrics);
    feeds.add("events", /* tellsAll= */ true).up();
    StatusRoom room = new StatusRoom(metrics);
    room.serve(ImapSettings.DEFAULT.statusCache());
    surroundings =
        new UserMailboxes.Surroundings(
            new ConnectionPool(loop, loops.wheel(loop), metrics),
            _ -> feeds,
            loop,
            loops.wheel(loop),
            metrics,
            new KeptBytes(Long.MAX_VALUE, metrics),
            HibernateSettings.DEFAULT,
            () -> NOW,
            room);
  }

  /// Somebody to be looked up by.
  ImapUser like(int number) {
    String name = "user%07d@example.org".formatted(number);
    Wanted wanted = new Wanted(name, "imap", local, null, null, 0, null, Approach.USUAL);
    return new ImapUser(users, wanted, route, name, name, loop);
  }

  /// One who is there, with sessions in the slots that are free.
  ImapUser rest(int number) {
    ImapUser user = like(number);
    users.known(loop).put(user, user);
    UserMailboxes all = user.mailboxes(surroundings, backend);
    Grant grant = all.sharing(grant(user.user(), number));
    UidSet uids = uids(new SplittableRandom(number));
    MailboxView view =
        new MailboxView(1_700_000_000L + number, uids.last() + 1, 5000L + number, uids, null);
    answered(all, view);
    for (int i = 0; i < SESSIONS_A_USER; i++) {
      rest(user, all, grant, view, number * SESSIONS_A_USER + i);
    }
    return user;
  }

  private Grant grant(String name, int number) {
    Standing.Alike alike = new Standing.Alike(Kind.PASSWORD, "http", "mx", List.of(), null);
    Standing standing =
        Standing.unfolded(new Standing.Folded(name, name, "", NOW.toEpochMilli(), alike));
    Credentials credentials = new Credentials(name, "", ("pass" + number).getBytes(US_ASCII));
    return Objects.requireNonNull(
        Grant.of(credentials, backend, masters, /* keepPassword= */ true, standing));
  }

  private static UidSet uids(SplittableRandom random) {
    UidSet.Builder uids = UidSet.builder();
    long uid = 0;
    for (int i = 0; i < MESSAGES; i++) {
      uid += random.nextInt(ONE_GAP_IN) == 0 ? 2 : 1;
      uids.add(uid);
    }
    return uids.build();
  }

  private static void answered(UserMailboxes all, MailboxView view) {
    SelectQuery query =
        Objects.requireNonNull(SelectQuery.of(Verb.SELECT, MAILBOX, new ClientFeatures()));
    SelectedMailbox opened = new SelectedMailbox(MAILBOX, MAILBOX, /* examine= */ false);
    SelectCache.Asked asked = all.answers().selects().ask(query);
    for (String line :
        List.of(
            "* FLAGS " + FLAGS,
            "* OK [PERMANENTFLAGS " + FLAGS + "] Flags permitted.",
            "* " + view.uids().size() + " EXISTS",
            "* 0 RECENT",
            "* OK [UIDVALIDITY " + view.uidValidity() + "] UIDs valid",
            "* OK [UIDNEXT " + view.uidNext() + "] Predicted next UID",
            "* OK [HIGHESTMODSEQ " + view.highestModSeq() + "] Highest")) {
      opened.hear(ResponseLine.parse(line));
      asked.hear(ResponseLine.parse(line));
    }
    ResponseLine reply = ResponseLine.parse("a1 OK [READ-WRITE] Select completed.");
    asked.answered(reply, opened, /* left= */ false);
  }

  private void rest(ImapUser user, UserMailboxes all, Grant grant, MailboxView view, int number) {
    all.enter();
    all.sessions().slept();
    Sleeper sleeper =
        new Sleeper(
            new Snapshot.Result.Taken(view, new Proof(0, all.wheel().millis()), OwnSets.NONE),
            Told.PLAIN,
            /* rev2= */ false,
            grant,
            NOBODY);
    sleeper.hears(Sleeper.Hears.ALL);
    new RestingSession(
        user.setting(all, grant, parking),
        sleeper,
        shared(),
        own(view, number),
        slots.add(number, NOBODY),
        NOW);
    all.sessions().kept(sleeper.keptBytes());
    all.join(sleeper);
  }

  private SharedFacts shared() {
    return new SharedFacts(
        "",
        local,
        /* tls= */ true,
        "mail.example.org",
        Via.NOBODY,
        new Conversation.Rest(
            "IMAP4rev1 IDLE CONDSTORE QRESYNC ENABLE UNSELECT",
            new ClientFeatures().rest(),
            NotifySet.NONE,
            /* notified= */ false,
            /* compress= */ false,
            /* tainted= */ false,
            /* searchSaved= */ false),
        FEATURES,
        new SelectedMailbox.Rest(
            MAILBOX,
            MAILBOX,
            /* examine= */ false,
            /* noModSeq= */ false,
            /* uidNotSticky= */ false,
            FLAGS,
            FLAGS),
        null,
        null);
  }

  private static OwnFacts own(MailboxView view, int number) {
    return new OwnFacts(
        Integer.toString(number, Character.MAX_RADIX),
        remote(number),
        "a12",
        0,
        NOW,
        0,
        Instant.EPOCH,
        0,
        false,
        view.uids().size(),
        0,
        view.uidValidity(),
        view.uidNext(),
        view.highestModSeq(),
        UidSet.EMPTY);
  }

  private static InetSocketAddress remote(int number) {
    try {
      byte[] address = ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
      return new InetSocketAddress(InetAddress.getByAddress(address), 50_000);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Ends all sessions of one who is unfolded.
  void end(FoldedUsers.Unfolded one) {
    for (RestingSession session : one.sessions()) {
      session.cancel();
      UserMailboxes home = session.setting.home();
      Sleeper sleeper = Objects.requireNonNull(session.sleeper);
      home.sessions().kept(-sleeper.keptBytes());
      Objects.requireNonNull(sleeper.watch()).leave(sleeper);
      home.sessions().stirred();
      slots.remove(session.slot());
      home.exit();
    }
  }

  /// Whose sockets they are until they rest.
  private static final class Nobody implements Parking.Owner, Sleeper.Listener {
    private static UnsupportedOperationException never() {
      return new UnsupportedOperationException();
    }

    @Override
    public boolean canPark() {
      throw never();
    }

    @Override
    public void parked(Parked socket) {
      throw never();
    }

    @Override
    public void stayed() {
      throw never();
    }

    @Override
    public void received(ByteBuf data) {
      throw never();
    }

    @Override
    public void receivedAll() {
      throw never();
    }

    @Override
    public void revived(Channel channel) {
      throw never();
    }

    @Override
    public void gone() {
      throw never();
    }

    @Override
    public void broken(Throwable bug) {
      throw never();
    }

    @Override
    public void changes() {
      throw never();
    }

    @Override
    public void changed(ByteBuf lines) {
      throw never();
    }

    @Override
    public void looked() {
      throw never();
    }

    @Override
    public void lost(CloseReason reason, String bye) {
      throw never();
    }

    @Override
    public Client client() {
      throw never();
    }

    @Override
    public boolean awaitsFirstLogin() {
      throw never();
    }

    @Override
    public SelectedMailbox told() {
      throw never();
    }
  }
}
