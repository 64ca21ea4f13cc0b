package dormouse.imap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Rejected;
import dormouse.auth.LoginResult.Unavailable;
import dormouse.config.ListenTls;
import dormouse.config.LoginSettings;
import dormouse.config.SaslMechanism;
import dormouse.imap.TranscriptFile.Turn;
import dormouse.imap.TranscriptFile.Who;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Plays the transcripts in which no backend takes part: each whole, cut in two at every byte, and byte by byte.
///
/// `@ listener implicit|starttls|optional|none`, `@ max-errors 3` and the like come first. Then `@ tls` is the handshake, `@ 60s
/// pass`, `@ in one piece` forbids cutting what the client says next, `@ refused with USER / PASSWORD` and `@ accepted USER` is
/// what the login saw, `@ login waits` until `@ login answers …`, `@ shutdown` Dormouse goes down, `@ client id …` and `@ handed over …` is what is left.
class LoginTranscriptTest {
  private static final int WHOLE = -1;
  private static final int BYTE_BY_BYTE = -2;

  @TestFactory
  Stream<DynamicTest> transcripts() throws IOException {
    return TranscriptFile.of("imap").stream()
        .filter(file -> !file.hasBackend())
        .map(file -> DynamicTest.dynamicTest(file.name(), () -> playEachWay(file)));
  }

  private static void playEachWay(TranscriptFile file) {
    play(file, WHOLE);
    play(file, BYTE_BY_BYTE);
    int bytes =
        file.turns().stream()
            .filter(turn -> turn.who() == Who.CLIENT_SAYS)
            .mapToInt(turn -> bytes(List.of(turn)).length)
            .sum();
    for (int cut = 1; cut < bytes; cut++) {
      play(file, cut);
    }
  }

  private static void play(TranscriptFile file, int cut) {
    List<Turn> turns = file.turns();
    int said = 0;
    boolean inOnePiece = false;
    try (LoginStage stage = stage(turns)) {
      for (int i = 0; i < turns.size(); i++) {
        Turn turn = turns.get(i);
        String where = file.name() + ":" + turn.number() + " cut at " + cut;
        if (turn.who() != Who.CLIENT_SAYS) {
          inOnePiece = inOnePiece || turn.text().equals("in one piece");
          check(stage, turn, where);
          continue;
        }
        int next = i;
        while (next < turns.size() && turns.get(next).who() == Who.CLIENT_SAYS) {
          next++;
        }
        byte[] bytes = bytes(turns.subList(i, next));
        say(stage, bytes, inOnePiece ? WHOLE : cut == BYTE_BY_BYTE ? cut : cut - said);
        said += bytes.length;
        inOnePiece = false;
        i = next - 1;
      }
      assertThat(stage.hear()).as(file.name() + " at its end").isEqualTo("(nothing)");
      assertThat(stage.hasUnseen()).as(file.name() + " has logins it does not tell").isFalse();
    }
  }

  private static void say(LoginStage stage, byte[] bytes, int cut) {
    if (cut == BYTE_BY_BYTE) {
      for (int i = 0; i < bytes.length; i++) {
        stage.say(bytes, i, i + 1);
      }
    } else if (cut > 0 && cut < bytes.length) {
      stage.say(bytes, 0, cut);
      stage.say(bytes, cut, bytes.length);
    } else {
      stage.say(bytes, 0, bytes.length);
    }
  }

  private static byte[] bytes(List<Turn> said) {
    StringBuilder all = new StringBuilder();
    said.forEach(turn -> all.append(turn.text()).append("\r\n"));
    return all.toString().getBytes(UTF_8);
  }

