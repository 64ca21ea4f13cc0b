package dormouse.listen;

import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// The event loops, each with its wheel of timers: epoll where the kernel has it, else NIO. Any thread; a wheel is its
/// loop's own.
public final class EventLoops implements AutoCloseable {
  private final MultiThreadIoEventLoopGroup group;
  private final List<EventLoop> loops;
  private final IdentityHashMap<EventLoop, TimerWheel> wheels = new IdentityHashMap<>();
  private final boolean epoll;

  private EventLoops(int loops, boolean epoll, InstantSource clock) {
    this.epoll = epoll;
    int count = loops == 0 ? Runtime.getRuntime().availableProcessors() : loops;
    this.group = group(count, "loop", epoll);
    List<EventLoop> all = new ArrayList<>();
    for (EventExecutor executor : group) {
      EventLoop loop = (EventLoop) executor;
      all.add(loop);
      wheels.put(loop, new TimerWheel(clock));
    }
    this.loops = List.copyOf(all);
  }

  private static MultiThreadIoEventLoopGroup group(int count, String name, boolean epoll) {
    IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new MultiThreadIoEventLoopGroup(count, new DefaultThreadFactory(name), io);
  }

  /// Starts the loops; their wheels turn by themselves.
  ///
  /// @param loops how many; 0 = as many as there are processors
  public static EventLoops start(int loops, InstantSource clock) {
    EventLoops started = untimed(loops, clock);
    started.wheels.forEach((loop, wheel) ->
        loop.scheduleAtFixedRate(
            wheel::advance,
            TimerWheel.TICK.toMillis(),
            TimerWheel.TICK.toMillis(),
            TimeUnit.MILLISECONDS));
    return started;
  }

  /// Starts loops whose wheels turn only by [#advance]: for tests, which turn the clock by hand.
  public static EventLoops untimed(int loops, InstantSource clock) {
    return new EventLoops(loops, Epoll.isAvailable(), clock);
  }

  /// The same on NIO, whatever the kernel has.
  static EventLoops untimedNio(int loops, InstantSource clock) {
    return new EventLoops(loops, /* epoll= */ false, clock);
  }

  /// All of them as one, for what does not care which.
  public EventLoopGroup group() {
    return group;
  }

  /// One more loop of the same kind, for what must not wait until those of the users have time. Whoever asks for it stops it.
  ///
  /// @param name of its thread
  public EventLoopGroup apart(String name) {
    return group(1, name, epoll);
  }

  /// All of them, in an order that stays.
  public List<EventLoop> all() {
    return loops;
  }

  /// The loop on which everything of a user lives, whatever the case of the name. The same for as long as the process runs.
  public EventLoop loopOf(String user) {
    int hash = user.toLowerCase(Locale.ROOT).hashCode();
    hash = (hash ^ (hash >>> 16)) * 0x85ebca6b; // names differ in their last letters
    hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
    return loops.get(Math.floorMod(hash ^ (hash >>> 16), loops.size()));
  }

  /// The timers of a loop.
  public TimerWheel wheel(EventLoop loop) {
    TimerWheel wheel = wheels.get(loop);
    if (wheel == null) {
      throw new IllegalArgumentException("not one of ours: " + loop);
    }
    return wheel;
  }

  /// Turns every wheel once, each on its loop, and returns when all have. Not from a loop.
  public void advance() {
    List<Future<?>> turns = new ArrayList<>();
    wheels.forEach((loop, wheel) -> turns.add(loop.submit(wheel::advance)));
    turns.forEach(Future::syncUninterruptibly);
  }

  /// Whether the loops are the kernel's epoll.
  public boolean epoll() {
    return epoll;
  }

  /// Stops the loops and closes their channels; returns when they have stopped. Not from a loop.
  ///
  /// They go on for a moment after the last task: a channel closed by the stop gives its TLS back in tasks of tasks.
  @Override
  public void close() {
    group.shutdownGracefully(50, 2000, TimeUnit.MILLISECONDS).syncUninterruptibly();
  }
}
