package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.imap.TranscriptFile.Turn;
import dormouse.imap.TranscriptFile.Who;
import dormouse.ops.Metrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One transcript with a backend, played once. What may stand in it besides lines:
///
/// - `zz` at the begin of an `F:` line is a tag of Dormouse's own, and in the `B:` lines behind it that same tag;
///   `{more}` at the end of what is said stands for a line end that does not come yet; `{any}` in an `F:` or `S:` line is whatever stands there.
/// - `F2: (connect)` a second connection reaches the backend; `F2: (login)` and logs in; `F: (closed)` Dormouse has left,
///   having said nothing but LOGOUT; `B: (close)` the backend closes. `F2: (connect elsewhere)` and `F2: (login elsewhere)` come to the second backend.
/// - `C: (connect)`, `C: (close)`; `S: (closed REASON)` Dormouse has closed, for that reason in the metrics; `S: (nothing)` the
///   client has heard nothing.
/// - `@ backend CAPABILITIES` what it says it can once somebody is logged in; `@ ann logs in` the next client, on the next
///   connection, `@ bob logs in` likewise, whom the directory has called ann to the backend; `@ C compresses` from here on; `@ 60s pass`; `@ then` what is said next comes in a segment of its own.
/// - `@ F2 speaks within 10m`, `@ F2 connects within 10m`: time passes until then, and no longer.
/// - `@ asleep`, `@ attached`: what the one session is. `@ stays REASON`, `@ count METRIC N`: what metrics say.
/// - `@ the clock is set back by 1h`, though no time passes.
/// - `@ backend refuses`, `@ backend listens` again; `@ shutdown`, and `@ shutdown behind 9s` in which the loop does something else first.
/// - `@ the directory says OK`, or what it says instead to whoever asks; `@ the directory says elsewhere`: whoever asks belongs to a second backend; `@ the directory says as ann`: whoever asks has her mail; `@ the directory waits` with its answer until it says something; `@ the directory is away`, and `@ the directory is back`.
/// - `@ told ann INBOX` a feed tells that a mailbox has changed, `@ told ann` that some mailbox of hers has.
/// - settings first: `@ after 15s`, `@ quiet-after 60s`, `@ keep-alive 120s`, `@ plain-max-messages 2`, `@ kept-per-session-bytes 256`, `@ kept-per-user-bytes 256`, `@ kept-heap-percent 0`, `@ uid-set-max-bytes 64`, `@ hibernate off`,
///   `@ keep-password off`, `@ compress off`, `@ trusted`, `@ watch notify`, `@ feed`, `@ directory` a daemon is asked, `@ ask-again-every 1h`, `@ per-user 1`; of the gate `@ logins-per-second 1`, `@ burst 1`, `@ concurrent-logins 1`, `@ queue 1`;
///   `@ pool 2` connections of the user are kept, none else, and `@ trust-password 1m` the backend's word on her password; `@ whole lines` what is cut elsewhere is another story, so it is not played byte by byte.
final class SessionPlay {
  private static final Set<String> SETTINGS =
      Set.of(
          "after",
          "quiet-after",
          "keep-alive",
          "plain-max-messages",
          "kept-per-session-bytes",
          "kept-per-user-bytes",
          "kept-heap-percent",
          "uid-set-max-bytes",
          "ask-again-every",
          "directory",
          "per-user",
          "logins-per-second",
          "burst",
          "concurrent-logins",
          "queue",
          "pool",
          "trust-password",
          "hibernate",
          "keep-password",
          "compress",
          "trusted",
          "watch",
          "whole",
          "feed");
  private static final String GREETING = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] mx ready";
  private static final String LOGIN = "AUTHENTICATE PLAIN " + sasl("ann", "secret");

  private static final String ELSEWHERE = " elsewhere)";
  private static final String DIRECTORY = "the directory says ";
  private static final String SHUTDOWN_BEHIND = "shutdown behind ";
  private static final String SET_BACK = "the clock is set back by ";
  private static final Pattern WITHIN = Pattern.compile("F([0-9]+) (speaks|connects) within (.*)");

  private final TranscriptFile file;
  private final SessionStage stage;
  private final boolean byteByByte;
  private final List<String> heard = new ArrayList<>();
  private final Map<Integer, String> tags = new HashMap<>();
  private final Set<Integer> loggedIn = new HashSet<>();
  private final Set<Integer> left = new HashSet<>();
  private String capabilities = "IMAP4rev1 IDLE";
  private int accepted;

  SessionPlay(TranscriptFile file, SessionStage stage, boolean byteByByte) {
    this.file = file;
    this.stage = stage;
    this.byteByByte = byteByByte;
  }

  private static String sasl(String user, String password) {
    return Base64.getEncoder().encodeToString(('\0' + user + '\0' + password).getBytes(UTF_8));
  }

  /// Plays it to its end, when nobody may have anything more to say.
  void play() {
    List<Turn> turns = file.turns();
    int next = 0;
    while (next < turns.size()) {
      Turn turn = turns.get(next);
      try {
        next =
            switch (turn.who()) {
              case CLIENT_SAYS, BACKEND_SAYS -> say(turns, next);
              case CLIENT_HEARS, BACKEND_HEARS -> {
                hear(turn);
                yield next + 1;
              }
              case WORLD -> {
                heard.add(turn.toString());
                world(turn.text());
                yield next + 1;
              }
            };
      } catch (AssertionError | RuntimeException e) {
        throw failure(turn, String.valueOf(e.getMessage()), e);
      }
    }
    expectSilence(turns.getLast());
  }

  /// The last tag of Dormouse's own that a connection to the backend has heard.
  String tag(int connection) {
    return Objects.requireNonNull(tags.get(connection));
  }

  private AssertionError failure(Turn turn, String what, Throwable cause) {
    String how = byteByByte ? " (byte by byte)" : "";
    return new AssertionError(
        "%s:%d%s: %s%n%s"
            .formatted(turn.file(), turn.number(), how, what, String.join("\n", heard)),
        cause);
  }

  private void expectSilence(Turn last) {
    stage.settle();
    for (SpokenLines side : stage.everybody()) {
      String more = side.hearWhatIsThere();
      if (!more.equals(SpokenLines.NOTHING) && !more.equals(SpokenLines.END)) {
        throw failure(last, "then somebody hears: " + more, new AssertionError());
      }
    }
    if (stage.backends.acceptsAtOnce()) {
      throw failure(last, "then there is one more connection", new AssertionError());
    }
  }

  // ── somebody speaks ──

  /// Lines of one side in a row are one segment.
  private int say(List<Turn> turns, int from) {
    Turn first = turns.get(from);
    List<String> lines = new ArrayList<>();
    int next = from;
    while (next < turns.size()
        && turns.get(next).who() == first.who()
        && turns.get(next).side() == first.side()
        && !turns.get(next).text().startsWith("(")) {
      lines.add(line(turns.get(next)));
      heard.add(turns.get(next).toString());
      next++;
    }
    boolean client = first.who() == Who.CLIENT_SAYS;
    if (lines.isEmpty()) {
      heard.add(first.toString());
      act(first);
      return from + 1;
    }
    SpokenLines speaker =
        client ? stage.client(first.side()) : stage.backends.connection(first.side());
    stage.say(speaker, lines, client && loggedIn.contains(first.side()));
    return next;
  }

  private String line(Turn turn) {
    String text = turn.text();
    return turn.who() == Who.BACKEND_SAYS && text.startsWith("zz ")
        ? tags.get(turn.side()) + text.substring(2)
        : text;
  }

  private void act(Turn turn) {
    boolean client = turn.who() == Who.CLIENT_SAYS;
    switch (turn.text()) {
      case "(connect)" -> expect(turn.side(), stage.connect());
      case "(close)" -> {
        if (client) {
          stage.closeClient(turn.side());
        } else {
          stage.closeConnection(turn.side(), left.contains(turn.side()));
        }
      }
      default -> throw new IllegalArgumentException("what is " + turn.text());
    }
  }

  // ── somebody hears ──

  private void hear(Turn turn) {
    String text = turn.text();
    boolean client = turn.who() == Who.CLIENT_HEARS;
    if (text.startsWith("(connect")) {
      accept(turn.side(), text.endsWith(ELSEWHERE));
    } else if (text.startsWith("(login")) {
      accept(turn.side(), text.endsWith(ELSEWHERE));
      backendLogin(turn.side());
    } else if (text.equals(SpokenLines.NOTHING)) {
      stage.settle();
      expect(
          text,
          (client ? stage.client(turn.side()) : stage.backends.connection(turn.side()))
              .hearWhatIsThere());
    } else if (client && text.startsWith("(closed")) {
      expect(SpokenLines.END, stage.client(turn.side()).hear());
      closedFor(text.substring("(closed".length(), text.length() - 1).trim());
    } else if (client) {
      expectLine(text, stage.client(turn.side()).hear());
    } else if (text.equals(SpokenLines.END)) {
      left(turn.side());
    } else {
      backendHears(turn.side(), text);
    }
    heard.add(turn.toString());
  }

  private void accept(int number, boolean elsewhere) {
    expect(number, elsewhere ? stage.backends.acceptElsewhere() : stage.backends.accept());
    expect(elsewhere, stage.backends.isElsewhere(number));
    accepted = number;
  }

  /// The backend lets the client in on this connection.
  void backendLogin(int number) {
    SpokenLines connection = stage.backends.connection(number);
    stage.say(connection, List.of(GREETING), false);
    expect("zz1 " + LOGIN, connection.hear());
    stage.say(connection, List.of("zz1 OK [CAPABILITY " + capabilities + "] Logged in"), false);
  }

  private void left(int number) {
    SpokenLines connection = stage.backends.connection(number);
    String said = connection.hear();
    if (said.matches("zz[0-9]+ LOGOUT")) {
      stage.closeConnection(number, /* left= */ true);
      return;
    }
    expect(SpokenLines.END, said);
  }

  private void backendHears(int number, String expected) {
    String got = stage.backends.connection(number).hear();
    if (got.endsWith(" LOGOUT")) {
      left.add(number);
    }
    if (expected.startsWith("zz ") && got.matches("zz[0-9]+ .*")) {
      String tag = got.substring(0, got.indexOf(' '));
      tags.put(number, tag);
      expectLine(tag + expected.substring(2), got);
      return;
    }
    expectLine(expected, got);
  }

  private static void expectLine(String expected, String got) {
    StringBuilder pattern = new StringBuilder();
    for (String part : expected.split(Pattern.quote("{any}"), -1)) {
      pattern.append(pattern.isEmpty() ? "" : ".*").append(Pattern.quote(part));
    }
    if (!got.matches("(?s)" + pattern)) {
      expect(expected, got);
    }
  }

  private static void expect(Object expected, Object got) {
    if (!expected.equals(got)) {
      throw new AssertionError("%nexpected: %s%n     got: %s".formatted(expected, got));
    }
  }

  // ── the world moves ──

  private void world(String text) {
    String[] words = text.split(" ", 2);
    if (SETTINGS.contains(words[0])) {
      return;
    }
    switch (text) {
      case "then" -> {}
      case "asleep" -> awaitOne(Metrics.State.HIBERNATED);
      case "attached" -> awaitOne(Metrics.State.ATTACHED);
      case "backend refuses" -> stage.backends.refuse();
      case "backend listens" -> stage.backends.listen();
      case "shutdown" -> stage.shutDown();
      case "ann logs in", "bob logs in" -> login(words[0]);
      case "the directory waits" -> stage.directory().waits();
      case "the directory is away" -> stage.directory().refuse();
      case "the directory is back" -> stage.directory().listen();
      case "C compresses" -> stage.client(1).compress();
      default -> {
        Matcher within = WITHIN.matcher(text);
        if (within.matches()) {
          speaksWithin(Integer.parseInt(within.group(1)), within.group(2), within.group(3));
        } else if (text.endsWith(" pass")) {
          stage.pass(duration(text.substring(0, text.length() - " pass".length())));
        } else if (text.startsWith(SHUTDOWN_BEHIND)) {
          stage.shutDown(duration(text.substring(SHUTDOWN_BEHIND.length())), () -> {});
        } else if (text.startsWith(SET_BACK)) {
          stage.setBack(duration(text.substring(SET_BACK.length())));
        } else if (text.startsWith(DIRECTORY)) {
          stage.directory().says(text.substring(DIRECTORY.length()));
        } else if (words[0].equals("backend")) {
          capabilities = words[1];
        } else if (words[0].equals("stays")) {
          await("dormouse_stayed_attached_total{reason=\"" + words[1] + "\"}", 1);
        } else if (words[0].equals("told")) {
          String[] told = words[1].split(" ", 2);
          stage.tellOfChange(told[0], told.length > 1 ? told[1] : null);
        } else if (words[0].equals("count")) {
          int space = words[1].lastIndexOf(' ');
          await(words[1].substring(0, space), Double.parseDouble(words[1].substring(space + 1)));
        } else {
          throw new IllegalArgumentException("what is " + text);
        }
      }
    }
  }

  private void speaksWithin(int number, String what, String most) {
    if (what.equals("speaks")) {
      stage.passUntilHeard(stage.backends.connection(number), duration(most));
      return;
    }
    expect(number, stage.passUntilAccepted(duration(most)));
    accepted = number;
  }

  private void login(String user) {
    int number = stage.connect();
    SpokenLines client = stage.client(number);
    client.hear();
    stage.say(client, List.of("a0 LOGIN " + user + " secret"), false);
    int connection = accepted + 1;
    accept(connection, /* elsewhere= */ false);
    backendLogin(connection);
    expectLine("a0 OK [CAPABILITY {any}] Logged in", client.hear());
    loggedIn.add(number);
  }

  private void closedFor(String reason) {
    if (!reason.isEmpty()) {
      await("dormouse_closes_total{reason=\"" + reason + "\"}", 1);
    }
  }

  private void awaitOne(Metrics.State state) {
    await("dormouse_sessions{state=\"" + state.name().toLowerCase(Locale.ROOT) + "\"}", 1);
  }

  private void await(String metric, double value) {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (stage.counter(metric) != value) {
      if (System.nanoTime() > deadline) {
        expect(metric + " " + value, stage.metrics.scrape());
      }
      LockSupport.parkNanos(200_000);
    }
  }

  /// `300ms`, `15s`, `10m`, `24h`.
  static Duration duration(String text) {
    if (text.endsWith("ms")) {
      return Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
    }
    if (text.endsWith("h")) {
      return Duration.ofHours(Long.parseLong(text.substring(0, text.length() - 1)));
    }
    long number = Long.parseLong(text.substring(0, text.length() - 1));
    return text.endsWith("m") ? Duration.ofMinutes(number) : Duration.ofSeconds(number);
  }
}
