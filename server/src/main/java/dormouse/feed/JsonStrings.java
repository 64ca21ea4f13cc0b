package dormouse.feed;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The strings of a JSON object by their path, as `fields.user`. Everything else in it is read over, arrays with all they
/// hold.
final class JsonStrings {
  private static final JsonFactory JSON = new JsonFactory();

  private JsonStrings() {}

  /// @return null if it is no JSON object
  static @Nullable Map<String, String> of(byte[] json) {
    Map<String, String> strings = new HashMap<>();
    Deque<String> path = new ArrayDeque<>();
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        switch (token) {
          case START_OBJECT -> path.addLast(parser.currentName());
          case END_OBJECT -> path.pollLast();
          case START_ARRAY -> parser.skipChildren();
          case VALUE_STRING -> strings.put(below(path, parser.currentName()), parser.getText());
          default -> {}
        }
      }
      return strings;
    } catch (IOException _) {
      return null;
    }
  }

  private static String below(Deque<String> path, String name) {
    return path.stream().map(part -> part + ".").collect(Collectors.joining()) + name;
  }
}
