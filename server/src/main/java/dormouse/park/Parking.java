package dormouse.park;

import dormouse.listen.Listener;
import dormouse.ops.EventLog;
import dormouse.tcp.TcpChannel;
import dormouse.tls.records.ParkedRecords;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.collection.IntObjectHashMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The parked sockets of one event loop. A parked socket has no channel: its descriptor waits in an [EpollSet] of our own, which is
/// itself one descriptor of the loop's, and what TLS needs to go on lies in a [ParkTable].
/// ```text
/// channel ──park──▶ slot ──revive──▶ a new channel, of ours
///                   │  ▲  ◀──park──
///                   └──┘ read, open, answer, seal, send: no channel needed
/// ```
/// Reads and writes go straight to the socket ([SlotTraffic]). Whatever is more than that takes a channel again: half a record, or a client that
/// does not take all it is sent. That channel, a [SlotChannel], leaves the socket where it is: the kernel is told of it when it is parked
/// first, and when it is closed. Lives on its event loop.
public final class Parking {
  /// Many who have sockets and no object each, but a number.
  public interface Crowd {
    /// The owner of a member's socket, which has it from now on.
    Owner owner(int member, int slot);
  }

  /// Whose socket it is.
  public interface Owner {
    /// Whether the socket can still be parked: asked when its channel has left the loop.
    boolean canPark();

    /// From now on there is no channel.
    void parked(Parked socket);

    /// It was not to be: the channel goes on.
    void stayed();

    /// What was put beside the socket will be gone when this returns.
    default void leaves() {}

    /// The client has said something.
    ///
    /// @param data owned by the receiver, never empty
    void received(ByteBuf data);

    /// All that was there has been told.
    void receivedAll();

    /// There is a channel again, in whose pipeline TLS stands: the owner adds its own handlers. Not registered yet.
    void revived(Channel channel);

    /// The connection has ended; its descriptor is closed. A channel says so too, to its handlers.
    void gone();

    /// A bug of ours.
    void broken(Throwable bug);
  }

  /// How many can be parked on one loop; what is not used costs nothing but addresses.
  private static final int CAPACITY = 1 << 24;

  private static final String TLS = "tls";
  private static final int NONE = -1;

  private static final EventLog LOG = EventLog.of(Parking.class);
  private static final ByteBufAllocator ALLOCATOR = ByteBufAllocator.DEFAULT;

  private final EventLoop loop;
  private final Parkings.Gauges gauges;
  private final Arena arena = Arena.ofShared();
  private final Kernel kernel;
  private final ParkTable<Owner> table;
  private final IntObjectHashMap<SlotChannel> channels = new IntObjectHashMap<>(); // by slot
  private final EpollSet sockets;
  private final SlotTraffic traffic;
  private @Nullable Crowd crowd;
  private int reading = NONE; // the slot whose owner is just told what was read
  private @Nullable Channel revivedMeanwhile; // from that slot
  private boolean refused; // the kernel watches no more, and it has been logged
  private boolean closed;

  private Parking(EventLoop loop, Parkings.Gauges gauges, int capacity) throws IOException {
    this.loop = loop;
    this.gauges = gauges;
    this.kernel = new Kernel(arena);
    this.table = new ParkTable<>(capacity);
    this.sockets = new EpollSet(kernel, arena);
    this.traffic = new SlotTraffic(kernel, table, arena);
  }

  /// Begins to serve a loop; any thread.
  ///
  /// @throws IOException if the kernel does not let it
  static Parking on(EventLoop loop, Parkings.Gauges gauges) throws IOException {
    if (!(loop instanceof IoEventLoop io)) {
      throw new IOException("the loop is none of epoll's");
    }
    Parking parking = new Parking(io, gauges, CAPACITY);
    io.register(parking.new Nest())
        .addListener(done -> {
          if (!done.isSuccess()) {
            LOG.error(done.cause(), "bug", "in", "parking");
            return;
          }
          IoRegistration registration = (IoRegistration) done.getNow();
          registration.submit(EpollIoOps.EPOLLIN);
        });
    return parking;
  }

  // ── to sleep ──

