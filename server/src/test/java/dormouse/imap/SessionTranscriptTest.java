package dormouse.imap;

import dormouse.config.GateSettings;
import dormouse.config.HibernateSettings;
import dormouse.config.ImapSettings;
import dormouse.config.LimitsSettings;
import dormouse.config.PoolSettings;
import dormouse.config.StatusCacheSettings;
import dormouse.config.Watch;
import dormouse.imap.TranscriptFile.Who;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Plays the transcripts in which a backend takes part: each with whole lines, and again byte by byte. [SessionPlay] says what
/// may stand in them. Some are played beside each other, for each waits a while for its event loop to stop.
class SessionTranscriptTest {
  private static final int AT_ONCE = 4;

  @TestFactory
  Stream<DynamicTest> transcripts() throws IOException {
    String only = System.getProperty("transcript", "");
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    List<DynamicTest> tests =
        TranscriptFile.of("imap").stream()
            .filter(TranscriptFile::hasBackend)
            .filter(file -> file.name().contains(only))
            .map(file -> {
              Future<?> played = threads.submit(() -> play(file));
              return DynamicTest.dynamicTest(file.name(), () -> join(played));
            })
            .toList();
    return tests.stream().onClose(threads::shutdownNow);
  }

  private static void join(Future<?> played) throws Throwable {
    try {
      played.get();
    } catch (ExecutionException e) {
      throw e.getCause();
    }
  }

  private static void play(TranscriptFile file) {
    play(file, false);
    if (!Setting.has(file, "whole lines")) {
      play(file, true);
    }
  }

  private static void play(TranscriptFile file, boolean byteByByte) {
    try (SessionStage stage = stage(file, byteByByte)) {
      new SessionPlay(file, stage, byteByByte).play();
    }
  }

  /// Where a transcript is played, as it asks for at its top.
  static SessionStage stage(TranscriptFile file, boolean byteByByte) {
    return stage(file, SessionStage.Carrier.IN_THE_CLEAR, byteByByte);
  }

  static SessionStage stage(TranscriptFile file, SessionStage.Carrier carrier, boolean byteByByte) {
    Setting setting = Setting.of(file);
    return new SessionStage(
        setting.imap(),
        setting.hibernate(),
        setting.limits(),
        setting.gate(),
        setting.pool(),
        setting.trusted(),
        setting.watch(),
        setting.fed(),
        setting.asked(),
        carrier,
        byteByByte);
  }

  /// What `@ after 15s`, `@ keep-alive 120s`, `@ trusted` and the like at the top of a file ask for.
  private record Setting(
      ImapSettings imap,
      HibernateSettings hibernate,
      LimitsSettings limits,
      GateSettings gate,
      PoolSettings pool,
      boolean trusted,
      Watch watch,
      boolean fed,
      boolean asked) {
    static Setting of(TranscriptFile file) {
      HibernateSettings normal = HibernateSettings.DEFAULT;
      return new Setting(
          new ImapSettings(!has(file, "compress off"), StatusCacheSettings.DEFAULT),
          new HibernateSettings(
              !has(file, "hibernate off"),
              SessionPlay.duration(value(file, "after", "15s")),
              SessionPlay.duration(value(file, "quiet-after", "24h")),
              normal.proofMax(),
              normal.wakeTimeout(),
              normal.sweep(),
              normal.poll(),
              SessionPlay.duration(value(file, "keep-alive", "0s")),
              normal.syncLinger(),
              Integer.parseInt(value(file, "uid-set-max-bytes", "65536")),
              Integer.parseInt(value(file, "plain-max-messages", "20000")),
              Integer.parseInt(value(file, "kept-per-session-bytes", "262144")),
              Integer.parseInt(value(file, "kept-per-user-bytes", "4194304")),
              Integer.parseInt(value(file, "kept-heap-percent", "50")),
              SessionPlay.duration(value(file, "ask-again-every", "1h")),
              !has(file, "keep-password off")),
          limits(Integer.parseInt(value(file, "per-user", "100"))),
          new GateSettings(
              Integer.parseInt(value(file, "logins-per-second", "200")),
              Integer.parseInt(value(file, "burst", "50")),
              Integer.parseInt(value(file, "concurrent-logins", "50")),
              Integer.parseInt(value(file, "queue", "5000"))),
          new PoolSettings(
              Integer.parseInt(value(file, "pool", "0")),
              PoolSettings.DEFAULT.keep(),
              PoolSettings.DEFAULT.keepAfterLogout(),
              SessionPlay.duration(value(file, "trust-password", "0s")),
              PoolSettings.DEFAULT.max()),
          has(file, "trusted"),
          Watch.valueOf(value(file, "watch", "auto").toUpperCase(Locale.ROOT)),
          has(file, "feed"),
          has(file, "directory"));
    }

    private static LimitsSettings limits(int perUser) {
      LimitsSettings normal = LimitsSettings.DEFAULT;
      return new LimitsSettings(
          normal.perAddress(),
          normal.perNetwork(),
          perUser,
          normal.asleepPerAddress(),
          normal.asleepPerNetwork(),
          normal.asleepPerUser(),
          normal.perListener(),
          normal.beforeLogin(),
          normal.exempt());
    }

    private static boolean has(TranscriptFile file, String text) {
      return file.turns().stream()
          .anyMatch(turn -> turn.who() == Who.WORLD && turn.text().equals(text));
    }

    private static String value(TranscriptFile file, String key, String otherwise) {
      return file.turns().stream()
          .filter(turn -> turn.who() == Who.WORLD && turn.text().startsWith(key + " "))
          .map(turn -> turn.text().substring(key.length() + 1))
          .findFirst()
          .orElse(otherwise);
    }
  }
}
