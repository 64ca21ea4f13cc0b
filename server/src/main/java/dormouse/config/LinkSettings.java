package dormouse.config;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.time.Duration;

/// One link of the directory: what it is, and how long its answers are waited for and kept.
///
/// @param kind what it is, by its own key; exactly one
/// @param timeout for its answer; 10ms to 5m
/// @param unavailable what happens while it cannot tell
/// @param cache how long its acceptances are kept; 0s: not at all; at most 24h
/// @param cacheRefusals how long its refusals, and that it does not know a user, are kept; 0s: not at all; at most 24h
/// @param cacheEntries how many answers are kept; 1 to 10000000
/// @param breakAfter failures in a row after which it is not asked for a while; 0: it always is; at most 1000
/// @param breakFor how long it is not asked then; 10ms to 1h
public record LinkSettings(
    LinkKind kind,
    Duration timeout,
    Unavailable unavailable,
    Duration cache,
    Duration cacheRefusals,
    int cacheEntries,
    int breakAfter,
    Duration breakFor) {
  /// The backend decides. Other links take from it what they do not set, but for the kind.
  public static final LinkSettings DEFAULT =
      new LinkSettings(
          new BackendLinkSettings(),
          ofSeconds(10),
          Unavailable.STOP,
          ZERO,
          ZERO,
          10_000,
          5,
          ofSeconds(10));

  /// What happens while a link cannot tell.
  public enum Unavailable {
    /// The client is told to try again later.
    STOP,
    /// The next link is asked. If none of those knows the user, the client is told to try again later.
    NEXT
  }

  public LinkSettings {
    new Checks()
        .between("timeout", timeout, ofMillis(10), ofMinutes(5))
        .between("cache", cache, ZERO, ofHours(24))
        .between("cache-refusals", cacheRefusals, ZERO, ofHours(24))
        .between("cache-entries", cacheEntries, 1, 10_000_000)
        .between("break-after", breakAfter, 0, 1000)
        .between("break-for", breakFor, ofMillis(10), ofHours(1))
        .done();
  }

  /// A link of this kind, all else by default.
  public static LinkSettings of(LinkKind kind) {
    return new LinkSettings(
        kind,
        DEFAULT.timeout,
        DEFAULT.unavailable,
        DEFAULT.cache,
        DEFAULT.cacheRefusals,
        DEFAULT.cacheEntries,
        DEFAULT.breakAfter,
        DEFAULT.breakFor);
  }
}
