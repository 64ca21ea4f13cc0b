package dormouse.park;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What parking needs of the kernel and Netty does not offer: calls of the C library of 64-bit Linux, by the JDK's foreign function
/// interface. One for each thread that calls; none of them blocks.
@SuppressWarnings("restricted") // native access is what it is for
final class Kernel {
  /// The functions, looked up once a process.
  private record Calls(
      MethodHandle epollCreate,
      MethodHandle epollControl,
      MethodHandle epollWait,
      MethodHandle receive,
      MethodHandle send,
      MethodHandle close) {}

  static final int EPOLLIN = 0x1;
  static final int EPOLLOUT = 0x4;
  static final int EPOLLERR = 0x8;
  static final int EPOLLHUP = 0x10;
  static final int EPOLLRDHUP = 0x2000;

  private static final int CLOEXEC = 0x80000; // EPOLL_CLOEXEC
  private static final int ADD = 1;
  private static final int DELETE = 2;
  private static final int CHANGE = 3;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int EAGAIN = 11;
  private static final int EINTR = 4;
  private static final boolean PACKED = System.getProperty("os.arch", "").equals("amd64");
  private static final int AT_DATA = PACKED ? 4 : 8;

  /// Of one `struct epoll_event`.
  static final int EVENT_BYTES = PACKED ? 12 : 16;

  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final @Nullable Calls CALLS = calls();

  private final Calls calls;
  private final MemorySegment state;

  /// @param arena of which a few bytes are taken
  Kernel(Arena arena) {
    if (CALLS == null) {
      throw new IllegalStateException("not here");
    }
    this.calls = CALLS;
    this.state = arena.allocate(STATE);
  }

  /// Whether this is a machine that it knows.
  static boolean isKnown() {
    return CALLS != null;
  }

  private static @Nullable Calls calls() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String machine = System.getProperty("os.arch", "");
    if (!system.equals("linux") || !(machine.equals("amd64") || machine.equals("aarch64"))) {
      return null;
    }
    try {
      return new Calls(
          call("epoll_create1", FunctionDescriptor.of(JAVA_INT, JAVA_INT)),
          call("epoll_ctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS)),
          call(
              "epoll_wait", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT)),
          call("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)),
          call("send", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)),
          call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT)));
    } catch (RuntimeException | LinkageError _) {
      return null; // a JVM without native access, or another C library
    }
  }

  private static MethodHandle call(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        descriptor,
        Linker.Option.captureCallState("errno"));
  }

  /// A new set of descriptors to wait for.
  int epollCreate() throws IOException {
    try {
      return (int) checked("epoll_create1", (int) calls.epollCreate.invokeExact(state, CLOEXEC));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /// Waits for these events of a descriptor from now on.
  ///
  /// @param data what its events are known by
  /// @param event [#EVENT_BYTES] to write in
  void watch(int epoll, int fd, int what, long data, MemorySegment event) throws IOException {
    set(event, what, data);
    control(epoll, ADD, fd, event);
  }

  /// Waits for these events instead of those of before.
  void watchInstead(int epoll, int fd, int what, long data, MemorySegment event)
      throws IOException {
    set(event, what, data);
    control(epoll, CHANGE, fd, event);
  }

  private static void set(MemorySegment event, int what, long data) {
    event.set(JAVA_INT, 0, what);
    event.set(JAVA_LONG_UNALIGNED, AT_DATA, data);
  }

  void unwatch(int epoll, int fd) throws IOException {
    control(epoll, DELETE, fd, MemorySegment.NULL);
  }

  private void control(int epoll, int operation, int fd, MemorySegment event) throws IOException {
    try {
      int result = (int) calls.epollControl.invokeExact(state, epoll, operation, fd, event);
      checked("epoll_ctl", result);
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /// How many events there are now; does not wait for any.
  int poll(int epoll, MemorySegment events) throws IOException {
    int room = (int) (events.byteSize() / EVENT_BYTES);
    try {
      int result = (int) calls.epollWait.invokeExact(state, epoll, events, room, 0);
      return result < 0 && errno() == EINTR ? 0 : (int) checked("epoll_wait", result);
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /// What the `i`-th event is known by.
  static long data(MemorySegment events, int i) {
    return events.get(JAVA_LONG_UNALIGNED, (long) i * EVENT_BYTES + AT_DATA);
  }

  /// What the `i`-th event says.
  static int what(MemorySegment events, int i) {
    return events.get(JAVA_INT_UNALIGNED, (long) i * EVENT_BYTES);
  }

  /// Reads what is there.
  ///
  /// @return how many bytes; 0 at the end of the stream, -1 if there is nothing now
  long receive(int fd, MemorySegment into) throws IOException {
    try {
      long result =
          (long) calls.receive.invokeExact(state, fd, into, into.byteSize(), MSG_DONTWAIT);
      return result < 0 && isNotNow() ? -1 : checked("recv", result);
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /// Sends as much as there is room for.
  ///
  /// @return how many bytes
  long send(int fd, MemorySegment from) throws IOException {
    try {
      long result =
          (long)
              calls.send.invokeExact(state, fd, from, from.byteSize(), MSG_DONTWAIT | MSG_NOSIGNAL);
      return result < 0 && isNotNow() ? 0 : checked("send", result);
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  private boolean isNotNow() {
    int error = errno();
    return error == EAGAIN || error == EINTR;
  }

  void close(int fd) {
    try {
      int ignored = (int) calls.close.invokeExact(state, fd);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /// What is to be read of a direct buffer.
  static MemorySegment memoryOf(ByteBuf direct) {
    return MemorySegment.ofAddress(direct.memoryAddress() + direct.readerIndex())
        .reinterpret(direct.readableBytes());
  }

  private long checked(String what, long result) throws IOException {
    if (result < 0) {
      throw new IOException(what + ": errno " + errno());
    }
    return result;
  }

  private int errno() {
    return (int) ERRNO.get(state, 0L);
  }

  private static IOException thrown(Throwable e) {
    if (e instanceof IOException io) {
      return io;
    }
    throw new IllegalStateException(e);
  }
}
