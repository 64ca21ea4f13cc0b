package dormouse.config;

/// Something about the settings that an operator should put right.
///
/// @param line of the file, from 1; 0 if it has no place in a file
/// @param column from 1; 0 if it has no place in a file
/// @param key path of the key, as `hibernate.after` or `listen[1].address`; empty for the file as a whole
/// @param text what was wanted, and what was there
public record Fault(int line, int column, String key, String text) {
  /// For messages: `12:5: hibernate.after: wanted …`.
  @Override
  public String toString() {
    String place = line == 0 ? "" : line + ":" + column + ": ";
    return place + (key.isEmpty() ? "" : key + ": ") + text;
  }
}
