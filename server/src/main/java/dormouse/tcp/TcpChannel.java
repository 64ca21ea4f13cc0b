package dormouse.tcp;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.LinuxSocket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A TCP connection on a loop of epoll's. The kernel is told once, when it begins, to say whenever anything new comes or there is room again
/// (edge-triggered, epoll(7)), and never asked for what is known: Netty's own channel makes a dozen calls more in the life of a connection
/// that only logs in, which take more than its bytes.
/// ```text
/// told: there is something   ──somebody wants it──▶ read, until less came than there was room for
///                            ──nobody does────────▶ remembered until somebody does; but of who has left one buffer is read, and its end behind it
/// ```
/// Lives on its event loop.
public final class TcpChannel extends StreamChannel {
  private static final int READS = 16; // in a turn, as Netty's

  private static final EpollIoOps EVERYTHING =
      EpollIoOps.EPOLLIN
          .with(EpollIoOps.EPOLLOUT)
          .with(EpollIoOps.EPOLLRDHUP)
          .with(EpollIoOps.EPOLLET);
  private static final int ROOM = EpollIoOps.EPOLLOUT.value();
  private static final int BROKEN = EpollIoOps.EPOLLERR.value() | 0x10; // EPOLLHUP
  private static final int LEFT = EpollIoOps.EPOLLRDHUP.value() | BROKEN;

  private static final int IPPROTO_IP = 0;
  private static final int IP_BIND_ADDRESS_NO_PORT = 24;

  private final Handle handle = new Handle();
  private @Nullable FileDescriptor socket; // none before it connects
  private @Nullable InetSocketAddress local;
  private @Nullable InetSocketAddress remote;
  private @Nullable IoRegistration registration;
  private boolean connected;
  private @Nullable ChannelPromise connecting;
  private @Nullable Future<?> connectTimeout;
  private boolean readable; // as far as we were told
  private int left; // of LEFT, what we were told
  private boolean reading;
  private boolean readsSoon;
  private boolean readsAgain;

  /// One that is to be connected: to an [InetSocketAddress], from another or from any; within [io.netty.channel.ChannelConfig#getConnectTimeoutMillis].
  public TcpChannel() {
    super(null, READS);
  }

  /// One that a listener accepted.
  ///
  /// @param local if it is known without asking
  TcpChannel(
      Channel listener,
      FileDescriptor socket,
      @Nullable InetSocketAddress local,
      InetSocketAddress remote) {
    super(listener, READS);
    this.socket = socket;
    this.local = local;
    this.remote = remote;
    this.connected = true;
  }

  /// What epoll calls.
  private final class Handle implements EpollIoHandle {
    @Override
    public FileDescriptor fd() {
      return socket();
    }

    @Override
    public void handle(IoRegistration of, IoEvent event) {
      try {
        ready(((EpollIoEvent) event).ops().value());
      } catch (RuntimeException
          | Error bug) { // else the loop would forget what else it was told, or end
        fail(bug);
      }
    }

    /// The loop ends.
    @Override
    public void close() {
      end();
    }
  }

  /// Its descriptor, for who watches it when the channel has left its loop.
  public int fd() {
    return socket().intValue();
  }

  /// Leaves its socket to who has asked for its descriptor; good for nothing from then on. Only where it has left its loop.
  public void leave() {
    abandon();
  }

