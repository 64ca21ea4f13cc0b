package dormouse.park;

import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The epoll set in which the sockets of one loop's slots wait, itself one descriptor that the loop waits for. What it reports is read by
/// number, until it is asked again. Lives on its event loop.
final class EpollSet {
  private static final int EVENTS = 256; // a turn, so that channels do not wait for long

  private final Kernel kernel;
  private final int epoll;
  private final MemorySegment events;
  private final MemorySegment event;

  /// @param arena of which room for events is taken
  EpollSet(Kernel kernel, Arena arena) throws IOException {
    this.kernel = kernel;
    this.epoll = kernel.epollCreate();
    this.events = arena.allocate((long) EVENTS * Kernel.EVENT_BYTES, Long.BYTES);
    this.event = arena.allocate(Kernel.EVENT_BYTES, Long.BYTES);
  }

  /// Itself, to be waited for.
  FileDescriptor descriptor() {
    return new FileDescriptor(epoll);
  }

  /// Waits for these events of a slot's socket from now on.
  void watch(int slot, int fd, int what) throws IOException {
    kernel.watch(epoll, fd, what, data(slot, fd), event);
  }

  /// Waits for these events instead of those of before.
  void watchInstead(int slot, int fd, int what) throws IOException {
    kernel.watchInstead(epoll, fd, what, data(slot, fd), event);
  }

  void unwatch(int fd) {
    try {
      kernel.unwatch(epoll, fd);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /// What the kernel says with each event of a socket. A slot is never given away while events are looked at, so the descriptor is only
  /// asked for because it costs nothing.
  private static long data(int slot, int fd) {
    return (long) fd << Integer.SIZE | slot;
  }

  /// How many events there are now; does not wait for any.
  int poll() {
    try {
      return kernel.poll(epoll, events);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Of which slot the `i`-th event is.
  int slot(int i) {
    return (int) Kernel.data(events, i);
  }

  /// Of which descriptor it is.
  int fd(int i) {
    return (int) (Kernel.data(events, i) >>> Integer.SIZE);
  }

  /// What it says.
  int what(int i) {
    return Kernel.what(events, i);
  }

  void close() {
    kernel.close(epoll);
  }
}
