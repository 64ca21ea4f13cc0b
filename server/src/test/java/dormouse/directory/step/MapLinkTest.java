package dormouse.directory.step;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.MapLinkSettings;
import dormouse.config.MapLinkSettings.Form;
import dormouse.config.MapLinkSettings.Unknown;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Attempts;
import dormouse.directory.Facts;
import dormouse.directory.Link;
import dormouse.directory.Workers;
import dormouse.session.HandClock;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MapLinkTest {
  private final HandClock clock = new HandClock();
  private final Workers lookups = new Workers("test", 2, Duration.ofSeconds(5), clock);
  private final EmbeddedChannel channel = new EmbeddedChannel();

  @TempDir Path directory = Path.of("");

  @AfterEach
  void stop() {
    lookups.close();
    channel.close();
  }

  @Test
  void wordsHaveBackends() throws Exception {
    MapLink map =
        map(Form.WORDS, List.of("\\U"), "ann: mx1:1143", "bob@example.org:mx2", "# cid: mx3", "");
    assertThat(find(map, "ann")).isEqualTo("ann null mx1 1143");
    assertThat(find(map, "bob@example.org")).isEqualTo("bob@example.org null mx2 0");
    assertThat(find(map, "cid")).isEqualTo("NotMine[]");
  }

  @Test
  void keysAreLookedUpInTurn() throws Exception {
    MapLink map =
        map(
            Form.WORDS,
            List.of("\\U", "\\u", "*\\D\\d", "\\i:\\p", "\\I:\\P", "\\\\"),
            "ann@example.org: mx1",
            "bob: mx2",
            "*@example.org: mx3",
            "203.0.113.7:40001: mx4");
    assertThat(find(map, "ann@example.org")).contains(" mx1 ");
    assertThat(find(map, "bob@example.org")).contains(" mx2 ");
    assertThat(find(map, "cid@example.org")).contains(" mx3 ");
    assertThat(find(map, "cid@example.net")).contains(" mx4 ");
    MapLink last = map(Form.WORDS, List.of("\\I:\\P", "\\\\"), "192.0.2.1:993: mx5");
    assertThat(find(last, "ann")).contains(" mx5 ");
    assertThat(find(map(Form.WORDS, List.of("\\\\"), "\\: mx6"), "ann")).contains(" mx6 ");
  }

  @Test
  void whatItGoesByIsSeenInKeysOfAnyLength() throws Exception {
    for (String letters : List.of("x", "\\\\")) {
      String key = letters.repeat(100_000);
      assertThat(map(Form.WORDS, List.of(key + "p"), "ann: mx1").heeds()).isEmpty();
      assertThat(map(Form.WORDS, List.of(key + "\\i"), "ann: mx1").heeds())
          .containsExactly(Link.Heeds.WAY_IN);
      assertThat(map(Form.WORDS, List.of("\\U", key + "\\p"), "ann: mx1").heeds())
          .containsExactlyInAnyOrder(Link.Heeds.WAY_IN, Link.Heeds.CLIENT_PORT);
    }
  }

  @Test
  void patternsAreTriedInTheirOrderAndFillTheirValues() throws Exception {
    MapLink map =
        map(
            Form.PATTERNS,
            List.of("\\U"),
            "^[a-e]: east",
            "^(.+)@(.+)$: $1@$2:143",
            ".*: west:1143");
    assertThat(find(map, "ann@example.org")).isEqualTo("ann@example.org null east 0");
    assertThat(find(map, "zoe@example.org")).isEqualTo("zoe@example.org null example.org 143");
    assertThat(find(map, "zoe")).isEqualTo("zoe null west 1143");
  }

  /// As in perdition: so a domain alone can lead to a backend.
  @Test
  void whatStandsBeforeThePartThatFitsStaysBeforeTheValue() throws Exception {
    MapLinkSettings settings =
        new MapLinkSettings(
            List.of("@example\\.org$: @mx1", "example: mx2"),
            null,
            Form.PATTERNS,
            List.of("\\U"),
            true,
            "@",
            Unknown.NEXT);
    MapLink map = MapLink.read(settings, "directory[0]", lookups, clock);
    assertThat(find(map, "ann@example.org")).isEqualTo("ann@example.org ann mx1 0");
    assertThat(find(map, "ann.example")).isEqualTo("ann.example null ann.mx2 0");
  }

  @Test
  void linesOfPatternsAreReadAsPerditionReadsThem() throws Exception {
    MapLink map =
        map(
            Form.PATTERNS,
            List.of("\\U"),
            "^[[:digit:]]+$ mx1 # no colon is needed",
            "  '^a\\.b$':\tmx2",
            "^c\\.d$: mx3 # any character, for the backslash is the reader's",
            "# a comment \\",
            "^e: mx4",
            "^f\\",
            "g: mx5",
            "^\"o'b\": mx6");
    assertThat(find(map, "17")).contains(" mx1 ");
    assertThat(find(map, "a.b")).contains(" mx2 ");
    assertThat(find(map, "axb")).isEqualTo("NotMine[]");
    assertThat(find(map, "cxd")).contains(" mx3 ");
    assertThat(find(map, "e")).isEqualTo("NotMine[]");
    assertThat(find(map, "fg")).contains(" mx5 ");
    assertThat(find(map, "o'brien")).contains(" mx6 ");
  }

  @Test
  void theLongestMatchCounts() throws Exception {
    MapLinkSettings settings =
        new MapLinkSettings(
            List.of("(a|ab)(c*): $1.$2@mx", "(x|xy)(y?)$: $1.$2@mx"),
            null,
            Form.PATTERNS,
            List.of("\\U"),
            true,
            "@",
            Unknown.NEXT);
    MapLink map = MapLink.read(settings, "directory[0]", lookups, clock);
    assertThat(find(map, "abc1")).isEqualTo("abc1 ab.c mx 0");
    assertThat(find(map, "ad")).isEqualTo("ad a. mx 0");
    assertThat(find(map, "-ab")).isEqualTo("-ab -ab. mx 0");
    assertThat(find(map, "xy")).as("two ways to share it out").isEqualTo("xy x.y mx 0");
  }

  @Test
  void aTableMayRenameUsersAndRefuseStrangers() throws Exception {
    MapLinkSettings settings =
        new MapLinkSettings(
            List.of("ann: ann.smith@home@mx1", "bob: [2001:db8::1]:143"),
            null,
            Form.WORDS,
            List.of("\\U"),
            true,
            "@",
            Unknown.REJECT);
    MapLink map = MapLink.read(settings, "directory[0]", lookups, clock);
    assertThat(find(map, "ann")).isEqualTo("ann ann.smith@home mx1 0");
    assertThat(find(map, "bob")).isEqualTo("bob null 2001:db8::1 143");
    assertThat(find(map, "cid")).startsWith("Reject");
  }

  @Test
  void aValueThatIsNoBackendIsTheTablesFault() throws Exception {
    MapLink map = map(Form.WORDS, List.of("\\U"), "ann: mx1:99999", "bob: a:b:c");
    assertThat(find(map, "ann")).startsWith("CannotTell");
    assertThat(find(map, "bob")).startsWith("CannotTell");
  }

  @Test
  void patternsOfTheSettingsAreTriedElsewhereThanOnTheLoop() throws Exception {
    lookups.close();
    Attempt ann = Attempts.of("ann", "x");
    MapLink words = map(Form.WORDS, List.of("\\U"), "ann: mx1");
    assertThat(words.ask(ann, channel.eventLoop())).isCompleted();
    MapLink patterns = map(Form.PATTERNS, List.of("\\U"), "ann: mx1");
    assertThat(patterns.ask(ann, channel.eventLoop()))
        .failsWithin(Duration.ofSeconds(10))
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(Workers.Crowded.class);
  }

  /// In Java, the first needs as much of the stack as the name is long, and the second tries for ever.
  @ParameterizedTest
  @ValueSource(strings = {"^(a|b)*$", "^((a|aa)+)\\1!$", "^(.*)(.*)(.*)(.*)(.*)b$"})
  void aPatternThatTakesTooLongCannotTellAndTheLinkIsThere(String pattern) throws Exception {
    MapLink map = map(Form.PATTERNS, List.of("\\U"), "'" + pattern + "': mx1", ".*: mx2");
    String name = "a".repeat(pattern.contains("|b") ? 20_000 : 255);
    Answer answer = map.ask(Attempts.of(name, "x"), channel.eventLoop()).get(10, TimeUnit.SECONDS);
    assertThat(answer)
        .isEqualTo(
            new Answer.CannotTell(
                "the pattern " + pattern + " takes too long with this name", /* down= */ false));
    assertThat(find(map, "c")).contains(" mx2 ");
  }

  @Test
  void aFileIsReadAgainWhenItHasChangedAndKeptWhileItIsBad() throws Exception {
    Path file = Files.writeString(directory.resolve("popmap"), "ann: mx1\n");
    MapLink map = ofFile(file, Form.PATTERNS);
    assertThat(find(map, "ann")).contains(" mx1 ");
    Files.writeString(file, "ann: mx2:143\n");
    assertThat(find(map, "ann")).as("looked at a second ago at most").contains(" mx1 ");
    clock.turn(Duration.ofSeconds(1));
    assertThat(find(map, "ann")).contains(" mx2 ");
    Files.writeString(file, "(: mx3\n");
    clock.turn(Duration.ofSeconds(1));
    assertThat(find(map, "ann")).contains(" mx2 ");
    Files.writeString(file, "(".repeat(10_000) + ": mx3\n");
    clock.turn(Duration.ofSeconds(1));
    assertThat(find(map, "ann")).contains(" mx2 ");
    Files.delete(file);
    clock.turn(Duration.ofSeconds(1));
    assertThat(find(map, "ann")).contains(" mx2 ");
    Files.writeString(file, "ann: mx4\n");
    clock.turn(Duration.ofSeconds(1));
    assertThat(find(map, "ann")).contains(" mx4 ");
  }

  @Test
  void allThatIsWrongIsToldWithItsLine() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("popmap"), "# map\n(: mx\nann\n(a): $2\n[[:alhpa:]]: mx\n");
    assertThatThrownBy(() -> ofFile(file, Form.PATTERNS))
        .isInstanceOf(IOException.class)
        .hasMessage(
            """
            directory[0].map.file: %1$s:2: no regular expression: a ( without its )
            directory[0].map.file: %1$s:3: wanted a line such as `ann: mail.example.org:143`
            directory[0].map.file: %1$s:4: the value names a group that the pattern does not have
            directory[0].map.file: %1$s:5: no regular expression: there is no class [:alhpa:]\
            """
                .formatted(file));
  }

  @Test
  void linesOfTheSettingsAndThoseOfTheFileAreToldTogether() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("popmap"), "ann: mx\r\nbob: mx\n\u00e4: mx\n", ISO_8859_1);
    assertThatThrownBy(() ->
            MapLink.read(
                new MapLinkSettings(
                    List.of("ann: mx", "bob"),
                    file,
                    Form.WORDS,
                    List.of("\\U"),
                    false,
                    "@",
                    Unknown.NEXT),
                "directory[0]",
                lookups,
                clock))
        .isInstanceOf(IOException.class)
        .hasMessage(
            """
            directory[0].map.lines[1]: wanted a line such as `ann: mail.example.org:143`
            directory[0].map.file: %s:3: wanted text in UTF-8\
            """
                .formatted(file));
  }

  private MapLink ofFile(Path file, Form form) throws IOException {
    return MapLink.read(
        new MapLinkSettings(List.of(), file, form, List.of("\\U"), false, "@", Unknown.NEXT),
        "directory[0]",
        lookups,
        clock);
  }

  private MapLink map(Form form, List<String> keys, String... lines) throws IOException {
    return MapLink.read(
        new MapLinkSettings(List.of(lines), null, form, keys, false, "@", Unknown.NEXT),
        "directory[0]",
        lookups,
        clock);
  }

  private String find(MapLink map, String user) throws Exception {
    Answer answer = map.ask(Attempts.of(user, "x"), channel.eventLoop()).get(10, TimeUnit.SECONDS);
    return answer instanceof Answer.Learnt(var name, Facts facts)
        ? name + " " + destination(facts.backendUser()) + " " + facts.host() + " " + facts.port()
        : answer.toString();
  }

  private static String destination(@Nullable String user) {
    return String.valueOf(user);
  }
}
