package dormouse.bench.stack;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A front and a Dovecot of its own behind it, running; at [#close] the mail goes with them. Any thread.
public final class Stack implements AutoCloseable {
  private final StackKind kind;
  private final Backend backend;
  private final @Nullable Front front;

  private Stack(StackKind kind, Backend backend, @Nullable Front front) {
    this.kind = kind;
    this.backend = backend;
    this.front = front;
  }

  /// @param keepAliveSeconds between two `* OK Still here`
  /// @param jar Dormouse
  public static Stack start(StackKind kind, Scratch scratch, int keepAliveSeconds, Path jar) {
    Backend backend = Backend.start(kind.variant(), scratch, keepAliveSeconds);
    try {
      return new Stack(
          kind,
          backend,
          switch (kind) {
            case DOVECOT, DOVECOT_HIBERNATE -> null;
            case NGINX, NGINX_HIBERNATE -> Fronts.nginx(scratch, backend);
            case DOVECOT_PROXY, DOVECOT_PROXY_HIBERNATE -> Fronts.dovecotProxy(scratch, backend);
            case PERDITION, PERDITION_HIBERNATE -> Fronts.perdition(scratch, backend);
            case HAPROXY, HAPROXY_HIBERNATE -> Fronts.haproxy(scratch, backend);
            case DORMOUSE, DORMOUSE_LENDING, DORMOUSE_TRUSTING, DORMOUSE_ATTACHED ->
                new DormouseFront(scratch, backend, kind, keepAliveSeconds, jar);
          });
    } catch (Throwable e) {
      backend.close();
      throw e;
    }
  }

  public StackKind kind() {
    return kind;
  }

  public Backend backend() {
    return backend;
  }

  /// A user's name.
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
    Usage behind = Usage.of(List.of(backend.pid()), front == null);
    if (front == null) {
      return behind;
    }
    List<Long> pids = front.pids();
    Usage ahead = Usage.of(pids, false);
    return behind.behind(kind.isDormouse() ? ahead.compiling(pids) : ahead);
  }

  /// The same with the memory, which takes a while to count.
  public Held held() {
    return heldAndNeeded(/* files= */ true);
  }

  /// The same of memory behind no file: what of programs and libraries is mapped in goes up and down with other processes that do the same.
  public Held ownMemory() {
    return heldAndNeeded(/* files= */ false);
  }

  private Held heldAndNeeded(boolean files) {
    Front before = front;
    Held behind = behind(files);
    return before == null
        ? behind
        : behind.behind(
            Held.without(before.unusedBytes(), () -> Held.of(before.pids(), false, files)));
  }

  /// Returns when no compiler of the front is at work; after a while all the same.
  public void awaitCompilers() {
    if (front != null) {
      front.awaitCompilers();
    }
  }

  /// Returns when none has been at work for so long that what they took is free again.
  ///
  /// @param most how long it waits for that
  /// @return whether it is
  public boolean awaitCompilersGone(Duration most) {
    return front == null || front.awaitCompilersGone(most);
  }

  /// What Dormouse has of machine code; 0 of others.
  public long codeBytes() {
    return front == null ? 0 : front.codeBytes();
  }

  /// What all its processes hold, heaps and all.
  public Held processes() {
    Front before = front;
    Held behind = behind(/* files= */ true);
    return before == null ? behind : behind.behind(Held.of(before.pids(), false, true));
  }

  /// Of Dovecot, of which some counts as the front where there is none.
  private Held behind(boolean files) {
    return Held.of(List.of(backend.pid()), front == null, files);
  }

  /// Before Dormouse, has each process of Dovecot serve one session after the other, or as by default again: a JVM needs so many logins before its code
  /// is compiled that they would take too long. A peer in C has nothing to compile.
  public void quickBackend(boolean quick) {
    if (kind.isDormouse()) {
      backend.reuseProcesses(quick);
    }
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
    return !kind.sleeps()
        || !(front instanceof DormouseFront dormouse)
        || dormouse.metric("dormouse_sessions{state=\"hibernated\"}") >= sessions;
  }

  /// Whether the front hibernates sessions, and tells how many.
  public boolean sleeps() {
    return kind.sleeps();
  }

  /// How often a session has got a backend connection again, as far as somebody tells; else 0.
  public long wakes() {
    return kind.sleeps() && front instanceof DormouseFront dormouse
        ? dormouse.metric("dormouse_wakes_total{")
        : 0;
  }

  /// Whether it has heard an event, as far as somebody waits for one.
  public boolean fed() {
    return !kind.sleeps()
        || !(front instanceof DormouseFront dormouse)
        || dormouse.metric("dormouse_feed_up{") > 0;
  }

  /// Whether nobody needs a backend connection for sessions that are hibernated, as far as somebody tells.
  public boolean detached() {
    return !kind.sleeps()
        || !(front instanceof DormouseFront dormouse)
        || dormouse.metric("dormouse_backend_connections{") == 0;
  }

  @Override
  public void close() {
    try (backend) {
      if (front != null) {
        front.close();
      }
    }
  }
}
