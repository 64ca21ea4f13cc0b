package dormouse.imap;

import static dormouse.flat.Records.AT_NUMBERS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dormouse.backend.Backend;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Crowd;
import dormouse.feed.Feed;
import dormouse.flat.Cells;
import dormouse.flat.HashIndex;
import dormouse.flat.Numbered;
import dormouse.flat.Records;
import dormouse.flat.Wheel;
import dormouse.imap.sleep.Answers;
import dormouse.imap.sleep.FoldReader;
import dormouse.imap.sleep.FoldWriter;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.sleep.UserMailboxes.Surroundings;
import dormouse.ops.EventLog;
import dormouse.ops.Metrics;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.route.Route;
import dormouse.route.Wanted;
import dormouse.session.Timer;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The folded users of one loop: for none of them there is an object. Each is a record outside the heap, which is found by who it is, by the slots of its
/// sockets, by the feeds through its name, and by the time of what is due next. What many have alike is a list that they share, by number.
/// ```text
/// numbers   those of the Crowd, by whose mail it is   hash of its one name, next, if that is another   three of the Wheel
///           where the head begins, whether it is another name, sessions   what it has alike   Beside
/// bytes     who it is: place, name, login, owner   FoldedHead   what FoldWriter has written
/// ```
/// Keep-alives are said from here; for everything else a user is unfolded first, so that the code that does the work does not know of it. A record's number is
/// nowhere kept but in the slots of its sockets, the crowd, the indexes and the wheel, all of which forget it when it is unfolded.
///
/// Lives on the loop.
final class FoldedUsers implements Parking.Crowd, Crowd.Members {
  /// A user who is there again, and its sessions.
  record Unfolded(ImapUser user, List<RestingSession> sessions) {}

  /// A list that some users share.
  private static final class Alike {
    final List<Object> all;
    final int number;
    int users;

    Alike(List<Object> all, Numbered<Alike> numbered) {
      this.all = all;
      this.number = numbered.add(this);
    }

    Surroundings surroundings() {
      return (Surroundings) all.get(0);
    }

    Backend backend() {
      return (Backend) all.get(1);
    }
  }

  /// Wakes the wheel of the folded, as long as there are any.
  private final class Turn extends Timer {
    @Override
    protected void due() {
      waits.advance(
          (int) (wheel.millis() / TICK_MILLIS),
          record -> guarded(FoldedUsers.this::due, record, "timer"));
      if (crowd.size() > 0) {
        wheel.set(this, TimerWheel.TICK);
      }
    }
  }

  private static final int AT_CROWD = AT_NUMBERS;
  private static final int AT_NAME = AT_CROWD + Crowd.NUMBERS * Integer.BYTES;
  private static final int AT_WAITS = AT_NAME + 8;
  private static final int AT_SIZES = AT_WAITS + 12;
  private static final int AT_ALIKE = AT_SIZES + 4;
  private static final int AT_BESIDE = AT_ALIKE + 4; // plus 1; 0: nothing
  private static final int NUMBERS = (AT_BESIDE + 4 - AT_NUMBERS) / Integer.BYTES;

  /// How many cells there can be; what is not used costs nothing but addresses.
  private static final int CAPACITY = 1 << 26;

  private static final int BITS_OF_REST = 9;
  private static final int NAMED = 0x100;
  private static final int UNFOLDED_A_TURN = 50; // so that channels do not wait for long
  private static final long TICK_MILLIS = TimerWheel.TICK.toMillis();
  private static final EventLog LOG = EventLog.of(FoldedUsers.class);

  private final ImapUsers users;
  private final EventLoop loop;
  private final Parking parking;
  private final TimerWheel wheel;
  private final Metrics metrics;
  private final Crowd crowd;
  private final Records records = new Records(NUMBERS, CAPACITY);
  private final HashIndex byName = new HashIndex(records.cells(), AT_NAME, AT_NAME + 4);
  private final Wheel waits = new Wheel(records.cells(), AT_WAITS);
  private final Map<List<Object>, Alike> alike = new HashMap<>();
  private final Numbered<Alike> alikeByNumber = new Numbered<>();
  private final Numbered<Answers.Beside> besides = new Numbered<>();
  private @Nullable Alike lastAlike; // of whoever was folded last
  private @Nullable Consumer<Unfolded> leaving; // told of all, once all are to be unfolded
  private final Turn turn = new Turn();

