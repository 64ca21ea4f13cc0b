package dormouse.imap;

import dormouse.auth.LoginDecision;
import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.backend.Backend;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feed;
import dormouse.imap.sleep.Changes;
import dormouse.imap.sleep.FoldWriter;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.Sleeper;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.sleep.UserMailboxes.Surroundings;
import dormouse.park.Parking;
import dormouse.route.Route;
import dormouse.route.Wanted;
import dormouse.session.Client;
import dormouse.session.Timer;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// A user and where the mail is ([Route#place]), as whoever logged in first was decided on, or as the directory has said since; of whom
/// a session is awake, or something is under way. Two names with the same mailboxes (`destuser`) are two users: what the directory says of
/// one, and how many sessions it has, is nothing to the other.
/// ```text
///         a session begins ──▶ there ──all sessions rest, all watches too, for a moment──▶ folded
///                                ▲                                                             │
///                                └──a client or a feed speaks, somebody logs in, a time has come──┘
/// ```
/// Who is folded is none of these objects, but a record of [FoldedUsers]; unfolded it is a new one.
///
/// Lives on the user's event loop, but for what says otherwise.
final class ImapUser extends Timer implements UserMailboxes.Host, BackendFeeds.Listener {
  /// How long everything has to rest, so that it is not folded between two commands.
  static final Duration FOLDS_AFTER = Duration.ofMillis(100);

  private final ImapUsers users;
  private final EventLoop loop;
  private Wanted wanted;
  private Route route;
  private final String user;
  private final String
      owner; // whose mailboxes they are: not the user's own when that logs in for another
  private @Nullable UserMailboxes mailboxes; // null when there are none
  private ImapSession.@Nullable Setting setting; // of the session that came last

  ImapUser(ImapUsers users, LoginDecision.Admitted admitted, EventLoop loop) {
    this(
        users,
        admitted.wanted(),
        admitted.route(),
        admitted.credentials().user(),
        admitted.credentials().owner(),
        loop);
  }

  /// @param user with whose credentials clients log in
  /// @param owner whose mailboxes they are
  ImapUser(ImapUsers users, Wanted wanted, Route route, String user, String owner, EventLoop loop) {
    this.users = users;
    this.loop = loop;
    this.wanted = wanted;
    this.route = route;
    this.user = user;
    this.owner = owner;
  }

  EventLoop loop() {
    return loop;
  }

  /// Who serves the user now; null if nobody does.
  @Nullable Backend backend() {
    return mailboxes == null ? null : mailboxes.backend().now();
  }

  /// How many clients it has, awake and asleep.
  int sessions() {
    return mailboxes == null ? 0 : mailboxes.sessions().awake() + mailboxes.sessions().asleep();
  }

  /// The mailboxes, or new ones.
  UserMailboxes mailboxes(Surroundings in, Backend backend) {
    UserMailboxes there = mailboxes;
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

  /// What the sessions of an unfolded user have in common.
  ImapSession.Setting setting(UserMailboxes all, Grant grant, Parking parking) {
    return sharing(new ImapSession.Setting(users.sessions(), all, wanted.user(), grant, parking));
  }

  /// The settings have changed.
  void rerouted() {
    if (mailboxes != null) {
      mailboxes.rerouted();
    }
  }

  // ── folding ──

  @Override
  public void rests() {
    if (!isWaiting() && mailboxes != null) {
      mailboxes.wheel().set(this, FOLDS_AFTER);
    }
  }

  @Override
  protected void due() {
    FoldedUsers into = users.foldedOf(loop);
    if (into != null && mailboxes != null && setting != null && into.mayFold()) {
      fold(into, mailboxes, setting);
    }
  }

  private void fold(FoldedUsers into, UserMailboxes all, ImapSession.Setting common) {
    Grant grant = common.grant();
    if (grant == null || !all.folds(grant)) {
      return;
    }
    List<RestingSession> sessions = new ArrayList<>();
    for (Sleeper sleeper : all.sleepers().toList()) {
      if (!(sleeper.listener() instanceof RestingSession session) || !session.folds(common)) {
        return;
      }
      sessions.add(session);
    }
    if (sessions.size() > FoldedHead.MOST_SESSIONS) {
      return;
    }
    into.fold(this, wanted, route, all, sessions, grant);
    cancel();
    mailboxes = null;
    setting = null;
    leave(users.known(loop));
  }

  /// It was folded, and is there again.
  void unfolded(UserMailboxes all) {
    mailboxes = all;
    enter(users.known(loop));
    all.wheel().set(this, FOLDS_AFTER);
  }

  // ── a feed ──

  @Override
  public void changed(Feed by, @Nullable String mailbox) {
    changed(by, mailbox, null);
  }

  @Override
  public void changed(Feed by, @Nullable String mailbox, @Nullable String session) {
    if (mailboxes != null) {
      mailboxes.changes().changed(by, mailbox, session);
    }
  }

  @Override
  public void turned() {
    if (mailboxes != null) {
      mailboxes.changes().turned();
    }
  }

  /// Any thread.
  @Override
  public Executor toldOn() {
    return loop;
  }

  // ── who it is, and where ──

  @Override
  public BackendFeeds.Listener heardBy(Changes changes) {
    return this;
  }

  @Override
  public String login() {
    return user;
  }

  @Override
  public String name() {
    return wanted.user();
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
  public CompletableFuture<Resumption> askAgain(Standing standing, Client client, String clientId) {
    return users.askAgain(standing, client, clientId, wanted.protocol(), loop);
  }

  @Override
  public void moved(Resumption.Goes there) {
    Map<ImapUser, ImapUser> known = users.known(loop);
    leave(known);
    wanted = there.wanted();
    route = there.route();
    enter(known);
  }

  @Override
  public void stays(Resumption.Goes there) {
    toldAgain(there.wanted(), there.route());
  }

  /// The directory has said anew how the user's backends are come to. Passed over if they are at another place: the user has been moved
  /// meanwhile, by what was said of another login.
  void toldAgain(Wanted newly, Route there) {
    if (there.place().equals(route.place())) {
      wanted = newly;
      route = there;
    }
  }

  private void enter(Map<ImapUser, ImapUser> known) {
    if (known.putIfAbsent(this, this) != null) { // others have logged in there meanwhile
      users.beside(loop).add(this);
    }
  }

  @Override
  public void unused() {
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

  /// Whether it has another name than its mailboxes.
  boolean named() {
    return !name().equals(owner);
  }

  /// Writes what it is found by.
  void who(FoldWriter out) {
    out.name(route.place());
    out.name(name());
    out.name(user);
    out.name(owner);
  }

  /// To be found by: it changes when the user has [#moved].
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ImapUser one
        && route.place().equals(one.route.place())
        && name().equals(one.name())
        && user.equals(one.user)
        && owner.equals(one.owner);
  }

  @Override
  public int hashCode() { // the three are mostly the same, and would leave few values between them
    return 31 * route.place().hashCode() + name().hashCode();
  }
}
