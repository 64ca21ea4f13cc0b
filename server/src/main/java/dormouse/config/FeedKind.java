package dormouse.config;

import java.util.List;

/// What a feed is. Each kind is a record of this package, and its `@Key` is what the file calls it.
public sealed interface FeedKind
    permits DovecotEventsSettings, DovecotOxSettings, CyrusEventsSettings, RedisSettings {
  /// The backends that it tells of, by name; empty: all.
  List<String> backends();

  /// Whether it tells of every change, so that one it does not tell of speaks against it.
  boolean tellsAll();

  /// What the file calls it.
  default String key() {
    return RecordKey.kindName(getClass());
  }
}