  private static void check(LoginStage stage, Turn turn, String where) {
    if (turn.who() == Who.CLIENT_HEARS) {
      if (turn.text().startsWith("(closed ")) {
        checkClosed(stage, turn.text().substring(8, turn.text().length() - 1), where);
      } else {
        assertThat(stage.hear()).as(where).isEqualTo(turn.text());
      }
      return;
    }
    String text = turn.text();
    if (text.equals("tls")) {
      stage.handshake();
    } else if (text.equals("shutdown")) {
      stage.shutDown();
    } else if (text.endsWith(" pass")) {
      String seconds = text.substring(0, text.indexOf('s'));
      stage.pass(Duration.ofSeconds(Long.parseLong(seconds)));
    } else if (text.startsWith("login answers ")) {
      stage.loginAnswers(result(text.substring(14)));
    } else if (text.startsWith("refused with ")) {
      assertThat(stage.refused()).as(where).isEqualTo(text.substring(13));
    } else if (text.startsWith("accepted ")) {
      assertThat(stage.accepted()).as(where).isEqualTo(text.substring(9));
    } else if (text.startsWith("handed over ")) {
      assertThat(stage.handedOver()).as(where).isEqualTo(text.substring(12));
    } else if (text.startsWith("client id")) {
      String id = LoginStage.escaped(stage.dialogue.clientId());
      assertThat(id).as(where).isEqualTo(text.substring(9).strip());
    } else if (!text.equals("in one piece") && !isBefore(text)) {
      throw new IllegalArgumentException(where + ": what is " + text);
    }
  }

  private static void checkClosed(LoginStage stage, String reason, String where) {
    assertThat(stage.channel.isOpen()).as(where).isFalse();
    assertThat(stage.metrics.scrape())
        .as(where)
        .contains("dormouse_closes_total{reason=\"" + reason + "\"} 1.0")
        .contains("dormouse_sessions{state=\"greeting\"} 0.0");
  }

  private static LoginResult result(String text) {
    if (text.startsWith("rejected ")) {
      String[] words = text.split(" ", 3);
      return new Rejected(words[1], words[2]);
    }
    return new Unavailable(LoginResult.Cause.valueOf(text.toUpperCase(Locale.ROOT)));
  }

  private static boolean isBefore(String text) {
    return text.startsWith("listener ")
        || text.startsWith("mechanisms ")
        || text.startsWith("max-")
        || text.equals("login waits");
  }

  private static LoginStage stage(List<Turn> turns) {
    ListenTls listener = ListenTls.IMPLICIT;
    LoginSettings set = LoginSettings.DEFAULT;
    int maxErrors = set.maxErrors();
    int maxCommands = set.maxCommands();
    int maxLineBytes = set.maxLineBytes();
    int maxLiteralBytes = set.maxLiteralBytes();
    List<SaslMechanism> mechanisms = set.mechanisms();
    boolean waits = false;
    for (Turn turn : turns) {
      String[] words = turn.text().split(" ", 2);
      if (turn.who() != Who.WORLD || !isBefore(turn.text())) {
        continue;
      }
      switch (words[0]) {
        case "listener" -> listener = ListenTls.valueOf(words[1].toUpperCase(Locale.ROOT));
        case "max-errors" -> maxErrors = Integer.parseInt(words[1]);
        case "max-commands" -> maxCommands = Integer.parseInt(words[1]);
        case "max-line-bytes" -> maxLineBytes = Integer.parseInt(words[1]);
        case "max-literal-bytes" -> maxLiteralBytes = Integer.parseInt(words[1]);
        case "mechanisms" ->
            mechanisms =
                Arrays.stream(words[1].split(" "))
                    .map(name ->
                        SaslMechanism.valueOf(name.replace('-', '_').toUpperCase(Locale.ROOT)))
                    .toList();
        default -> waits = true;
      }
    }
    LoginSettings limits =
        new LoginSettings(
            set.timeout(),
            set.limit(),
            maxErrors,
            maxCommands,
            maxLineBytes,
            maxLiteralBytes,
            mechanisms,
            List.of(),
            List.of(),
            List.of());
    return new LoginStage(listener, limits, waits);
  }
}
