package dormouse.listen;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/// One connection as [ConnectionLimits] counts it. Any thread.
public final class Presence {
  static final AttributeKey<Presence> OF = AttributeKey.valueOf(Presence.class, "presence");

  /// Keys; 0 if the client's address is not counted.
  final long address;

  final long network;
  final long listener;

  /// Guarded by its limits.
  boolean asleep;

  /// Guarded by its limits.
  boolean left;

  private final ConnectionLimits limits;

  Presence(ConnectionLimits limits, long address, long network, long listener) {
    this.limits = limits;
    this.address = address;
    this.network = network;
    this.listener = listener;
  }

  /// The client has logged in, and has all the time it wants.
  public static void loggedIn(Channel channel) {
    Presence presence = channel.attr(OF).get();
    if (presence != null) {
      presence.limits.loggedIn(channel);
    }
  }

  /// How the channel's connection is counted; null if it came in by no listener.
  public static @Nullable Presence of(Channel channel) {
    return channel.attr(OF).get();
  }

  /// From now on the connection counts among the sleepers, or no longer.
  public void sleeps(boolean sleeps) {
    limits.sleep(this, sleeps);
  }

  /// The connection has ended; it may be told more than once.
  public void leave() {
    limits.leave(this);
  }
}
