package dormouse.tls.records;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A program that is talked with. Any thread.
final class Program implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final StringBuilder said = new StringBuilder();

  Program(String... command) throws IOException {
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    Thread.ofVirtual().start(this::read);
  }

  /// What OpenSSL calls a suite of TLS 1.2: `ECDHE-RSA-AES128-GCM-SHA256`.
  static String openSslName(Suite suite) {
    return suite
        .standardName
        .replaceFirst("^TLS_", "")
        .replace("WITH_", "")
        .replace("AES_", "AES")
        .replaceFirst("POLY1305_SHA256$", "POLY1305")
        .replace('_', '-');
  }

  private void read() {
    byte[] some = new byte[8192];
    try {
      for (int n = process.getInputStream().read(some);
          n >= 0;
          n = process.getInputStream().read(some)) {
        synchronized (said) {
          said.append(new String(some, 0, n, StandardCharsets.ISO_8859_1));
          said.notifyAll();
        }
      }
    } catch (IOException e) {
      synchronized (said) {
        said.append(e);
      }
    }
  }

  void say(String line) throws IOException {
    OutputStream in = process.getOutputStream();
    in.write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
    in.flush();
  }

  /// Waits until the program says this, and forgets everything up to there.
  void expect(String text) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (said) {
      while (said.indexOf(text) < 0) {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        assertThat(millis).as("waiting for %s in: %s", text, said).isPositive();
        said.wait(millis);
      }
      said.delete(0, said.indexOf(text) + text.length());
    }
  }

  /// The same for a pattern: what it has matched.
  String expectMatch(String regex) throws InterruptedException {
    Pattern pattern = Pattern.compile(regex);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (said) {
      for (Matcher found = pattern.matcher(said); ; found = pattern.matcher(said)) {
        if (found.find()) {
          String matched = found.group();
          said.delete(0, found.end());
          return matched;
        }
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        assertThat(millis).as("waiting for %s in: %s", regex, said).isPositive();
        said.wait(millis);
      }
    }
  }

  boolean isRunning() {
    return process.isAlive();
  }

  void expectEnd() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("it ends").isTrue();
    assertThat(process.exitValue()).isZero();
  }

  /// Ends it at once: what the kernel has of its connection goes with it.
  void kill() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    kill();
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