  // ── its loop ──

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop instanceof IoEventLoop io && io.isCompatible(Handle.class);
  }

  @Override
  protected void doRegister(ChannelPromise promise) {
    try {
      if (connected) {
        watch();
      }
    } catch (IOException e) {
      promise.setFailure(e);
      return;
    }
    promise.setSuccess();
  }

  private void watch() throws IOException {
    Future<IoRegistration> registered = ((IoEventLoop) eventLoop()).register(handle);
    if (!registered.isSuccess()) {
      throw new IOException("the loop takes no more", registered.cause());
    }
    IoRegistration here = registered.getNow();
    try {
      here.submit(EVERYTHING);
    } catch (UncheckedIOException e) {
      here.cancel();
      throw e.getCause();
    }
    registration = here;
  }

  @Override
  protected void doDeregister() {
    IoRegistration here = registration;
    registration = null;
    readable = false; // the next loop is told anew
    left = 0;
    readsSoon = false;
    if (here != null) {
      here.cancel();
    }
  }

  private void ready(int events) {
    if (!isOpen()) {
      return;
    }
    if (connecting != null) {
      finishConnecting();
      if (!isActive()) {
        return;
      }
    }
    if ((events & (ROOM | BROKEN)) != 0) {
      roomAgain();
    }
    if (!isOpen() || (events & ~ROOM) == 0) {
      return;
    }
    readable = true;
    readsSoon = false;
    boolean leaves = (events & LEFT & ~left) != 0;
    left |= events & LEFT;
    if (leaves || wantsToRead()) {
      readOn();
    }
  }

  @Override
  public boolean hasPeerLeft() {
    return left != 0;
  }

  // ── what is read ──

  private void readOn() {
    if (reading || registration == null || !readable) {
      return;
    }
    reading = true;
    try {
      readable = !receive(left != 0);
    } finally {
      reading = false;
    }
    if (readable) {
      readSoon();
    }
  }

  /// Behind what the loop has to do already. The second time it asks to be told anew, and so comes behind what the loop is told of others:
  /// tasks that beget tasks may hold it for a second.
  private void readSoon() {
    IoRegistration here = registration;
    if (readsSoon || here == null || !isOpen() || !wantsToRead()) {
      return;
    }
    readsSoon = true;
    if (readsAgain) {
      here.submit(EVERYTHING);
    } else {
      eventLoop().execute(this::readAgain);
    }
  }

  private void readAgain() {
    if (!eventLoop().inEventLoop() || !readsSoon) { // it has moved on, or was told anew
      return;
    }
    readsSoon = false;
    readsAgain = true;
    try {
      if (wantsToRead()) {
        readOn();
      }
    } catch (RuntimeException | Error bug) {
      fail(bug);
    } finally {
      readsAgain = false;
    }
  }

  @Override
  protected void doBeginRead() throws IOException {
    super.doBeginRead();
    if (readable && !reading) {
      readSoon();
    }
  }

  // ── what is sent ──

  @Override
  protected FileDescriptor socket() {
    return Objects.requireNonNull(socket, "not connected");
  }

  @Override
  protected void awaitRoom(boolean wanted) {} // it is told of anyway

  // ── it connects ──

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new Connecting();
  }

  private final class Connecting extends Sending {
    @Override
    public void connect(SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
      if (promise.isDone() || !ensureOpen(promise)) {
        return;
      }
      if (connecting != null) {
        throw new ConnectionPendingException();
      }
      if (connected) {
        throw new AlreadyConnectedException();
      }
      try {
        if (connectSocket((InetSocketAddress) to, (InetSocketAddress) from)) {
          succeed(promise);
          return;
        }
      } catch (IOException | RuntimeException e) { // there may be no descriptor
        promise.tryFailure(annotateConnectException(e, to));
        closeIfClosed();
        return;
      }
      connecting = promise;
      noRoom(); // for what may be written before
      int millis = config().getConnectTimeoutMillis();
      if (millis > 0) {
        connectTimeout =
            eventLoop()
                .schedule(
                    () ->
                        giveUp(
                            new ConnectTimeoutException(
                                "connection timed out after " + millis + " ms: " + to)),
                    millis,
                    TimeUnit.MILLISECONDS);
      }
      promise.addListener(done -> {
        if (done.isCancelled()) {
          stopWaiting();
          close(voidPromise());
        }
      });
    }

    private void refused(IOException why) {
      giveUp(annotateConnectException(why, remote));
    }

    private void giveUp(Throwable cause) {
      ChannelPromise promise = connecting;
      if (promise != null && promise.tryFailure(cause)) {
        stopWaiting();
        close(voidPromise());
      }
    }
  }

  private boolean connectSocket(InetSocketAddress to, @Nullable InetSocketAddress from)
      throws IOException {
    LinuxSocket dialing =
        LinuxSocket.newSocketStream(
            to.getAddress() instanceof Inet4Address
                ? SocketProtocolFamily.INET
                : SocketProtocolFamily.INET6);
    socket = dialing;
    remote = to;
    dialing.setTcpNoDelay(true);
    dialing.setKeepAlive(true);
    if (from != null) {
      if (from.getPort() == 0) {
        dialing.setIntOpt(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
      }
      dialing.bind(from);
    }
    boolean done = dialing.connect(to);
    watch(); // before that it would be told that nobody is there
    return done;
  }

  private void finishConnecting() {
    ChannelPromise promise = connecting;
    try {
      if (promise == null || !((Socket) socket()).finishConnect()) {
        return;
      }
    } catch (IOException e) {
      ((Connecting) unsafe()).refused(e);
      return;
    }
    stopWaiting();
    succeed(promise);
  }

  private void succeed(ChannelPromise promise) {
    connected = true;
    boolean told = promise.trySuccess();
    pipeline().fireChannelActive();
    if (!told) {
      end();
    }
  }

  private void stopWaiting() {
    connecting = null;
    Future<?> timeout = connectTimeout;
    connectTimeout = null;
    if (timeout != null) {
      timeout.cancel(false);
    }
  }

  // ── it ends ──

  /// The descriptor is given back at the end of the loop's turn: events that the turn began with must not find another socket by its number.
  @Override
  protected void closeSocket() throws IOException {
    ChannelPromise promise = connecting;
    stopWaiting();
    if (promise != null) {
      promise.tryFailure(new ClosedChannelException());
    }
    if (socket == null) {
      return;
    }
    if (registration == null) {
      giveBack();
      return;
    }
    try {
      eventLoop().execute(this::giveBack);
    } catch (RejectedExecutionException e) { // it has ended
      giveBack();
    }
  }

  private void giveBack() {
    try {
      socket().close();
    } catch (IOException e) {
      // it is closed all the same (close(2))
    }
    doDeregister();
  }

  // ── what a channel is asked ──

  @Override
  public boolean isActive() {
    return connected && isOpen();
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    if (local == null && isActive()) {
      local = new Socket(socket().intValue()).localAddress();
    }
    return local;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return connected ? remote : null;
  }
}
