package dormouse.directory.step;

import dormouse.config.Fault;
import dormouse.config.MapLinkSettings;
import dormouse.config.MapLinkSettings.Form;
import dormouse.config.MapLinkSettings.Unknown;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.BadDirectoryFile;
import dormouse.directory.BadLink;
import dormouse.directory.Facts;
import dormouse.directory.Link;
import dormouse.directory.TextFile;
import dormouse.directory.WatchedFile;
import dormouse.directory.Workers;
import dormouse.session.Client;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Knows the backends of users by a table, as perdition's popmap. Any thread.
public final class MapLink implements Link {
  // the letters before it in pairs, a backslash and what is meant; `*+` takes no stack by each
  private static final Pattern WAY_IN = Pattern.compile("(?:[^\\\\]|\\\\[^iIpP])*+\\\\[iIpP].*");
  private static final Pattern CLIENT_PORT = Pattern.compile("(?:[^\\\\]|\\\\[^p])*+\\\\p.*");

  private final MapLinkSettings settings;
  private final PopMap lines;
  private final @Nullable WatchedFile<PopMap> file;
  private final Workers lookups;

  private MapLink(
      MapLinkSettings settings, PopMap lines, @Nullable WatchedFile<PopMap> file, Workers lookups) {
    this.settings = settings;
    this.lines = lines;
    this.file = file;
    this.lookups = lookups;
  }

  /// Reads the table.
  ///
  /// @param setting where the link stands in the settings, for messages
  /// @param lookups where the file is looked at
  /// @throws BadLink if a line is wrong, or the file cannot be read
  public static MapLink read(
      MapLinkSettings settings, String setting, Workers lookups, InstantSource clock)
      throws BadLink {
    List<BadDirectoryFile.Fault> wrong = new ArrayList<>();
    PopMap lines = PopMap.read(settings.lines(), settings.form(), wrong);
    List<Fault> faults = new ArrayList<>();
    for (BadDirectoryFile.Fault each : wrong) {
      String line = setting + ".map.lines[" + (each.line() - 1) + "]";
      faults.add(new Fault(0, 0, line, each.text()));
    }
    Path path = settings.file();
    WatchedFile<PopMap> file = null;
    try {
      file = path == null ? null : WatchedFile.read(path, read -> table(read, settings), clock);
    } catch (IOException e) {
      faults.addAll(BadLink.faults(setting + ".map.file", e));
    }
    if (!faults.isEmpty()) {
      throw new BadLink(faults);
    }
    return new MapLink(settings, lines, file, lookups);
  }

  private static PopMap table(Path file, MapLinkSettings settings) throws IOException {
    List<BadDirectoryFile.Fault> faults = new ArrayList<>();
    PopMap map = PopMap.read(TextFile.read(file).lines().toList(), settings.form(), faults);
    if (!faults.isEmpty()) {
      throw new BadDirectoryFile(file, faults);
    }
    return map;
  }

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    WatchedFile<PopMap> watched = file;
    if (watched != null) {
      return lookups.run(() -> find(attempt, List.of(lines, watched.now())));
    }
    return settings.form() == Form.WORDS
        ? CompletableFuture.completedFuture(find(attempt, List.of(lines)))
        : lookups.run(() -> find(attempt, List.of(lines))); // patterns take what they take
  }

  @Override
  public Set<Heeds> heeds() {
    if (isAsked(CLIENT_PORT)) {
      return Set.of(Heeds.WAY_IN, Heeds.CLIENT_PORT);
    }
    return isAsked(WAY_IN) ? Set.of(Heeds.WAY_IN) : Set.of();
  }

  private boolean isAsked(Pattern what) {
    return settings.keys().stream().anyMatch(key -> what.matcher(key).matches());
  }

  private Answer find(Attempt attempt, List<PopMap> maps) {
    try {
      for (String template : settings.keys()) {
        String key = filled(template, attempt);
        for (PopMap map : maps) {
          String value = map.find(key);
          if (value != null) {
            return learnt(attempt.user(), value);
          }
        }
      }
    } catch (BoundedMatch.TooHard e) {
      return new Answer.CannotTell(String.valueOf(e.getMessage()), /* down= */ false);
    }
    return settings.unknown() == Unknown.REJECT ? Answer.reject() : new Answer.NotMine();
  }

  private Answer learnt(String user, String value) {
    Map<String, String> facts = new HashMap<>();
    int at = value.lastIndexOf(settings.delimiter());
    if (at >= 0 && settings.renames()) {
      facts.put("destuser", value.substring(0, at));
    }
    HostAndPort.put(value.substring(at + 1), facts);
    return switch (Facts.accept(facts)) {
      case Answer.Accept(Facts known, _) -> new Answer.Learnt(user, known);
      case Answer other ->
          new Answer.CannotTell(
              "the table's " + value + " is no backend: " + other, /* down= */ false);
    };
  }

  private String filled(String template, Attempt attempt) {
    StringBuilder key = new StringBuilder();
    for (int i = 0; i < template.length(); i++) {
      char c = template.charAt(i);
      if (c != '\\' || i + 1 == template.length()) {
        key.append(c);
        continue;
      }
      key.append(part(template.charAt(++i), attempt));
    }
    return key.toString();
  }

  private String part(char letter, Attempt attempt) {
    String user = attempt.user();
    int at = user.lastIndexOf(settings.delimiter());
    Client client = attempt.client();
    return switch (letter) {
      case 'U' -> user;
      case 'u' -> at < 0 ? user : user.substring(0, at);
      case 'D' -> settings.delimiter();
      case 'd' -> at < 0 ? "" : user.substring(at + 1);
      case 'i' -> number(client.remote());
      case 'I' -> number(client.local());
      case 'p' -> Integer.toString(client.remote().getPort());
      case 'P' -> Integer.toString(client.local().getPort());
      default -> String.valueOf(letter);
    };
  }

  private static String number(InetSocketAddress address) {
    return NetUtil.toAddressString(address.getAddress());
  }
}
