package dormouse.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The limits of one record, checked together so that all that is wrong is told at once. Ends with [#done()].
final class Checks {
  private final List<BadSetting.Wanted> bad = new ArrayList<>();

  Checks that(boolean good, String key, String wanted) {
    if (!good) {
      bad.add(new BadSetting.Wanted(key, wanted));
    }
    return this;
  }

  Checks between(String key, Duration value, Duration least, Duration most) {
    return that(
        value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
        key,
        "a duration from " + Units.show(least) + " to " + Units.show(most));
  }

  Checks between(String key, int value, int least, int most) {
    return that(value >= least && value <= most, key, "a number from " + least + " to " + most);
  }

  Checks bytesBetween(String key, int value, int least, int most) {
    return that(
        value >= least && value <= most,
        key,
        "a size from " + Units.showBytes(least) + " to " + Units.showBytes(most));
  }

  /// @throws BadSetting if anything was refused
  void done() {
    if (!bad.isEmpty()) {
      throw new BadSetting(bad);
    }
  }
}