  /// @throws IOException if the kernel does not give it its addresses
  FoldedUsers(ImapUsers users, EventLoop loop, Parking parking, TimerWheel wheel, Metrics metrics)
      throws IOException {
    this.users = users;
    this.loop = loop;
    this.parking = parking;
    this.wheel = wheel;
    this.metrics = metrics;
    this.crowd = new Crowd(loop, this, records.cells(), AT_CROWD);
    parking.crowd(this);
  }

  // ── to fold ──

  /// Whether there is room for another, and they are not being unfolded.
  boolean mayFold() {
    return leaving == null && records.size() < (long) CAPACITY / 64 * 63 * Records.CELL_BYTES;
  }

  /// Folds a user; its mailboxes and its sessions must not be used any more.
  ///
  /// @param sessions of all its sleepers, in their order
  int fold(
      ImapUser user,
      Wanted wanted,
      Route route,
      UserMailboxes all,
      List<RestingSession> sessions,
      Grant grant) {
    assert loop.inEventLoop();
    FoldWriter out = new FoldWriter();
    user.who(out);
    int atHead = out.length();
    out.room(FoldedHead.size(sessions.size()));
    out.alike(all.surroundings());
    out.alike(all.backend().now());
    out.alike(wanted.of(""));
    out.alike(route);
    grant.fold(out);
    List<OwnFacts> facts = sessions.stream().map(RestingSession::own).toList();
    for (int i = 0; i < sessions.size(); i++) {
      sessions.get(i).fold(out, facts.get(i));
    }
    Answers.Beside beside = all.fold(out);
    FoldedHead head = new FoldedHead(out.own(), atHead, sessions.size());
    long passedMillis = wheel.millis();
    head.lookedAfterMillis(passedMillis);
    head.untilMillis(passedMillis + out.soonest().toMillis());
    for (int i = 0; i < sessions.size(); i++) {
      head.session(i, sessions.get(i), facts.get(i), wanted.user());
    }
    int record = add(user, head, shared(out.alike()), beside);
    all.changes().feeds().join(user.user(), user, crowd, record);
    sessions.forEach(session -> session.socket().handOver(record));
    await(record, head, all.surroundings(), all.clock().instant());
    return record;
  }

  private int add(ImapUser user, FoldedHead head, Alike with, Answers.@Nullable Beside beside) {
    int record = records.add(head.bytes());
    if (record == Cells.NONE) {
      throw new IllegalStateException("no room for " + head.bytes().length + " bytes");
    }
    Cells numbers = records.cells();
    int named = user.named() ? NAMED : 0;
    numbers.set(record, AT_SIZES, head.at() << BITS_OF_REST | named | head.sessions());
    numbers.set(record, AT_ALIKE, with.number);
    numbers.set(record, AT_BESIDE, beside == null ? 0 : besides.add(beside) + 1);
    if (named != 0) {
      byName.add(record, user.name().hashCode());
    }
    metrics.folded(1, records.bytesOf(head.bytes().length));
    if (!turn.isWaiting()) {
      wheel.set(turn, TimerWheel.TICK);
    }
    return record;
  }

  private Alike shared(List<Object> one) {
    Alike before = lastAlike; // mostly it is the same again, and the hash of all of it is long
    Alike known =
        before != null && before.all.equals(one)
            ? before
            : alike.computeIfAbsent(one, all -> new Alike(all, alikeByNumber));
    known.users++;
    lastAlike = known;
    return known;
  }

  // ── to unfold ──

  private Unfolded unfold(int record) {
    Unfolded there = take(record);
    Consumer<Unfolded> then = leaving;
    if (then != null) { // behind what it was unfolded for
      loop.execute(() -> then.accept(there));
    }
    return there;
  }

