package dormouse.listen;

import dormouse.config.ListenSettings;
import dormouse.ops.EventLog;
import dormouse.session.Client;
import dormouse.session.SessionIds;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// All listeners of the settings. One thread at a time, but that [#close] may come while another prepares.
public final class Listeners implements AutoCloseable {
  private static final EventLog LOG = EventLog.of(Listeners.class);

  private final EventLoops loops;
  private final Function<ByteBufAllocator, ? extends ChannelHandler> tls;
  private final SessionIds ids;
  private final ConnectionLimits limits;
  private final BiFunction<ListenSettings, Client, ? extends ChannelHandler> dialogue;
  private volatile List<Listener> open = List.of();

  /// Of none yet.
  ///
  /// @param tls makes the handler that ends TLS for one channel
  /// @param dialogue makes the handler that talks with one client
  public Listeners(
      EventLoops loops,
      Function<ByteBufAllocator, ? extends ChannelHandler> tls,
      SessionIds ids,
      ConnectionLimits limits,
      BiFunction<ListenSettings, Client, ? extends ChannelHandler> dialogue) {
    this.loops = loops;
    this.tls = tls;
    this.ids = ids;
    this.limits = limits;
    this.dialogue = dialogue;
  }

  /// The next settings, made ready: new listeners have their address, and accept nobody yet. [#commit] or [#discard] must follow.
  public final class Change {
    private final List<ListenSettings> wanted;
    private final List<Listener> next = new ArrayList<>(); // one for each that is wanted
    private final List<Listener> fresh = new ArrayList<>();
    private final List<Listener> gone = new ArrayList<>(open);

    private Change(List<ListenSettings> wanted) {
      this.wanted = wanted;
    }

    private void prepare() throws IOException {
      List<BindAddress> addresses =
          wanted.stream().map(one -> BindAddress.of(one, wanted)).toList();
      @Nullable Listener[] there = new @Nullable Listener[wanted.size()];
      Arrays.setAll(there, i -> take(addresses.get(i))); // first: what is there is not bound again
      for (boolean shares :
          new boolean[] {false, true}) { // last: it has clients of ours from then on
        for (int i = 0; i < there.length; i++) {
          if (there[i] == null && overlaps(addresses.get(i), open) == shares) {
            there[i] = bind(wanted.get(i), addresses.get(i));
          }
        }
      }
      for (Listener one : there) {
        next.add(Objects.requireNonNull(one));
      }
    }

    private @Nullable Listener take(BindAddress address) {
      for (Listener listener : gone) {
        if (listener.isFor(address)) {
          gone.remove(listener);
          return listener;
        }
      }
      return null;
    }

    /// Of ours any may share a port: the kernel takes the one whose address says most.
    private Listener bind(ListenSettings one, BindAddress address) throws IOException {
      boolean unshared = !overlaps(address, open) && !overlaps(address, fresh);
      Listener bound = Listener.bind(one, address, unshared, loops, tls, ids, limits, dialogue);
      fresh.add(bound);
      String protocol = one.protocol().name().toLowerCase(Locale.ROOT);
      LOG.info("listen", "protocol", protocol, "address", bound.address(), "tls", one.tls());
      return bound;
    }

    private static boolean overlaps(BindAddress address, List<Listener> others) {
      return others.stream().anyMatch(other -> address.overlaps(other.address()));
    }

    /// From now on all are as the settings say; those that are wanted no more close.
    public void commit() {
      for (int i = 0; i < next.size(); i++) {
        next.get(i).change(wanted.get(i));
      }
      open = List.copyOf(next);
      gone.forEach(Listener::close);
    }

    /// All stays as it was.
    public void discard() {
      fresh.forEach(Listener::close);
    }
  }

  /// Takes the addresses that the next settings need and are not there; nothing else changes before [Change#commit]. Blocks.
  ///
  /// @throws IOException if one cannot be had; then nothing has changed
  public Change prepare(List<ListenSettings> wanted) throws IOException {
    Change change = new Change(wanted);
    try {
      change.prepare();
      return change;
    } catch (IOException | RuntimeException | Error e) {
      change.discard();
      throw e;
    }
  }

  /// All accept from now on.
  public void begin() {
    open.forEach(Listener::begin);
  }

  /// Where clients can connect, in the order of the settings, with real ports.
  public List<InetSocketAddress> addresses() {
    return open.stream().map(Listener::address).toList();
  }

  /// As [Listener#close].
  @Override
  public void close() {
    open.forEach(Listener::close);
  }
}
