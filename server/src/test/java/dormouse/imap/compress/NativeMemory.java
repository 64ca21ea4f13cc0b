package dormouse.imap.compress;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// What this process holds of malloc's memory, zlib's with it, as glibc counts it (`mallinfo2`).
@SuppressWarnings("restricted") // the tests run with --enable-native-access
final class NativeMemory {
  private static final int FIELDS = 10;
  private static final int IN_USE = 7; // uordblks
  private static final int MAPPED = 4; // hblkhd
  private static final MethodHandle MALLINFO2 =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("mallinfo2"),
              FunctionDescriptor.of(MemoryLayout.structLayout(fields())));

  private NativeMemory() {}

  private static MemoryLayout[] fields() {
    MemoryLayout[] fields = new MemoryLayout[FIELDS];
    java.util.Arrays.fill(fields, ValueLayout.JAVA_LONG);
    return fields;
  }

  /// Bytes in use.
  static long bytes() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = (MemorySegment) MALLINFO2.invokeExact((SegmentAllocator) arena);
      return info.getAtIndex(ValueLayout.JAVA_LONG, IN_USE)
          + info.getAtIndex(ValueLayout.JAVA_LONG, MAPPED);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
