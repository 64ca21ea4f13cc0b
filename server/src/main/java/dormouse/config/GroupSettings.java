package dormouse.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// Backends among which users are spread. Immutable.
///
/// @param mail where a user's mail is
/// @param backends of the group, by name; at least one that users come to
public record GroupSettings(@Required Mail mail, Map<String, MemberSettings> backends) {
  /// Where a user's mail is.
  public enum Mail {
    /// Every backend has all mail, on storage that they share: any of them can serve a user.
    SHARED,
    /// Each user's mail is on one of the backends, and no other can serve the user.
    SPLIT
  }

  public GroupSettings {
    new Checks()
        .that(
            backends.values().stream().anyMatch(member -> member.weight() > 0),
            "backends",
            "at least one backend, with a weight")
        .that(
            mail != Mail.SPLIT
                || backends.values().stream().allMatch(member -> member.weight() > 0),
            "backends",
            "a weight of at least 1 for each: with `mail: split` none can serve in place of another")
        .done();
    backends = Collections.unmodifiableMap(new LinkedHashMap<>(backends));
  }
}
