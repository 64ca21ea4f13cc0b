package dormouse.config;

import java.util.List;
import java.util.stream.Collectors;

/// Values that a settings record refuses: each by its key and what was wanted instead, all of the record at once.
final class BadSetting extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /// One refused value. `key` is kebab-case and relative to the record.
  record Wanted(String key, String wanted) {}

  private final transient List<Wanted> all;

  BadSetting(List<Wanted> all) {
    super(
        all.stream()
            .map(w -> w.key() + ": wanted " + w.wanted())
            .collect(Collectors.joining("; ")));
    this.all = List.copyOf(all);
  }

  List<Wanted> all() {
    return all;
  }
}
