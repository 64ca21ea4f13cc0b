package dormouse.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Events that agents or other Dormice pass on through Redis. Immutable.
///
/// @param host its name or number
/// @param port 0 here becomes 6379
/// @param user to log in as (ACL); none: the default user
/// @param passwordFile holds the password; none: no login
/// @param topic the key of the stream; with `pub-sub` what stands before the user in the channels' names
/// @param mode how events come
/// @param maxLength about how many events a stream keeps, where Dormouse adds to it; 1000 to 100000000
/// @param publish whether what this Dormouse hears by other feeds is passed on to it
/// @param backends that it tells of, by name; empty: all
@Key("redis")
public record RedisSettings(
    @Required @Key("address") String host,
    @Required @Key("address") int port,
    @Nullable String user,
    @Nullable Path passwordFile,
    String topic,
    Mode mode,
    int maxLength,
    boolean publish,
    List<String> backends)
    implements FeedKind {
  private static final int USUAL_PORT = 6379;

  /// How events come.
  public enum Mode {
    /// One stream for all users, in which each Dormouse knows its place.
    STREAM,
    /// A channel a user; who does not listen at the moment hears nothing.
    PUB_SUB
  }

  /// What a feed of the file has that says nothing else; its address must be said.
  public static final RedisSettings DEFAULT =
      new RedisSettings(
          "localhost", 0, null, null, "dormouse", Mode.STREAM, 100_000, false, List.of());

  public RedisSettings {
    port = port == 0 ? USUAL_PORT : port;
    backends = List.copyOf(backends);
    new Checks()
        .that(!host.isBlank(), "address", "a host, with or without a port")
        .that(!Units.isScoped(host), "address", "an address without a scope (`%eth0`)")
        .between("address", port, 1, 65535)
        .that(
            user == null || passwordFile != null,
            "password-file",
            "the file that holds the password of `user`")
        .that(
            topic.matches("[!-)+-~]{1,200}"), "topic", "up to 200 visible ASCII characters, no `*`")
        .between("max-length", maxLength, 1000, 100_000_000)
        .done();
  }

  @Override
  public boolean tellsAll() {
    return true;
  }
}