  private Unfolded take(int record) {
    assert loop.inEventLoop();
    FoldedHead head = head(record, records.bytes(record));
    Alike with = alike(record);
    int atBeside = records.cells().get(record, AT_BESIDE) - 1;
    Answers.Beside beside = atBeside < 0 ? null : besides.remove(atBeside);

    FoldReader from = new FoldReader(head.bytes(), 0, with.all);
    from.name(); // the place, which the route has too
    String name = from.name();
    String login = from.name();
    String owner = from.name();
    from.skip(FoldedHead.size(head.sessions()));
    Surroundings in = from.alike(Surroundings.class);
    Backend backend = from.alike(Backend.class);
    Wanted wanted = from.alike(Wanted.class);
    Route route = from.alike(Route.class);
    ImapUser user = new ImapUser(users, wanted.of(name), route, login, owner, loop);
    in.feedsOf().apply(backend).leave(owner, user, crowd, record); // it is told behind this
    remove(record, head, with);
    Grant grant = Grant.unfold(from);
    SharedFacts[] facts = new SharedFacts[head.sessions()];
    byte[] @Nullable [] packed = new byte[head.sessions()][];
    for (int i = 0; i < facts.length; i++) {
      facts[i] = from.alike(SharedFacts.class);
      packed[i] = from.flag() ? from.bytes() : null;
    }
    List<RestingSession> sessions = new ArrayList<>(facts.length);
    UserMailboxes all =
        new UserMailboxes(
            in,
            user,
            backend,
            from,
            beside,
            grant,
            (mailboxes, sleeper) -> {
              int i = sessions.size();
              RestingSession session =
                  new RestingSession(
                      user.setting(mailboxes, grant, parking),
                      sleeper,
                      facts[i],
                      head.slot(i),
                      packed[i],
                      head.spoken(i).toEpochMilli());
              sessions.add(session);
              return session;
            });
    user.unfolded(all);
    Instant now = all.clock().instant();
    for (int i = 0; i < facts.length; i++) {
      sessions.get(i).unfolded(head.idles(i), head.untilBeat(i, in.settings(), now));
    }
    if (all.changes().missesTurn()) {
      loop.execute(user::turned);
    }
    return new Unfolded(user, sessions);
  }

  private void remove(int record, FoldedHead head, Alike with) {
    waits.cancel(record);
    if ((records.cells().get(record, AT_SIZES) & NAMED) != 0) {
      byName.remove(record);
    }
    records.remove(record);
    metrics.folded(-1, -records.bytesOf(head.bytes().length));
    if (--with.users == 0) {
      lastAlike = null; // it may be this
      alikeByNumber.remove(with.number);
      alike.remove(with.all);
    }
  }

  private Alike alike(int record) {
    return alikeByNumber.get(records.cells().get(record, AT_ALIKE));
  }

  private FoldedHead head(int record, byte[] bytes) {
    int sizes = records.cells().get(record, AT_SIZES);
    return new FoldedHead(bytes, sizes >>> BITS_OF_REST, sessions(sizes));
  }

  private static int sessions(int sizes) {
    return sizes & FoldedHead.MOST_SESSIONS;
  }

  /// Without what is behind it.
  FoldedHead head(int record) {
    int sizes = records.cells().get(record, AT_SIZES);
    int length = (sizes >>> BITS_OF_REST) + FoldedHead.size(sessions(sizes));
    return head(record, records.bytes(record, length));
  }

  // ── by who it is ──

  /// Unfolds who is equal to this one; null if nobody is.
  @Nullable Unfolded find(ImapUser like) {
    int record = recordOf(like);
    return record == Cells.NONE ? null : unfold(record);
  }

  /// Who serves the user who is equal to this one; null if nobody is.
  @Nullable Backend backendOf(ImapUser like) {
    int record = recordOf(like);
    return record == Cells.NONE ? null : alike(record).backend();
  }

  private int recordOf(ImapUser like) {
    boolean named = like.named(); // many may have the same mailboxes
    int record = named ? byName.find(like.name().hashCode()) : crowd.first(like.user());
    if (record == Cells.NONE) {
      return record;
    }
    FoldWriter who = new FoldWriter();
    like.who(who);
    byte[] wanted = who.own();
    while (record != Cells.NONE && !records.beginsWith(record, wanted)) {
      record = named ? byName.findNext(record) : crowd.next(record);
    }
    return record;
  }

  /// Unfolds all who may have this name.
  ///
  /// @param name the one name
  void unfold(String name) {
    int hash = name.hashCode();
    for (int record = byName.find(hash); record != Cells.NONE; record = byName.find(hash)) {
      unfold(record);
    }
    for (int record = crowd.first(name); record != Cells.NONE; record = crowd.first(name)) {
      unfold(record);
    }
  }

