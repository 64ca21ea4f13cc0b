package dormouse.directory.file;

import java.io.StringReader;
import java.util.HashMap;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/// Users in YAML: `ann: "{SCHEME}hash"`, or `ann: { password: "…", host: mx1, … }` with facts.
final class UsersYaml {
  private UsersYaml() {}

  static void read(String text, UserTable table) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE);
    Node root;
    try {
      root = new Yaml(options).compose(new StringReader(text));
    } catch (MarkedYAMLException e) {
      Mark place = e.getProblemMark();
      // its message may hold a piece of the file
      table.fault(place == null ? 1 : place.getLine() + 1, "not YAML: " + e.getProblem());
      return;
    } catch (YAMLException _) {
      table.fault(1, "not YAML");
      return;
    }
    if (root == null) {
      return; // nobody yet
    }
    if (!(root instanceof MappingNode users)) {
      table.fault(1, "wanted users with what belongs to each behind it");
      return;
    }
    users.getValue().forEach(user -> user(user, table));
  }

  private static void user(NodeTuple user, UserTable table) {
    int line = user.getKeyNode().getStartMark().getLine() + 1;
    if (!(user.getKeyNode() instanceof ScalarNode name)) {
      table.fault(line, "wanted a user name");
      return;
    }
    switch (user.getValueNode()) {
      case ScalarNode password -> table.add(line, name.getValue(), password.getValue(), Map.of());
      case MappingNode mapping -> {
        Map<String, String> facts = new HashMap<>();
        for (NodeTuple fact : mapping.getValue()) {
          if (fact.getKeyNode() instanceof ScalarNode key
              && fact.getValueNode() instanceof ScalarNode value) {
            facts.put(key.getValue(), value.getValue());
          } else {
            table.fault(
                fact.getKeyNode().getStartMark().getLine() + 1, "wanted one word and its value");
          }
        }
        String password = facts.remove("password");
        table.add(line, name.getValue(), password == null ? "!" : password, facts);
      }
      default -> table.fault(line, "wanted a password, or keys and their values");
    }
  }
}