  /// Why a channel cannot be parked now, or null. Its pipeline may hold TLS and one handler of its owner.
  public @Nullable Unparked obstacle(Channel channel) {
    if (!(channel instanceof SlotChannel || channel instanceof TcpChannel)) {
      return Unparked.NO_EPOLL;
    }
    ChannelHandler tls = channel.pipeline().get(TLS);
    if (tls != null && !ParkedRecords.isCarriedBy(tls)) {
      return Unparked.TLS_ENGINE;
    }
    if (tls != null && !ParkedRecords.canPark(tls)) {
      return Unparked.BUSY;
    }
    int wanted = tls == null ? 1 : 2; // the owner
    if (channel.pipeline().names().size() != wanted + 1) { // the last is Netty's own
      return Unparked.PIPELINE;
    }
    if (table.isFull() && !(channel instanceof SlotChannel)) {
      return Unparked.FULL;
    }
    var unsent = channel.unsafe().outboundBuffer();
    return unsent == null || !unsent.isEmpty() ? Unparked.BUSY : null;
  }

  /// Parks a channel without [#obstacle]: the owner is told when that has been done, or why it has not.
  public void park(Channel channel, Owner owner) {
    assert loop.inEventLoop();
    if (channel instanceof SlotChannel here) {
      loop.execute(() -> parkAgain(here, owner));
      return;
    }
    channel
        .deregister()
        .addListener(left -> {
          if (!channel
              .isOpen()) { // closed on its way out, when its pipeline had been taken apart already
            owner.gone();
            return;
          }
          if (!left.isSuccess()) {
            owner.stayed();
            return;
          }
          if (closed
              || obstacle(channel) != null
              || !owner.canPark()
              || !take((TcpChannel) channel, owner)) {
            register(channel, owner);
            owner.stayed();
          }
        });
  }

  /// A channel that its loop does not take is closed, and says so to nobody.
  private void register(Channel channel, Owner owner) {
    loop.register(channel)
        .addListener(done -> {
          if (!done.isSuccess()) {
            owner.gone();
          }
        });
  }

  private boolean take(TcpChannel channel, Owner owner) {
    int fd = channel.fd();
    int slot = add(fd, owner);
    try {
      sockets.watch(slot, fd, SlotChannel.READING);
    } catch (IOException e) {
      remove(slot);
      refused(e);
      return false;
    }
    refused = false;
    channel.leave();
    rest(slot, channel, owner);
    return true;
  }

  private void refused(IOException e) {
    if (!refused) {
      refused = true;
      LOG.warn("park-failed", "error", e);
    }
  }

  private void parkAgain(SlotChannel channel, Owner owner) {
    if (!channel.isOpen()) {
      return; // as its owner hears from it
    }
    if (closed || obstacle(channel) != null || !owner.canPark()) {
      owner.stayed();
      return;
    }
    try {
      channel.leave();
    } catch (IOException e) {
      refused(e);
      owner.stayed();
      return;
    }
    channels.remove(channel.slot());
    table.takeBack(channel.slot(), owner);
    rest(channel.slot(), channel, owner);
  }

  private void rest(int slot, Channel channel, Owner owner) {
    ChannelHandler tls = channel.pipeline().get(TLS);
    if (tls != null) {
      ParkedRecords.park(tls, table.records(slot));
    }
    gauges.parked(1);
    owner.parked(at(slot));
  }

  /// Takes a slot, whose descriptor is not waited for yet.
  int add(int fd, Owner owner) {
    return table.add(fd, owner);
  }

  /// Gives back a slot, whose descriptor is not waited for any more.
  void remove(int slot) {
    traffic.forget(slot);
    table.remove(slot);
  }

  // ── the client speaks ──

  private void poll() {
    int count = sockets.poll();
    for (int i = 0; i < count && !closed; i++) {
      int slot = sockets.slot(i);
      if (table.fd(slot) != sockets.fd(i)) {
        continue; // it has gone since, by what another did
      }
      SlotChannel channel = channels.get(slot);
      if (channel != null) {
        ready(channel, sockets.what(i));
        continue;
      }
      readable(slot, (sockets.what(i) & SlotChannel.LEFT) != 0);
    }
  }

  /// @param left whether its client has shut its side of the socket, or is gone
  private void readable(int slot, boolean left) {
    int generation = table.generation(slot);
    Owner owner = null;
    try {
      owner = owner(slot);
      readable(slot, generation, owner, left);
    } catch (RuntimeException | Error bug) {
      try {
        (owner == null || table.isThere(slot, generation) ? owner(slot) : owner).broken(bug);
      } catch (RuntimeException | Error _) { // there is no owner any more
        LOG.error(bug, "bug", "in", "parking");
        abandon(slot, generation);
      }
    }
  }

