package dormouse.directory.file;

import dormouse.directory.Answer;
import dormouse.directory.BadDirectoryFile;
import dormouse.directory.BadDirectoryFile.Fault;
import dormouse.directory.Facts;
import dormouse.directory.TextFile;
import dormouse.directory.password.StoredPassword;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The users of a file by name. Immutable, once read.
final class UserTable {
  private static final long MAX_BYTES = 256L * 1024 * 1024;

  /// One user.
  ///
  /// @param accepted what a link answers once the client has proven to be it
  record User(StoredPassword password, Answer accepted) {}

  private final String scheme;
  private final Map<String, User> users = new HashMap<>();
  private final Map<String, Integer> lines = new HashMap<>();
  private final List<Fault> faults = new ArrayList<>();

  private UserTable(String scheme) {
    this.scheme = scheme;
  }

  /// Reads a file.
  ///
  /// @param scheme of passwords that say none
  /// @throws IOException if it cannot be read, or anything in it is wrong
  static UserTable read(Path file, String scheme) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is larger than " + MAX_BYTES + " bytes");
    }
    String text = TextFile.read(file);
    UserTable table = new UserTable(scheme);
    String name = file.getFileName().toString();
    if (name.endsWith(".yaml") || name.endsWith(".yml")) {
      UsersYaml.read(text, table);
    } else {
      PasswdLines.read(text, table);
    }
    if (!table.faults.isEmpty()) {
      throw new BadDirectoryFile(file, table.faults);
    }
    return table;
  }

  /// The user of a name; null if there is none.
  @Nullable User find(String name) {
    return users.get(name);
  }

  int size() {
    return users.size();
  }

  /// Adds a user, or what is wrong with it.
  ///
  /// @param stored the password, as it is written
  /// @param facts more of the user, by name
  void add(int line, String name, String stored, Map<String, String> facts) {
    if (name.isEmpty()) {
      fault(line, "wanted a user name first");
      return;
    }
    Integer earlier = lines.putIfAbsent(name, line);
    if (earlier != null) {
      fault(line, "a user of line " + earlier + " again: " + name);
      return;
    }
    StoredPassword password = StoredPassword.parse(stored, scheme);
    if (password instanceof StoredPassword.Unusable(var why)) {
      fault(line, why);
    }
    Answer accepted = Facts.accept(facts);
    if (accepted instanceof Answer.CannotTell(var why, _)) {
      fault(line, why);
    }
    users.put(name, new User(password, accepted));
  }

  void fault(int line, String text) {
    faults.add(new Fault(line, text));
  }
}
