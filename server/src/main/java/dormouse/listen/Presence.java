package dormouse.listen;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// One connection as [ConnectionLimits] counts it. Any thread.
public final class Presence {
  /// All that a connection among the sleepers is counted by, but for the client's address: of many one.
  ///
  /// @param listener a key
  /// @param counted whether the client's address is
  public record Place(ConnectionLimits limits, long listener, boolean counted) {
    /// Goes on where [#sleepsOn] left.
    ///
    /// @param client its address
    public Presence presence(InetAddress client) {
      Presence presence = limits.presence(client, listener, counted);
      presence.asleep = true;
      return presence;
    }
  }

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

  /// From now on [Place#presence] tells of the connection, and this object no more.
  ///
  /// @param client its address
  /// @return null if it does not sleep, has ended, or is counted by another address, and all is as it was
  public @Nullable Place sleepsOn(InetAddress client) {
    return limits.sleepsOn(this, client);
  }

  /// The connection has ended; it may be told more than once.
  public void leave() {
    limits.leave(this);
  }
}