  /// Ends a connection whose owner cannot be found, or would be heard of again and again.
  private void abandon(int slot, int generation) {
    if (!table.isThere(slot, generation)) {
      return;
    }
    try {
      traffic.sayLast(slot, ParkedRecords.INTERNAL_ERROR);
    } catch (RuntimeException | Error bug) {
      LOG.error(bug, "bug", "in", "parking");
    } finally {
      gauges.parked(-1);
      drop(slot);
      ParkedRecords.forgetKeys(loop);
    }
  }

  private static void ready(SlotChannel channel, int events) {
    try {
      channel.ready(events);
    } catch (IOException | RuntimeException | Error bug) {
      channel.fail(bug);
    }
  }

  private void readable(int slot, int generation, Owner owner, boolean left) {
    int bytes = traffic.receive(slot);
    if (bytes < 0) {
      return;
    }
    if (bytes == 0) {
      end(slot);
      owner.gone();
      return;
    }
    gauges.spoke();
    if (traffic.hasTls(slot)) {
      open(slot, generation, owner, left);
      return;
    }
    owner.received(ALLOCATOR.buffer(bytes).writeBytes(traffic.read()));
    owner.receivedAll();
  }

  private void open(int slot, int generation, Owner owner, boolean left) {
    ArrayDeque<ByteBuf> data = new ArrayDeque<>(2);
    try {
      open(slot, generation, owner, left, data);
    } finally {
      reading = NONE;
      revivedMeanwhile = null; // kept no longer than that
      data.forEach(ByteBuf::release); // which a bug of ours has let nobody hear
    }
  }

  /// What was said whole is told before anything is made of what is broken behind it.
  ///
  /// @param data what nobody has been told yet
  private void open(int slot, int generation, Owner owner, boolean left, ArrayDeque<ByteBuf> data) {
    ByteBuf read = traffic.read();
    ParkedRecords records = traffic.take(slot);
    int alert = records.read(read, ALLOCATOR, data::add);
    ByteBuf unsent = null;
    if (alert == ParkedRecords.GO_ON && records.owesKeyUpdate()) {
      ByteBuf update = records.seal(Unpooled.EMPTY_BUFFER, ALLOCATOR);
      records.save();
      unsent = traffic.write(slot, update);
    }
    records.save();
    if (alert == ParkedRecords.GO_ON
        && (unsent != null || read.isReadable() || !records.atRest())) {
      ByteBuf unfinished = read.isReadable() ? ALLOCATOR.buffer().writeBytes(read) : null;
      Channel channel = revive(slot, owner, records.handler(unfinished), unsent);
      tell(channel, data);
      return;
    }
    boolean any = !data.isEmpty();
    if (any && alert == ParkedRecords.GO_ON) {
      traffic.keep(slot, records);
    } else {
      records.forget();
    }
    reading = slot;
    revivedMeanwhile = null;
    for (ByteBuf one = data.poll(); one != null; one = data.poll()) {
      owner.received(one);
    }
    if (any) {
      owner.receivedAll();
    }
    Channel carriesOn = revivedMeanwhile;
    reading = NONE;
    if (alert == ParkedRecords.GO_ON) {
      return;
    }
    if (table.isThere(slot, generation)) {
      Owner last = owner(slot); // another may have taken it over
      boolean hungUp = left && !any && alert == ParkedRecords.CLOSE_NOTIFY;
      if (!hungUp) {
        traffic.sayLast(slot, alert);
      }
      end(slot);
      last.gone();
    } else if (carriesOn != null) { // which has not seen what was read here
      ParkedRecords.end(carriesOn.pipeline().get(TLS), alert);
    }
  }

  private static void tell(Channel channel, ArrayDeque<ByteBuf> data) {
    if (!data.isEmpty()) {
      ChannelHandlerContext behind = channel.pipeline().context(TLS);
      for (ByteBuf one = data.poll(); one != null; one = data.poll()) {
        behind.fireChannelRead(one);
      }
      behind.fireChannelReadComplete();
    }
  }

  // ── it hears ──

  /// As [SlotTraffic#send].
  @Nullable ByteBuf send(int slot, ByteBuf data) {
    return traffic.send(slot, data);
  }

  // ── awake, or gone ──

  /// Gives a socket a channel again.
  ///
  /// @param unsent what goes out first, sealed; owned by this method
  void revive(int slot, @Nullable ByteBuf unsent) {
    ChannelHandler tls = traffic.hasTls(slot) ? traffic.take(slot).handler(null) : null;
    revive(slot, owner(slot), tls, unsent);
  }

