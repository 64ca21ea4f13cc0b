package dormouse.imap;

import dormouse.imap.sleep.FoldWriter;
import dormouse.imap.sleep.Grant;
import dormouse.imap.sleep.Sleeper;
import dormouse.imap.sleep.StatusDesk;
import dormouse.imap.sleep.UserMailboxes;
import dormouse.imap.track.SelectedMailbox;
import dormouse.listen.Presence;
import dormouse.park.Parked;
import dormouse.park.Parking;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import dormouse.session.Timer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A session that sleeps with its connection parked: all that must be kept of it, and no more. When anything happens that is more
/// than a keep-alive, the session is made again from it, and goes on as if it had been there all the time.
///
/// It is in the place of the session in the park table, before the watch of its mailbox and in the wheel of timers. What it
/// has in common with others is shared ([SharedFacts]); what is its own is packed ([OwnFacts]) and lies in the slot of its socket, outside the
/// heap, if there is room for it. 56 bytes, beside 48 of its [Sleeper], until all of its user is folded ([FoldedUsers]).
///
/// Lives on the user's event loop.
final class RestingSession extends Timer implements Parking.Owner, Sleeper.Listener {
  final ImapSession.Setting setting;
  final @Nullable Sleeper sleeper;
  final SharedFacts shared;
  private final byte @Nullable [] own; // null: it is in the slot
  private final int slot;
  private long spokenMillis;
  private @Nullable ImapSession session; // once it is there again

  /// @param spoken when the client was told something last in an IDLE
  RestingSession(
      ImapSession.Setting setting,
      @Nullable Sleeper sleeper,
      SharedFacts shared,
      OwnFacts own,
      Parked socket,
      Instant spoken) {
    this.setting = setting;
    this.sleeper = sleeper;
    this.shared = shared.intern();
    byte[] packed = own.packed();
    this.own = socket.keep(packed) ? null : packed;
    this.slot = socket.slot();
    this.spokenMillis = spoken.toEpochMilli();
    if (sleeper != null) {
      sleeper.listener(this);
    }
    socket.handOver(this);
    wait(own);
  }

  /// Unfolds; it has its socket and waits for its time once it is [#unfolded].
  RestingSession(
      ImapSession.Setting setting,
      Sleeper sleeper,
      SharedFacts shared,
      int slot,
      byte @Nullable [] own,
      long spokenMillis) {
    this.setting = setting;
    this.sleeper = sleeper;
    this.shared = shared;
    this.own = own;
    this.slot = slot;
    this.spokenMillis = spokenMillis;
  }

  /// @param idles whether the client is in IDLE
  /// @param untilBeat when its next keep-alive is due; null if none is
  void unfolded(boolean idles, @Nullable Duration untilBeat) {
    socket().handOver(this);
    if (!idles) {
      wait(own());
    } else if (untilBeat != null) {
      home().wheel().set(this, untilBeat);
    }
  }

  /// Whether it can be [#fold]ed.
  boolean folds(ImapSession.Setting with) {
    return session == null && setting.equals(with);
  }

  /// Writes all but what [FoldedHead] keeps at hand, and waits for nothing any more.
  ///
  /// @param facts its own
  void fold(FoldWriter out, OwnFacts facts) {
    cancel();
    out.alike(shared);
    out.flag(own != null);
    if (own != null) {
      out.bytes(own);
    }
    if (facts.idleTag() == null) {
      out.due(untilOutOfPatience(facts));
    }
  }

  int slot() {
    return slot;
  }

  private UserMailboxes home() {
    return setting.home();
  }

  /// In whose name STATUS is asked; null if it must not be.
  StatusDesk.@Nullable Asker asker(Client client) {
    return setting.grant() == null
        ? null
        : new StatusDesk.Asker(client, shared.clientId(), setting.grant());
  }

  OwnFacts own() {
    return OwnFacts.unpack(own == null ? socket().kept() : own);
  }

  Instant spoken() {
    return Instant.ofEpochMilli(spokenMillis);
  }

  Parked socket() {
    return Objects.requireNonNull(setting.parking()).at(slot);
  }

  /// In IDLE for the next keep-alive, else for the end of our patience.
  private void wait(OwnFacts facts) {
    UserMailboxes home = home();
    if (facts.idleTag() == null) {
      home.wheel().set(this, untilOutOfPatience(facts));
      return;
    }
    Duration untilBeat =
        KeepAlive.untilNext(home.settings(), home.clock().instant(), facts.beat(setting.user()));
    if (untilBeat != null) {
      home.wheel().set(this, untilBeat);
    }
  }

  private Duration untilOutOfPatience(OwnFacts facts) {
    return Duration.ofMillis(facts.patientUntilMillis() - home().wheel().millis());
  }

  @Override
  protected void due() {
    OwnFacts facts = own();
    if (facts.idleTag() == null) {
      session().doze().outOfPatience();
      return;
    }
    wait(facts);
    Instant now = home().clock().instant();
    if (KeepAlive.isDue(home().settings(), spoken(), now)) {
      spokenMillis = now.toEpochMilli();
      KeepAlive.say(socket());
    }
  }

  /// How its connection is counted.
  @Nullable Presence presence(InetSocketAddress client) {
    return shared.place() == null
        ? shared.presence()
        : shared.place().presence(client.getAddress());
  }

  /// The session, made again.
  ImapSession session() {
    ImapSession awake = session;
    if (awake == null) {
      cancel();
      awake = ImapSession.resumed(this);
      session = awake;
    }
    return awake;
  }

  // ── its socket ──

  @Override
  public boolean canPark() {
    return false; // it is parked
  }

  @Override
  public void parked(Parked socket) {
    session().client().parked(socket);
  }

  @Override
  public void stayed() {
    session().client().stayed();
  }

  @Override
  public void leaves() {
    session(); // while what is its own can be read
  }

  @Override
  public void received(ByteBuf data) {
    session().client().received(data);
  }

  @Override
  public void receivedAll() {
    session().client().receivedAll();
  }

  @Override
  public void revived(Channel channel) {
    session().client().revived(channel);
  }

  @Override
  public void gone() {
    session().client().gone();
  }

  @Override
  public void broken(Throwable bug) {
    session().client().broken(bug);
  }

  // ── its mailbox ──

  @Override
  public void changes() {
    session(); // while the view is the one that the client knows: its numbers follow from that
  }

  @Override
  public void changed(ByteBuf lines) {
    session().doze().changed(lines);
  }

  @Override
  public void looked() {
    session().doze().looked();
  }

  @Override
  public void lost(CloseReason reason, String bye) {
    session().doze().lost(reason, bye);
  }

  @Override
  public Client client() {
    OwnFacts facts = own();
    return new Client(
        facts.sessionId(),
        facts.remote(),
        shared.local(),
        shared.tls(),
        shared.serverName(),
        shared.via());
  }

  @Override
  public boolean awaitsFirstLogin() {
    OwnFacts facts = own();
    Grant grant = setting.grant();
    return facts.neverAwake() && (grant == null || !grant.hasLetInSince(facts.since()));
  }

  @Override
  public SelectedMailbox told() {
    SelectedMailbox selected = own().selected(shared.mailbox());
    if (selected == null) {
      throw new IllegalStateException("nothing selected");
    }
    return selected;
  }
}
