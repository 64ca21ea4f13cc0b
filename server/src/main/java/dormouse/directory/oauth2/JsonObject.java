package dormouse.directory.oauth2;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The members of a JSON object that have values or lists of values, each as a list of texts; what is deeper is read over. One that
/// names a member twice is none. Immutable.
record JsonObject(Map<String, List<String>> members) {
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /// @return null if it is no JSON object
  static @Nullable JsonObject parse(byte[] json) {
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      JsonObject object = read(parser, null, new ArrayList<>());
      return parser.nextToken() == null ? object : null;
    } catch (IOException _) {
      return null;
    }
  }

  /// The objects in a list that a member of an object is; null if it is no such JSON.
  static @Nullable List<JsonObject> list(byte[] json, String member) {
    List<JsonObject> list = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      read(parser, member, list);
      return list;
    } catch (IOException _) {
      return null;
    }
  }

  /// @param lists the member whose objects are added to `list`
  private static JsonObject read(JsonParser parser, @Nullable String lists, List<JsonObject> list)
      throws IOException {
    Map<String, List<String>> members = new HashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      if (token == JsonToken.START_OBJECT) {
        parser.skipChildren();
      } else if (token == JsonToken.START_ARRAY) {
        boolean listed = name.equals(lists);
        List<String> values = new ArrayList<>();
        for (JsonToken item = parser.nextToken();
            item != JsonToken.END_ARRAY;
            item = parser.nextToken()) {
          if (item == JsonToken.START_OBJECT && listed) {
            list.add(read(parser, null, list));
          } else if (item.isScalarValue()) {
            values.add(parser.getText());
          } else {
            parser.skipChildren();
          }
        }
        members.put(name, List.copyOf(values));
      } else if (token != JsonToken.VALUE_NULL) {
        members.put(name, List.of(parser.getText()));
      }
    }
    return new JsonObject(members);
  }

  /// The first value of a member; null if it has none.
  @Nullable String text(String name) {
    List<String> values = all(name);
    return values.isEmpty() ? null : values.getFirst();
  }

  /// All values of a member.
  List<String> all(String name) {
    return members.getOrDefault(name, List.of());
  }

  /// A time in seconds since 1970 (NumericDate of RFC 7519 §2); null if there is none, or it is none.
  @Nullable Long seconds(String name) {
    String text = text(name);
    if (text == null || !text.matches("\\d{1,12}(\\.\\d+)?")) {
      return null;
    }
    int point = text.indexOf('.');
    return Long.valueOf(point < 0 ? text : text.substring(0, point));
  }

  @Override
  public String toString() {
    return "JsonObject" + members.keySet();
  }
}