  /// @param tls carries TLS on; owned by this method
  private Channel revive(
      int slot, Owner owner, @Nullable ChannelHandler tls, @Nullable ByteBuf unsent) {
    int fd = table.fd(slot);
    try {
      owner(slot).leaves();
    } catch (RuntimeException | Error bug) { // else nobody would have the socket
      giveUp(tls, unsent);
      abandon(slot, table.generation(slot));
      throw bug;
    }
    table.lend(slot);
    gauges.parked(-1);
    SlotChannel channel = new SlotChannel(this, slot, fd);
    channels.put(slot, channel);
    Listener.buffers(channel.config());
    if (tls != null) {
      channel.pipeline().addLast(TLS, tls);
    }
    if (slot == reading) {
      revivedMeanwhile = channel;
      reading = NONE; // whoever is in that slot next is another
    }
    try {
      owner.revived(channel);
    } catch (RuntimeException | Error bug) { // the same
      giveUp(tls, unsent);
      channel.unsafe().closeForcibly();
      throw bug;
    }
    register(channel, owner);
    if (unsent != null) {
      ChannelHandlerContext below = channel.pipeline().context(TLS);
      if (below != null) {
        below.write(unsent);
      } else {
        channel.write(unsent);
      }
      channel.flush();
    }
    gauges.revived();
    return channel;
  }

  private static void giveUp(@Nullable ChannelHandler tls, @Nullable ByteBuf unsent) {
    if (tls != null) {
      ParkedRecords.forget(tls);
    }
    if (unsent != null) {
      unsent.release();
    }
  }

  /// Ends a connection; says so first if it has TLS.
  void end(int slot, int alert) {
    traffic.sayLast(slot, alert);
    end(slot);
  }

  private void end(int slot) {
    try {
      owner(slot).leaves();
    } finally {
      gauges.parked(-1);
      drop(slot);
      ParkedRecords.forgetKeys(loop);
    }
  }

  private void drop(int slot) {
    int fd = table.fd(slot);
    remove(slot);
    try {
      sockets.unwatch(fd);
    } finally {
      kernel.close(fd);
    }
  }

  // ── for its channels ──

  boolean isOf(EventLoop other) {
    return loop.equals(other);
  }

  void watch(int slot, int what) throws IOException {
    sockets.watchInstead(slot, table.fd(slot), what);
  }

  void closed(SlotChannel channel) {
    channels.remove(channel.slot());
    drop(channel.slot());
  }

  // ── what is kept beside a socket ──

  boolean keep(int slot, byte[] bytes) {
    MemorySegment room = table.room(slot);
    if (bytes.length > room.byteSize()) {
      return false;
    }
    room.fill((byte) 0).copyFrom(MemorySegment.ofArray(bytes));
    return true;
  }

  byte[] kept(int slot) {
    return table.room(slot).toArray(ValueLayout.JAVA_BYTE);
  }

  /// A socket that is parked. Lives on as long as it stays there.
  public Parked at(int slot) {
    return new Parked(this, slot, closed ? 0 : table.generation(slot));
  }

  MemorySegment records(int slot) {
    return table.records(slot);
  }

  MemorySegment room(int slot) {
    return table.room(slot);
  }

  int member(int slot) {
    return table.member(slot);
  }

  private Owner owner(int slot) {
    int member = table.member(slot);
    return member == ParkTable.NO_MEMBER
        ? table.owner(slot)
        : Objects.requireNonNull(crowd).owner(member, slot);
  }

  void handOver(int slot, Owner owner) {
    traffic.forget(slot);
    table.owner(slot, owner);
  }

  void handOver(int slot, int member) {
    traffic.forget(slot);
    table.member(slot, member);
  }

  /// To whose members sockets can be handed over.
  public void crowd(Crowd one) {
    crowd = one;
  }

  /// Those who have parked sockets now and are no members of the crowd, once for each.
  public List<Owner> owners() {
    return closed ? List.of() : table.owners();
  }

  boolean isThere(int slot, int generation) {
    return !closed && table.isThere(slot, generation);
  }

  private void close() {
    if (closed) {
      return;
    }
    for (int slot = 0; slot < table.end(); slot++) {
      if (table.isParked(slot)) {
        end(slot);
      }
    }
    List.copyOf(channels.values()).forEach(SlotChannel::end);
    closed = true;
    table.close();
    sockets.close();
    arena.close();
  }

  /// The epoll set as one descriptor of the loop.
  private final class Nest implements EpollIoHandle {
    private final FileDescriptor descriptor = sockets.descriptor();

    @Override
    public FileDescriptor fd() {
      return descriptor;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      poll();
    }

    @Override
    public void close() {
      Parking.this.close();
    }
  }
}
