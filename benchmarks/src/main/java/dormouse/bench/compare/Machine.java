package dormouse.bench.compare;

import dormouse.bench.stack.StackKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// On what is measured, as it was when the run began. Immutable.
///
/// @param processor its model and how many cores
/// @param memory in GiB
/// @param system kernel and distribution
/// @param load of the last minute: the mean of how many processes ran or waited to
/// @param versions of all programs, by name
/// @param commit of Dormouse's sources
/// @param note what `./bench` could not have of it, for the page; empty if it has all
record Machine(
    String processor,
    long memory,
    String system,
    String load,
    List<String> versions,
    String commit,
    String note) {
  static Machine now() {
    try {
      return new Machine(
          field(Path.of("/proc/cpuinfo"), "model name").orElse("unknown")
              + ", "
              + Runtime.getRuntime().availableProcessors()
              + " cores",
          Long.parseLong(field(Path.of("/proc/meminfo"), "MemTotal").orElse("0 kB").split(" ")[0])
              >> 20,
          said("uname", "-sr")
              + ", "
              + field(Path.of("/etc/os-release"), "PRETTY_NAME").orElse("").replace("\"", ""),
          Files.readString(Path.of("/proc/loadavg")).split(" ")[0],
          installed(),
          said("git", "describe", "--always", "--dirty", "--exclude=*"),
          System.getProperty("dormouse.bench.note", ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<String> field(Path file, String name) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(name))
          .findFirst()
          .map(line -> line.split("[:=]", 2)[1].strip());
    }
  }

  private static List<String> installed() {
    List<String> all = new ArrayList<>();
    all.add("Dovecot " + said("/usr/sbin/dovecot", "--version"));
    if (StackKind.NGINX.installed()) {
      all.add(said("/usr/sbin/nginx", "-v").replace("nginx version: nginx/", "nginx "));
    }
    if (StackKind.PERDITION.installed()) {
      all.add("perdition " + said("dpkg-query", "-W", "-f", "${Version}", "perdition"));
    }
    if (StackKind.HAPROXY.installed()) {
      all.add(said("/usr/sbin/haproxy", "-v").replaceAll("version ([^ ]+).*", "$1"));
    }
    all.add(said("openssl", "version").replaceAll("^(OpenSSL [^ ]+).*", "$1") + " (peers)");
    all.add("netty-tcnative's BoringSSL (Dormouse)");
    all.add("Java " + System.getProperty("java.runtime.version"));
    return all;
  }

  /// The first line; `unknown` if it fails.
  private static String said(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String all = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        return "unknown";
      }
      return Arrays.stream(all.split("\n")).findFirst().orElse("").strip();
    } catch (IOException _) {
      return "unknown";
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
