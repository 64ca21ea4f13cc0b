package dormouse.directory.file;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.FileLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Proof;
import dormouse.directory.Workers;
import dormouse.session.HandClock;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The facts that `docs/settings.md` lists, and the users that it shows them with.
final class FactsDocsTest {
  private static final Pattern NAME = Pattern.compile("`([a-zA-Z_]+)`");

  @TempDir Path directory = Path.of("");

  @Test
  void everyFactStandsInAnExampleThatIsReadAndNoOther() throws Exception {
    String section = section();
    Set<String> listed = new TreeSet<>();
    section
        .lines()
        .filter(line -> line.startsWith("| `"))
        .map(line -> line.split("\\|")[1])
        .forEach(names -> NAME.matcher(names).results().forEach(name -> listed.add(name.group(1))));
    assertThat(listed).contains("host", "proxy_refresh", "forward_NAME").hasSizeGreaterThan(20);

    Map<String, String> read = new TreeMap<>();
    for (Facts each : read(section.split("```text\n")[1].split("```")[0]).values()) {
      read.putAll(each.fields());
      if (each.pass() != null) {
        read.put("pass", "");
      }
    }
    read.put("forward_NAME", String.valueOf(read.remove("forward_tenant")));
    read.remove("proxy"); // it says nothing alone
    assertThat(read.keySet()).isEqualTo(listed);
  }

  private static String section() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "settings.md"));
    int begins = page.indexOf("### What a link can tell");
    return page.substring(begins, page.indexOf("\n### ", begins + 1));
  }

  /// What is known of each user of a file.
  private Map<String, Facts> read(String users) throws Exception {
    HandClock clock = new HandClock();
    EmbeddedChannel channel = new EmbeddedChannel();
    Map<String, Facts> all = new TreeMap<>();
    Path file = Files.writeString(directory.resolve("users"), users);
    try (Workers workers = new Workers("test", 2, Duration.ofSeconds(5), clock)) {
      FileLink link = FileLink.read(new FileLinkSettings(file, "CRYPT"), workers, workers, clock);
      for (String user :
          Arrays.stream(users.split("\n")).map(line -> line.split(":")[0]).toList()) {
        Answer answer =
            link.ask(Attempts.again(user, Proof.Kind.PASSWORD), channel.eventLoop())
                .get(10, TimeUnit.SECONDS);
        assertThat(answer).as(user).isInstanceOf(Answer.Accept.class);
        all.put(user, ((Answer.Accept) answer).facts());
      }
    } finally {
      channel.close();
    }
    return all;
  }
}
