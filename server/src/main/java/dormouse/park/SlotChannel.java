package dormouse.park;

import dormouse.tcp.StreamChannel;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/// A channel on a socket that was parked and may be parked again. The socket stays in its slot and in its parking's epoll set, so that the
/// kernel is asked for nothing when the channel comes or goes; what the set reports of it comes by [#ready].
/// ```text
/// watched for: reading, unless nobody wants to read and something came   room, while something could not be sent
/// ```
/// Lives on its event loop.
final class SlotChannel extends StreamChannel {
  /// What a parked socket is watched for, and a channel when it begins.
  static final int READING = Kernel.EPOLLIN | Kernel.EPOLLRDHUP;

  private static final int BROKEN = Kernel.EPOLLERR | Kernel.EPOLLHUP;

  /// What is told of who says nothing more.
  static final int LEFT = Kernel.EPOLLRDHUP | BROKEN;

  private final Parking parking;
  private final int slot;
  private final FileDescriptor socket;
  private int watched = READING;
  private boolean left;

  SlotChannel(Parking parking, int slot, int fd) {
    super(null, /* reads= */ 1);
    this.parking = parking;
    this.slot = slot;
    this.socket = new FileDescriptor(fd);
  }

  int slot() {
    return slot;
  }

  /// Leaves its socket to the slot, as it is watched for there; good for nothing from then on.
  void leave() throws IOException {
    watch(READING);
    abandon();
  }

  private void watch(int what) throws IOException {
    if (what != watched && isOpen()) { // else its slot may be another's
      parking.watch(slot, what);
      watched = what;
    }
  }

  /// The kernel has something to say of the socket.
  ///
  /// @param events as of epoll
  void ready(int events) throws IOException {
    left |= (events & LEFT) != 0;
    if ((events & (Kernel.EPOLLOUT | BROKEN)) != 0) {
      roomAgain();
    }
    if (!isOpen() || (events & (READING | BROKEN)) == 0) {
      return;
    }
    if (wantsToRead()) {
      receive(/* left= */ false);
    } else if ((events & BROKEN)
        != 0) { // which cannot be left for later, the kernel says it on and on
      close();
    } else {
      watch(watched & ~READING);
    }
  }

  @Override
  public boolean hasPeerLeft() {
    return left;
  }

  @Override
  protected void doBeginRead() throws IOException {
    super.doBeginRead();
    watch(watched | READING);
  }

  @Override
  protected FileDescriptor socket() {
    return socket;
  }

  @Override
  protected void awaitRoom(boolean wanted) throws IOException {
    watch(wanted ? watched | Kernel.EPOLLOUT : watched & ~Kernel.EPOLLOUT);
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return parking.isOf(loop);
  }

  @Override
  protected void closeSocket() {
    parking.closed(this);
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return isOpen() ? new Socket(socket.intValue()).localAddress() : null;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return isOpen() ? new Socket(socket.intValue()).remoteAddress() : null;
  }
}
