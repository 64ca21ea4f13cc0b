package dormouse.listen;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;

/// One connection as [ConnectionLimits] counts it. Any thread.
public final class Presence {
  static final AttributeKey<Presence> OF = AttributeKey.valueOf(Presence.class, "presence");

  /// Keys; 0 if the client's address is not counted.
  final long address;

  final long network;
  final long listener;

  /// Guarded by its limits.
  boolean asleep;

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

  /// From now on the connection counts among the sleepers, or no longer. A channel that came in by no listener counts nowhere.
  public static void sleeps(Channel channel, boolean sleeps) {
    Presence presence = channel.attr(OF).get();
    if (presence != null) {
      presence.limits.sleep(presence, sleeps);
    }
  }
}
