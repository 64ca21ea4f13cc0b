package dormouse.bench.stack;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A front and the Dovecot behind it, running. Any thread.
public final class Stack {
  private final StackKind kind;
  private final Backend backend;
  private final @Nullable Front front;

  Stack(StackKind kind, Backend backend, @Nullable Front front) {
    this.kind = kind;
    this.backend = backend;
    this.front = front;
  }

  public StackKind kind() {
    return kind;
  }

  public Backend backend() {
    return backend;
  }

  /// The users of this stack alone; the backend may have other stacks, too.
  public String user(int number) {
    return kind.id() + "-" + number;
  }

  public int tlsPort() {
    return front == null ? backend.tlsPort() : front.tlsPort();
  }

  public int plainPort() {
    return front == null ? backend.plainPort() : front.plainPort();
  }

  /// What it uses and holds by now.
  ///
  /// Where clients connect to Dovecot itself, its login processes, which end TLS, count as the front.
  public Usage usage() {
    Usage behind = Usage.of(List.of(backend.pid()));
    if (front == null) {
      return behind;
    }
    return behind.behind(Usage.of(front.pids()));
  }

  /// The same with the memory, which takes a while to count.
  public Held held() {
    long unused = unusedBytes(); // collects garbage, so comes first
    return processes().less(unused);
  }

  /// What of Dormouse's heap is free; 0 of others.
  public long unusedBytes() {
    return front == null ? 0 : front.unusedBytes();
  }

  /// What all its processes hold, heaps and all.
  public Held processes() {
    Front before = front;
    Held behind = Held.of(List.of(backend.pid()), before == null);
    return before == null ? behind : behind.behind(Held.of(before.pids(), false));
  }

  /// Whether there is something between clients and Dovecot.
  public boolean proxied() {
    return front != null;
  }

  /// What clients notice as an outage: the front, or Dovecot where there is none, is gone and comes again.
  public void restart() {
    if (front == null) {
      backend.restart();
    } else {
      front.restart();
    }
  }

  /// Whether so many sessions are hibernated, as far as somebody tells.
  public boolean asleep(int sessions) {
    return kind != StackKind.DORMOUSE
        || !(front instanceof DormouseFront dormouse)
        || dormouse.metric("dormouse_sessions{state=\"hibernated\"}") >= sessions;
  }

  /// Whether it has heard an event, as far as somebody waits for one.
  public boolean fed() {
    return kind != StackKind.DORMOUSE
        || !(front instanceof DormouseFront dormouse)
        || dormouse.metric("dormouse_feed_up{") > 0;
  }

  /// Whether nobody needs a backend connection for sessions that are hibernated, as far as somebody tells.
  public boolean detached() {
    return kind != StackKind.DORMOUSE
        || !(front instanceof DormouseFront dormouse)
        || dormouse.metric("dormouse_backend_connections{") == 0;
  }

  void close() {
    if (front != null) {
      front.close();
    }
  }
}
