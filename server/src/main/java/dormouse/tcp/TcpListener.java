package dormouse.tcp;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.LinuxSocket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.NativeInetAddress;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A socket that listens, on a loop of epoll's; whom it accepts has a [TcpChannel]. What its socket is set to, they inherit.
///
/// Lives on its event loop.
public final class TcpListener extends AbstractServerChannel {
  /// An option of a socket that is a number (setsockopt(2)).
  public record Option(int level, int name, int value) {}

  private static final int ACCEPTS = 16; // in a turn, as Netty's
  private static final int ADDRESS_BYTES = 26; // one of length, 16, a scope, a port

  private static final EpollIoOps UNHEARD =
      EpollIoOps.EPOLLERR; // which it is told of anyway; of NONE Netty finds no way back

  private final LinuxSocket socket;
  private final int backlog;
  private final Handle handle = new Handle();
  private final ChannelConfig config =
      new DefaultChannelConfig(this) {
        @Override
        protected void
            autoReadCleared() { // for a second, when the process has too many descriptors
          watch(UNHEARD);
        }
      };
  private final byte[] accepted = new byte[ADDRESS_BYTES];
  private @Nullable InetSocketAddress local;
  private @Nullable InetSocketAddress localOfAll;
  private @Nullable IoRegistration registration;
  private EpollIoOps watched = UNHEARD; // there
  private boolean open = true;

  /// @param address of the family that it will be bound to
  /// @param backlog how many may wait to be accepted
  /// @throws IllegalStateException if the kernel does not know one of the options
  public TcpListener(InetSocketAddress address, int backlog, List<Option> options) {
    this.backlog = backlog;
    this.socket = socket(address);
    try {
      prepare(socket, options);
      socket.setReusePort(true);
      socket.setTcpNoDelay(true);
    } catch (IOException | RuntimeException e) {
      try {
        socket.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw new IllegalStateException(e);
    }
  }

  /// Fails if somebody listens there, also who would share the address with others (SO_REUSEPORT) unnoticed.
  ///
  /// @throws IOException if the address cannot be had
  public static void failIfTaken(InetSocketAddress address, List<Option> options)
      throws IOException {
    LinuxSocket probe = socket(address);
    try {
      prepare(probe, options);
      probe.bind(address);
    } finally {
      probe.close();
    }
  }

  private static LinuxSocket socket(InetSocketAddress address) {
    return address.getAddress() instanceof Inet4Address
        ? LinuxSocket.newSocketStream(SocketProtocolFamily.INET)
        : LinuxSocket.newSocketStream();
  }

  private static void prepare(LinuxSocket socket, List<Option> options) throws IOException {
    socket.setReuseAddress(true);
    for (Option each : options) {
      socket.setIntOpt(each.level, each.name, each.value);
    }
  }

  private final class Handle implements EpollIoHandle {
    @Override
    public FileDescriptor fd() {
      return socket;
    }

    @Override
    public void handle(IoRegistration of, IoEvent event) {
      try {
        accept();
      } catch (RuntimeException
          | Error bug) { // else the loop would forget what else it was told, or end
        pipeline().fireExceptionCaught(bug);
      }
    }

    /// The loop ends.
    @Override
    public void close() {
      unsafe().close(unsafe().voidPromise());
    }
  }

  private void accept() {
    if (!open || local == null) {
      return;
    }
    IOException failure = null;
    try {
      for (int i = 0; i < ACCEPTS && open && config.isAutoRead(); i++) {
        int fd = socket.accept(accepted);
        if (fd < 0) {
          break;
        }
        InetSocketAddress remote = NativeInetAddress.address(accepted, 1, accepted[0]);
        pipeline()
            .fireChannelRead(new TcpChannel(this, new FileDescriptor(fd), localOfAll, remote));
      }
    } catch (IOException e) {
      failure = e;
    }
    pipeline().fireChannelReadComplete();
    if (failure
        != null) { // who stays in the queue is told of again: Netty stops reading for a second
      pipeline().fireExceptionCaught(failure);
    }
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop instanceof IoEventLoop io && io.isCompatible(Handle.class);
  }

  @Override
  protected void doRegister(ChannelPromise promise) {
    Future<IoRegistration> registered = ((IoEventLoop) eventLoop()).register(handle);
    if (registered.isSuccess()) {
      registration = registered.getNow();
      promise.setSuccess();
    } else {
      promise.setFailure(new IOException("the loop takes no more", registered.cause()));
    }
  }

  @Override
  protected void doDeregister() {
    IoRegistration here = registration;
    registration = null;
    watched = UNHEARD;
    if (here != null) {
      here.cancel();
    }
  }

  @Override
  protected void doBind(SocketAddress address) throws IOException {
    socket.bind(address);
    socket.listen(backlog);
    InetSocketAddress bound = socket.localAddress();
    local = bound;
    localOfAll = bound.getAddress().isAnyLocalAddress() ? null : bound;
  }

  @Override
  protected void doBeginRead() {
    watch(EpollIoOps.EPOLLIN);
  }

  private void watch(EpollIoOps what) {
    IoRegistration here = registration;
    if (here != null && !what.equals(watched)) {
      here.submit(what);
      watched = what;
    }
  }

  @Override
  protected void doClose() throws IOException {
    open = false;
    doDeregister();
    socket.close();
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return local;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open && local != null;
  }
}