  /// Unfolds all, one by one, and tells of each, also of whom something else unfolds before its turn comes. Who cannot be unfolded costs the others nothing.
  ///
  /// @param inTurns with whatever else the loop has to do; else at once
  void unfoldAll(boolean inTurns, Consumer<Unfolded> then) {
    leaving = then;
    IntConsumer each = record -> then.accept(take(record));
    if (inTurns) {
      walkOn(each, 0);
    } else {
      walk(each, Integer.MAX_VALUE, 0);
    }
  }

  /// Goes through all from this bucket on, of whom some are unfolded then.
  ///
  /// @param most how many are looked at, whatever becomes of them, before others have their turn
  private void walk(IntConsumer each, int most, int first) {
    int lookedAt = 0;
    for (int bucket = first; bucket < crowd.buckets(); bucket++) {
      if (lookedAt >= most) {
        walkOn(each, bucket);
        return;
      }
      List<Integer> there = new ArrayList<>();
      for (int at = crowd.firstIn(bucket); at != Cells.NONE; at = crowd.nextIn(at)) {
        there.add(at);
      }
      there.forEach(record -> guarded(each, record, "unfold"));
      lookedAt += there.size();
    }
  }

  /// Once the loop has looked at its sockets: what it is given to execute it may do for a second before that.
  private void walkOn(IntConsumer each, int first) {
    loop.schedule(() -> walk(each, UNFOLDED_A_TURN, first), 0, NANOSECONDS);
  }

  // ── by a socket, by a feed ──

  @Override
  public Parking.Owner owner(int member, int slot) {
    for (RestingSession session : unfold(member).sessions()) {
      if (session.slot() == slot) {
        return session;
      }
    }
    throw new IllegalStateException("not one of its slots");
  }

  @Override
  public void changed(int member, Feed by, @Nullable String mailbox, @Nullable String session) {
    unfold(member).user().changed(by, mailbox, session);
  }

  @Override
  public void turned(BackendFeeds by) {
    walk(
        record -> {
          if (feedsOf(record).equals(by)) {
            unfold(record); // who has not heard it yet hears it then
          }
        },
        UNFOLDED_A_TURN,
        0);
  }

  private BackendFeeds feedsOf(int record) {
    Alike with = alike(record);
    return with.surroundings().feedsOf().apply(with.backend());
  }

  // ── by its time ──

  private void await(int record, FoldedHead head, Surroundings in, Instant now) {
    long passedMillis = wheel.millis();
    Duration next = head.next(in.settings(), now, passedMillis);
    long millis = passedMillis + Math.max(0, next.toMillis());
    waits.set(record, (int) (millis / TICK_MILLIS) + 1);
  }

  private static void guarded(IntConsumer what, int record, String in) {
    try {
      what.accept(record);
    } catch (RuntimeException | AssertionError bug) {
      LOG.error(bug, "bug", "in", in);
    }
  }

  /// Says what is due of keep-alives. For whatever else is due it unfolds.
  private void due(int record) {
    FoldedHead head = head(record);
    Surroundings in = alike(record).surroundings();
    long passedMillis = wheel.millis();
    if (head.untilMillis() <= passedMillis) {
      unfold(record);
      return;
    }
    Instant now = in.clock().instant();
    long sinceMillis = passedMillis - head.lookedAfterMillis();
    Instant before = now.minusMillis(sinceMillis + 1); // the two clocks are read one by one
    List<Parked> due = new ArrayList<>(head.sessions());
    for (int i = 0; i < head.sessions(); i++) {
      Duration untilBeat = head.untilBeat(i, in.settings(), before);
      if (untilBeat != null
          && !before.plus(untilBeat).isAfter(now)
          && KeepAlive.isDue(in.settings(), head.spoken(i), now)) {
        due.add(parking.at(head.slot(i)));
        head.spoken(i, now);
      }
    }
    head.lookedAfterMillis(passedMillis);
    records.write(record, head.bytes(), head.end());
    await(record, head, in, now);
    due.forEach(KeepAlive::say); // it may unfold
  }
}
