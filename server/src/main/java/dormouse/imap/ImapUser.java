package dormouse.imap;

import dormouse.auth.LoginDecision;
import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Backend;
import dormouse.config.HibernateSettings;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feed;
import dormouse.imap.sleep.FoldReader;
import dormouse.imap.sleep.FoldWriter;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.Sleeper;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.sleep.UserMailboxes.Surroundings;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.route.Route;
import dormouse.route.Wanted;
import dormouse.session.Client;
import dormouse.session.Timer;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// A user and where the mail is ([Route#place]), as whoever logged in first was decided on, or as the directory has said since; of whom the
/// mailboxes and the sessions are either there or folded.
/// ```text
///         a session begins ──▶ there ──all sessions rest, all watches too, for a moment──▶ folded
///                                ▲                                                             │
///                                └──a client or a feed speaks, somebody logs in, a time has come──┘
/// ```
/// Folded it is one array of numbers, beside a list of what is the same for many users, which they share; keep-alives are said without unfolding. In the
/// place of all of its sessions it is in the park table, before the feeds, and in the wheel of timers. 72 bytes, and the array.
/// ```text
/// 0 when it was folded, ms   6 until when nothing but keep-alives is due, ms   12 number of sessions
/// 13 for each of them: 0 its slot   4 when its client was told something last, ms   10 its beat   14 whether it is in IDLE
/// behind them what FoldWriter writes
/// ```
/// Lives on the user's event loop, but for what says otherwise.
final class ImapUser extends Timer
    implements UserMailboxes.Host, BackendFeeds.Listener, Parking.Holder {
  /// How long everything has to rest, so that it is not folded between two commands.
  static final Duration FOLDS_AFTER = Duration.ofMillis(100);

  private static final int MILLIS_BYTES = 6;
  private static final int AT_UNTIL = MILLIS_BYTES;
  private static final int AT_COUNT = 2 * MILLIS_BYTES;
  private static final int AT_SESSIONS = AT_COUNT + 1;
  private static final int AT_SPOKEN = Integer.BYTES;
  private static final int AT_BEAT = AT_SPOKEN + MILLIS_BYTES;
  private static final int AT_IDLES = AT_BEAT + Integer.BYTES;
  private static final int SESSION_BYTES = AT_IDLES + 1;
  private static final int MOST_SESSIONS = 255;

  private static final FastThreadLocal<Map<List<Object>, WeakReference<List<Object>>>>
      OF_THIS_LOOP =
          new FastThreadLocal<>() {
            @Override
            protected Map<List<Object>, WeakReference<List<Object>>> initialValue() {
              return new WeakHashMap<>();
            }
          };

  private final ImapUsers users;
  private final EventLoop loop;
  private Wanted wanted;
  private Route route;
  private final String user;
  private final String
      owner; // whose mailboxes they are: not the user's own when that logs in for another
  private @Nullable UserMailboxes mailboxes; // null while it is folded, and when there are none
  private ImapSession.@Nullable Setting
      setting; // of the session that came last; null while it is folded
  // while it is folded
  private byte @Nullable [] own;
  private List<Object> alike = List.of();
  private @Nullable Grant grant;
  private UserMailboxes.@Nullable Beside beside;

  ImapUser(ImapUsers users, LoginDecision.Admitted admitted, EventLoop loop) {
    this.users = users;
    this.loop = loop;
    this.wanted = admitted.wanted();
    this.route = admitted.route();
    this.user = admitted.credentials().user();
    this.owner = admitted.credentials().owner();
  }

  /// By the user's one name, as in the log.
  String name() {
    return wanted.user();
  }

  /// Who serves the user now; null if nobody does.
  @Nullable Backend backend() {
    if (own != null) {
      return (Backend) alike.get(1);
    }
    return mailboxes == null ? null : mailboxes.backend();
  }

  /// The mailboxes, unfolded; null if there are none.
  @Nullable UserMailboxes mailboxes() {
    if (own != null) {
      unfold(own);
    }
    return mailboxes;
  }

  /// The mailboxes, unfolded, or new.
  UserMailboxes mailboxes(Surroundings in, Backend backend) {
    UserMailboxes there = mailboxes();
    if (there == null) {
      there = new UserMailboxes(in, this, backend);
      mailboxes = there;
    }
    return there;
  }

  /// The same for a session as for the one before it, if that is the same.
  ImapSession.Setting sharing(ImapSession.Setting brought) {
    ImapSession.Setting before = setting;
    if (before != null && brought.equals(before)) {
      return before;
    }
    setting = brought;
    return brought;
  }

  /// The settings have changed. Who is folded has no connection to leave.
  void rerouted() {
    if (mailboxes != null) {
      mailboxes.rerouted();
    }
  }

  // ── folding ──

  @Override
  public void rests() {
    if (!isWaiting() && own == null && mailboxes != null) {
      mailboxes.wheel().set(this, FOLDS_AFTER);
    }
  }

  @Override
  protected void due() {
    if (own != null) {
      beat(own);
    } else if (mailboxes != null && setting != null) {
      fold(mailboxes, setting);
    }
  }

  private void fold(UserMailboxes all, ImapSession.Setting common) {
    Grant with = common.grant();
    if (with == null
        || common.parking() == null
        || !common.user().equals(wanted.user())
        || !all.folds(with)) {
      return;
    }
    List<RestingSession> sessions = new ArrayList<>();
    for (Sleeper sleeper : all.sleepers().toList()) {
      if (!(sleeper.listener() instanceof RestingSession session) || !session.folds(common)) {
        return;
      }
      sessions.add(session);
    }
    if (sessions.size() > MOST_SESSIONS) {
      return;
    }
    FoldWriter out = new FoldWriter();
    out.alike(all.surroundings());
    out.alike(all.backend());
    List<OwnFacts> facts = sessions.stream().map(RestingSession::own).toList();
    for (int i = 0; i < sessions.size(); i++) {
      sessions.get(i).fold(out, facts.get(i));
    }
    UserMailboxes.Beside stays = all.fold(out);
    byte[] folded = out.own();
    ByteBuffer bytes =
        ByteBuffer.allocate(AT_SESSIONS + sessions.size() * SESSION_BYTES + folded.length);
    Instant now = all.clock().instant();
    putMillis(bytes, now.toEpochMilli());
    putMillis(bytes, now.plus(out.soonest()).toEpochMilli());
    bytes.put((byte) sessions.size());
    for (int i = 0; i < sessions.size(); i++) {
      bytes.putInt(sessions.get(i).slot());
      putMillis(bytes, sessions.get(i).spoken().toEpochMilli());
      bytes.putInt(facts.get(i).beat(wanted.user()));
      bytes.put((byte) (facts.get(i).idleTag() == null ? 0 : 1));
    }
    bytes.put(folded);
    own = bytes.array();
    alike = shared(out.alike());
    grant = with;
    beside = stays;
    mailboxes = null;
    setting = null;
    sessions.forEach(session -> session.socket().handOver(this));
    all.metrics().folded(1);
    waitForBeat(bytes.array(), all.surroundings(), now);
  }

  private static List<Object> shared(List<Object> one) {
    Map<List<Object>, WeakReference<List<Object>>> all = OF_THIS_LOOP.get();
    WeakReference<List<Object>> known = all.get(one);
    List<Object> there = known == null ? null : known.get();
    if (there != null) {
      return there;
    }
    all.put(one, new WeakReference<>(one));
    return one;
  }

  private List<RestingSession> unfold(byte[] folded) {
    Surroundings in = surroundings();
    Grant with = Objects.requireNonNull(grant);
    int count = count(folded);
    FoldReader from = new FoldReader(folded, AT_SESSIONS + count * SESSION_BYTES, alike);
    from.alike(Surroundings.class);
    Backend backend = from.alike(Backend.class);
    SharedFacts[] facts = new SharedFacts[count];
    byte[] @Nullable [] packed = new byte[count][];
    for (int i = 0; i < count; i++) {
      facts[i] = from.alike(SharedFacts.class);
      packed[i] = from.flag() ? from.bytes() : null;
    }
    UserMailboxes.Beside kept = beside;
    cancel();
    own = null;
    alike = List.of();
    grant = null;
    beside = null;
    List<RestingSession> sessions = new ArrayList<>(count);
    mailboxes =
        new UserMailboxes(
            in,
            this,
            backend,
            from,
            kept,
            with,
            (all, sleeper) -> {
              int i = sessions.size();
              RestingSession session =
                  new RestingSession(
                      settingOf(all, with),
                      sleeper,
                      facts[i],
                      slot(folded, i),
                      packed[i],
                      spokenMillis(folded, i));
              sessions.add(session);
              return session;
            });
    sessions.forEach(RestingSession::unfolded);
    in.metrics().folded(-1);
    in.wheel().set(this, FOLDS_AFTER);
    return sessions;
  }

  private ImapSession.Setting settingOf(UserMailboxes all, Grant with) {
    ImapSession.Setting there = setting;
    if (there == null) {
      there = new ImapSession.Setting(users, all, wanted.user(), with, users.parkingOf(loop));
      setting = there;
    }
    return there;
  }

  private Surroundings surroundings() {
    return (Surroundings) alike.getFirst();
  }

  // ── what it does folded ──

  /// Says what is due of keep-alives. For whatever else is due it unfolds.
  private void beat(byte[] folded) {
    Surroundings in = surroundings();
    Instant now = in.clock().instant();
    if (millis(folded, AT_UNTIL) <= now.toEpochMilli()) {
      unfold(folded);
      return;
    }
    Instant before = Instant.ofEpochMilli(millis(folded, 0));
    List<Parked> due = new ArrayList<>();
    for (int i = 0; i < count(folded); i++) {
      Duration untilBeat = untilBeat(folded, i, in.settings(), before);
      if (untilBeat != null
          && !before.plus(untilBeat).isAfter(now)
          && KeepAlive.isDue(in.settings(), spoken(folded, i), now)) {
        due.add(socket(folded, i));
        putMillis(ByteBuffer.wrap(folded, at(i) + AT_SPOKEN, MILLIS_BYTES), now.toEpochMilli());
      }
    }
    putMillis(ByteBuffer.wrap(folded), now.toEpochMilli());
    waitForBeat(folded, in, now);
    due.forEach(KeepAlive::say); // it may unfold
  }

  private void waitForBeat(byte[] folded, Surroundings in, Instant now) {
    Duration next = Duration.between(now, Instant.ofEpochMilli(millis(folded, AT_UNTIL)));
    for (int i = 0; i < count(folded); i++) {
      Duration untilBeat = untilBeat(folded, i, in.settings(), now);
      next = untilBeat != null && untilBeat.compareTo(next) < 0 ? untilBeat : next;
    }
    in.wheel().set(this, next);
  }

  /// Null if the client is in no IDLE, or is told nothing there.
  private static @Nullable Duration untilBeat(
      byte[] folded, int session, HibernateSettings settings, Instant from) {
    boolean idles = folded[at(session) + AT_IDLES] != 0;
    int beat = ByteBuffer.wrap(folded).getInt(at(session) + AT_BEAT);
    return idles ? KeepAlive.untilNext(settings, from, beat) : null;
  }

  private Parked socket(byte[] folded, int session) {
    return Objects.requireNonNull(users.parkingOf(loop)).at(slot(folded, session));
  }

  // ── the head of the array ──

  private static int count(byte[] folded) {
    return folded[AT_COUNT] & 0xFF;
  }

  private static int at(int session) {
    return AT_SESSIONS + session * SESSION_BYTES;
  }

  private static int slot(byte[] folded, int session) {
    return ByteBuffer.wrap(folded).getInt(at(session));
  }

  private static long spokenMillis(byte[] folded, int session) {
    return millis(folded, at(session) + AT_SPOKEN);
  }

  private static Instant spoken(byte[] folded, int session) {
    return Instant.ofEpochMilli(spokenMillis(folded, session));
  }

  private static long millis(byte[] folded, int at) {
    ByteBuffer bytes = ByteBuffer.wrap(folded);
    return (long) bytes.getShort(at) << Integer.SIZE
        | Integer.toUnsignedLong(bytes.getInt(at + Short.BYTES));
  }

  private static void putMillis(ByteBuffer bytes, long millis) {
    bytes.putShort((short) (millis >>> Integer.SIZE)).putInt((int) millis);
  }

  // ── a client, or a feed ──

  @Override
  public Parking.Owner owner(int slot) {
    for (RestingSession session : unfold(Objects.requireNonNull(own))) {
      if (session.slot() == slot) {
        return session;
      }
    }
    throw new IllegalStateException("not one of its slots");
  }

  @Override
  public void changed(Feed by, @Nullable String mailbox) {
    changed(by, mailbox, null);
  }

  @Override
  public void changed(Feed by, @Nullable String mailbox, @Nullable String session) {
    UserMailboxes all = mailboxes();
    if (all != null) {
      all.changed(by, mailbox, session);
    }
  }

  @Override
  public void turned() {
    UserMailboxes all = mailboxes();
    if (all != null) {
      all.turned();
    }
  }

  /// Any thread.
  @Override
  public Executor toldOn() {
    return loop;
  }

  // ── who it is, and where ──

  @Override
  public BackendFeeds.Listener heardBy(UserMailboxes all) {
    return this;
  }

  @Override
  public String login() {
    return user;
  }

  @Override
  public String user() {
    return owner;
  }

  @Override
  public Route route() {
    return users.routeOf(wanted, route);
  }

  @Override
  public CompletableFuture<Resumption> askAgain(
      UserMailboxes all, Standing standing, Client client, String clientId) {
    return users.askAgain(standing, client, clientId, wanted.protocol(), loop);
  }

  @Override
  public void moved(UserMailboxes all, Resumption.Goes there) {
    Map<ImapUser, ImapUser> known = users.known(loop);
    leave(known);
    wanted = there.wanted();
    route = there.route();
    if (known.putIfAbsent(this, this) != null) { // others have logged in there meanwhile
      users.beside(loop).add(this);
    }
  }

  @Override
  public void unused(UserMailboxes all) {
    cancel();
    mailboxes = null;
    setting = null;
    leave(users.known(loop));
  }

  @SuppressWarnings("ReferenceEquality") // another may have come in its place
  private void leave(Map<ImapUser, ImapUser> known) {
    if (known.get(this) == this) {
      known.remove(this);
    }
    users.beside(loop).remove(this);
  }

  /// To be found by: it changes when the user has [#moved].
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ImapUser one
        && route.place().equals(one.route.place())
        && user.equals(one.user)
        && owner.equals(one.owner);
  }

  @Override
  public int
      hashCode() { // user and owner are mostly the same, and would leave few values between them
    return 31 * route.place().hashCode() + user.hashCode();
  }
}
