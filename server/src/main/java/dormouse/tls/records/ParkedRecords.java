package dormouse.tls.records;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.EventExecutor;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The records of a connection that has no channel: what is left of it lies in [#BYTES] of somebody's memory, and this object
/// is there only while something is read or said.
/// ```text
/// 0 suite, 0 if none   2 records without data   4, 12 next numbers, in and out   20 secrets, in and out, 20 to 48 bytes each
/// ```
/// Every change goes to that memory with [#save], before anything that was sealed is sent: a number that was used is never used
/// again. Lives on its connection's event loop.
public final class ParkedRecords {
  /// What a parked connection takes at most, on an address that 4 divides.
  public static final int BYTES = 116;

  /// No alert.
  public static final int GO_ON = -1;

  /// The alert that says that all is well, and the end.
  public static final int CLOSE_NOTIFY = 0;

  /// The alert that says that we cannot go on.
  public static final int INTERNAL_ERROR = 80;

  private static final int AT_WITHOUT_DATA = 2;
  private static final int AT_READING = 4;
  private static final int AT_WRITING = 12;
  private static final int AT_SECRETS = 20;

  private final MemorySegment memory;
  private final TlsRecords records;

  private ParkedRecords(MemorySegment memory, TlsRecords records) {
    this.memory = memory;
    this.records = records;
  }

  /// Whether it is us who carry TLS, in this handler.
  public static boolean isCarriedBy(ChannelHandler handler) {
    return handler instanceof RecordHandler;
  }

  /// Whether it is, and can be parked as it is now.
  public static boolean canPark(ChannelHandler handler) {
    return handler instanceof RecordHandler records && records.atRest();
  }

  /// Takes a connection out of its handler, which is good for nothing then.
  ///
  /// @param handler one that [#canPark]
  /// @param memory zeros
  public static void park(ChannelHandler handler, MemorySegment memory) {
    TlsRecords records = ((RecordHandler) handler).records();
    new ParkedRecords(memory, records).save();
    records.end();
  }

  /// Whether this memory holds a connection; one without TLS does not need any.
  public static boolean isThere(MemorySegment memory) {
    return memory.get(JAVA_SHORT, 0) != 0;
  }

  /// How many of the [#BYTES] it takes, from the first; the others are never touched.
  public static int used(MemorySegment memory) {
    return isThere(memory)
        ? AT_SECRETS + 2 * Suite.of(memory.get(JAVA_SHORT, 0)).secretBytes
        : AT_READING;
  }

  /// What was parked there.
  public static ParkedRecords of(MemorySegment memory) {
    Suite suite = Suite.of(memory.get(JAVA_SHORT, 0));
    return new ParkedRecords(
        memory,
        new TlsRecords(
            protection(suite, memory, AT_READING, AT_SECRETS),
            protection(suite, memory, AT_WRITING, AT_SECRETS + suite.secretBytes),
            memory.get(JAVA_BYTE, AT_WITHOUT_DATA)));
  }

  private static Protection protection(Suite suite, MemorySegment memory, int number, int secret) {
    byte[] bytes = new byte[suite.secretBytes];
    MemorySegment.copy(memory, JAVA_BYTE, secret, bytes, 0, bytes.length);
    return new Protection(suite, bytes, memory.get(JAVA_LONG_UNALIGNED, number));
  }

  /// Puts the state of now into the memory.
  public void save() {
    Protection reading = records.reading();
    Protection writing = records.writing();
    memory.set(JAVA_SHORT, 0, reading.suite().code);
    memory.set(JAVA_BYTE, AT_WITHOUT_DATA, (byte) records.withoutData());
    memory.set(JAVA_LONG_UNALIGNED, AT_READING, reading.sequence());
    memory.set(JAVA_LONG_UNALIGNED, AT_WRITING, writing.sequence());
    save(reading.secret(), AT_SECRETS);
    save(writing.secret(), AT_SECRETS + reading.suite().secretBytes);
  }

  private void save(byte[] secret, int at) {
    MemorySegment.copy(secret, 0, memory, JAVA_BYTE, at, secret.length);
  }

  /// Opens all whole records of `in` and leaves the rest.
  ///
  /// @param data takes what they held; owns each buffer
  /// @return with what alert to [#close] because the peer broke the protocol, or closed; [#GO_ON] if all is well
  public int read(ByteBuf in, ByteBufAllocator allocator, Consumer<ByteBuf> data) {
    try {
      records.read(
          in,
          allocator,
          new TlsRecords.Listener() {
            @Override
            public void data(ByteBuf opened) {
              data.accept(opened);
            }

            @Override
            public void peerClosed() {}
          });
      return records.peerClosed() ? CLOSE_NOTIFY : GO_ON;
    } catch (BadRecordException e) {
      return e.alert.description();
    }
  }

  /// Whether a key update is owed, for which there need be no data.
  public boolean owesKeyUpdate() {
    return records.owesKeyUpdate();
  }

  /// Whether what is in the memory after [#save] is all there is; else the connection needs a [#handler].
  public boolean atRest() {
    return records.atRest();
  }

  /// Seals data.
  ///
  /// @param data read to its end, not released
  /// @return what to send, once; owned by the caller
  public ByteBuf seal(ByteBuf data, ByteBufAllocator allocator) {
    return records.seal(data, allocator);
  }

  /// Seals the last thing that is said.
  ///
  /// @param alert [#CLOSE_NOTIFY], [#INTERNAL_ERROR] or another that [#read] has asked for
  public ByteBuf close(int alert, ByteBufAllocator allocator) {
    return records.close(Alert.of(alert), allocator);
  }

  /// Forgets the secrets that this object has; those in the memory stay.
  public void forget() {
    records.end();
  }

  /// Forgets soon what this loop's ciphers still know of the connections that have ended.
  public static void forgetKeys(EventExecutor loop) {
    Primitives.forgetSoon(loop);
  }

  /// What carries the connection on in a channel's pipeline. This object is good for nothing then, and what is in the memory
  /// must be zeroed.
  ///
  /// @param unfinished the beginning of a record; owned by the handler
  public ChannelHandler handler(@Nullable ByteBuf unfinished) {
    return new RecordHandler(records, unfinished);
  }

  /// Forgets the secrets of a [#handler] that was never used, and the record that it should have gone on with.
  public static void forget(ChannelHandler handler) {
    ((RecordHandler) handler).end();
  }

  /// Ends a connection that is carried on in a channel, because of what was read before it had one.
  ///
  /// @param handler of [#handler], in the channel's pipeline
  /// @param alert as [#read] has asked for
  public static void end(ChannelHandler handler, int alert) {
    ((RecordHandler) handler).end(Alert.of(alert));
  }
}
