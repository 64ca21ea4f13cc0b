package dormouse.bench.stack;

import dormouse.bench.stack.Backend.Variant;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// Stacks that run beside each other; those with the same variant of the backend share it, each with users of its own. Any thread.
public final class Stacks implements AutoCloseable {
  private final List<Stack> running = new ArrayList<>();
  private final Map<Variant, Backend> backends = new EnumMap<>(Variant.class);

  /// @param keepAliveSeconds between two `* OK Still here`
  /// @param jar Dormouse
  public Stacks(Scratch scratch, List<StackKind> kinds, int keepAliveSeconds, Path jar) {
    try {
      for (StackKind kind : kinds) {
        Backend backend =
            backends.computeIfAbsent(
                kind.variant(), variant -> Backend.start(variant, scratch, keepAliveSeconds));
        running.add(
            new Stack(
                kind,
                backend,
                switch (kind) {
                  case DOVECOT, DOVECOT_HIBERNATE -> null;
                  case NGINX, NGINX_HIBERNATE -> Fronts.nginx(scratch, backend);
                  case DOVECOT_PROXY, DOVECOT_PROXY_HIBERNATE ->
                      Fronts.dovecotProxy(scratch, backend);
                  case PERDITION, PERDITION_HIBERNATE -> Fronts.perdition(scratch, backend);
                  case HAPROXY, HAPROXY_HIBERNATE -> Fronts.haproxy(scratch, backend);
                  case DORMOUSE -> new DormouseFront(scratch, backend, true, keepAliveSeconds, jar);
                  case DORMOUSE_ATTACHED ->
                      new DormouseFront(scratch, backend, false, keepAliveSeconds, jar);
                }));
      }
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  public List<Stack> running() {
    return running;
  }

  @Override
  public void close() {
    running.forEach(Stack::close);
    backends.values().forEach(Backend::close);
  }
}
