package dormouse.feed;

import java.util.List;

/// What Redis says (RESP2). Immutable.
sealed interface RedisValue {
  /// A string of either sort, or a number.
  record Text(String text) implements RedisValue {}

  record Many(List<RedisValue> items) implements RedisValue {
    public Many {
      items = List.copyOf(items);
    }
  }

  /// A null string or a null array.
  record Nothing() implements RedisValue {}

  /// @param why as Redis says it: `NOAUTH Authentication required.`
  record Failure(String why) implements RedisValue {}

  /// The text, or `""` if it is none.
  default String text() {
    return this instanceof Text(var text) ? text : "";
  }

  /// The items, none if it has none.
  default List<RedisValue> items() {
    return this instanceof Many(var items) ? items : List.of();
  }
}
