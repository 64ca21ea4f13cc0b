package dormouse.flat;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Memory of zeros that costs nothing but addresses until it is written to, in no core dump; by calls of the C library of 64-bit Linux. It
/// goes back to the kernel when nothing refers to it any more, so that nobody can use it after that. Any thread.
///
/// Behind its first 16 MiB the kernel is asked for pages of 2 MiB: who looks here and there into gigabytes waits for the tables of small pages
/// more than for the memory itself, and of that much a page that is used in part is little.
@SuppressWarnings("restricted") // native access is what it is for
public final class ReservedMemory {
  /// The functions, looked up once a process.
  private record Calls(MethodHandle map, MethodHandle unmap, MethodHandle advise) {}

  private static final int READ_AND_WRITE = 0x3;
  private static final int PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
  private static final int DONT_DUMP = 16; // MADV_DONTDUMP
  private static final int HUGE_PAGES = 14; // MADV_HUGEPAGE
  private static final long SMALL_BYTES = 16 << 20;
  private static final long FAILED = -1;
  private static final @Nullable Calls CALLS = calls();

  private ReservedMemory() {}

  private static @Nullable Calls calls() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String machine = System.getProperty("os.arch", "");
    if (!system.equals("linux") || !(machine.equals("amd64") || machine.equals("aarch64"))) {
      return null;
    }
    try {
      return new Calls(
          call(
              "mmap",
              FunctionDescriptor.of(
                  ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG)),
          call("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG)),
          call("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)));
    } catch (RuntimeException | LinkageError _) {
      return null; // a JVM without native access, or another C library
    }
  }

  private static MethodHandle call(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
  }

  /// Takes so many addresses.
  ///
  /// @throws IOException if this is no machine that it knows, or the kernel does not let it
  public static MemorySegment of(long bytes) throws IOException {
    Calls calls = CALLS;
    if (calls == null) {
      throw new IOException("not 64-bit Linux");
    }
    try {
      MemorySegment start =
          (MemorySegment)
              calls.map.invokeExact(
                  MemorySegment.NULL, bytes, READ_AND_WRITE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
      if (start.address() == FAILED) {
        throw new IOException("the kernel does not give " + bytes + " bytes of addresses");
      }
      advise(calls, start.address(), bytes, DONT_DUMP);
      if (bytes > SMALL_BYTES) {
        advise(calls, start.address() + SMALL_BYTES, bytes - SMALL_BYTES, HUGE_PAGES);
      }
      return start.reinterpret(bytes, Arena.ofAuto(), unused -> giveBack(calls, unused, bytes));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /// It may not follow.
  private static void advise(Calls calls, long address, long bytes, int what) throws Throwable {
    int ignored = (int) calls.advise.invokeExact(MemorySegment.ofAddress(address), bytes, what);
  }

  private static void giveBack(Calls calls, MemorySegment unused, long bytes) {
    try {
      int ignored = (int) calls.unmap.invokeExact(unused, bytes);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
