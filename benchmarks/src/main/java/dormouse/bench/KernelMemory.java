package dormouse.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/// What the kernel of this machine keeps of sockets, as far as it says so to root: `/proc/slabinfo`.
final class KernelMemory {
  private static final Path SLABS = Path.of("/proc/slabinfo");

  /// A socket, its inode, file and directory entry, its place in epoll sets.
  private static final Set<String> OF_SOCKETS =
      Set.of(
          "TCP",
          "TCPv6",
          "sock_inode_cache",
          "filp",
          "lsm_file_cache",
          "dentry",
          "eventpoll_epi",
          "eventpoll_pwq",
          "ep_head");

  private KernelMemory() {}

  /// Bytes of all sockets of the machine, and of whatever else has the same kinds of records; 0 if the kernel does not say.
  static long ofSockets() {
    try (Stream<String> lines = Files.lines(SLABS)) {
      return lines
          .map(line -> line.split(" +"))
          .filter(fields -> OF_SOCKETS.contains(fields[0]))
          .mapToLong(fields -> Long.parseLong(fields[1]) * Long.parseLong(fields[3]))
          .sum();
    } catch (IOException _) {
      return 0;
    }
  }
}
