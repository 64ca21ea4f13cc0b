package dormouse.imap.canary;

import dormouse.auth.Credentials;
import dormouse.auth.MasterUser;
import dormouse.backend.Backend;
import dormouse.config.BackendSettings;
import dormouse.config.SecretFile;
import dormouse.directory.password.SealedPassword;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feeds;
import dormouse.listen.EventLoops;
import dormouse.ops.Metrics;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The canaries of all backends that have one, and feeds to be judged. Any thread.
public final class Canaries implements AutoCloseable {
  private final Feeds feeds;
  private final EventLoops loops;
  private final Metrics metrics;
  private final Supplier<String> sessionIds;
  private List<Canary> canaries = List.of();

  /// @param sessionIds name its connections in the backends' logs
  public Canaries(Feeds feeds, EventLoops loops, Metrics metrics, Supplier<String> sessionIds) {
    this.feeds = feeds;
    this.loops = loops;
    this.metrics = metrics;
    this.sessionIds = sessionIds;
  }

  /// What logs the canary of a backend in; null if it has none. Reads the password's file, so it blocks.
  ///
  /// @param master of the backend, if it has one
  /// @throws IOException if the file holds no password; the message has nothing of what it holds
  public static @Nullable Supplier<Credentials> login(
      BackendSettings backend, @Nullable MasterUser master) throws IOException {
    String user = backend.canary().user();
    Path file = backend.canary().passwordFile();
    if (user == null) {
      return null;
    }
    if (file == null) {
      return master == null ? null : () -> master.as(user);
    }
    byte[] password = SecretFile.read(file);
    try {
      SealedPassword sealed = SealedPassword.seal(password);
      return () -> new Credentials(user, "", sealed.open());
    } finally {
      Arrays.fill(password, (byte) 0);
    }
  }

  /// From now on these sing, and no others.
  ///
  /// @param logins by the names of the backends that have a canary
  public synchronized void serve(
      Collection<Backend> backends, Map<String, Supplier<Credentials>> logins) {
    canaries.forEach(Canary::close);
    List<Canary> next = new ArrayList<>();
    for (Backend backend : backends) {
      Supplier<Credentials> login = logins.get(backend.name());
      String user = backend.settings().canary().user();
      BackendFeeds judged = feeds.of(backend.name());
      if (login != null && user != null && !judged.all().isEmpty()) {
        EventLoop loop = loops.loopOf(user);
        next.add(
            new Canary(backend, user, login, judged, loop, loops.wheel(loop), metrics, sessionIds));
      }
    }
    next.forEach(Canary::start);
    canaries = next;
  }

  @Override
  public synchronized void close() {
    canaries.forEach(Canary::close);
    canaries = List.of();
  }
}
