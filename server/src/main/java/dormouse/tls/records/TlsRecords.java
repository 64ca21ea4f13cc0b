package dormouse.tls.records;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/// A connection of TLS 1.3 (RFC 8446 §5, §4.6.3, §6.1) or 1.2 (RFC 5246 §6, §7.2) after its handshake: opens what the peer sends, seals what it shall get,
/// follows and makes key updates where there are any, and knows who has closed. Does no I/O and keeps no data but an unfinished handshake message.
/// ```text
/// open ──close_notify came──▶ peer closed ──ours is sealed──▶ closed
///   └───────ours is sealed──▶ we closed ─────it came────────────▲
/// ```
/// Lives on its connection's event loop.
final class TlsRecords {
  /// Who takes what was opened.
  interface Listener {
    /// Data of the peer; owned by the receiver, never empty.
    void data(ByteBuf data);

    /// The peer will send no more.
    void peerClosed();
  }

  static final int LEGACY_VERSION = 0x0303;
  static final int MAX_CONTENT_BYTES = 1 << 14;
  private static final int MAX_PADDED_BYTES = MAX_CONTENT_BYTES + 256; // of TLS 1.3, with its tag

  /// Long before AES-GCM's bound of 2^24.5 records for one key (RFC 8446 §5.5). A key of TLS 1.2 has no successor.
  static final long MAX_RECORDS_A_KEY = 1 << 23;

  private static final int MAX_WITHOUT_DATA =
      32; // records in a row: each costs us work and brings nothing
  private static final int KEY_UPDATE = 24; // RFC 8446 §4
  private static final int KEY_UPDATE_BYTES = 5;
  private static final int UPDATE_REQUESTED = 1;

  private final Protection reading;
  private final Protection writing;
  private int withoutData;
  private @Nullable ByteBuf handshake;
  private boolean updateOwed;
  private boolean peerClosed;
  private boolean closed;

  TlsRecords(Protection reading, Protection writing) {
    this(reading, writing, 0);
  }

  /// @param withoutData how many records without data came last
  TlsRecords(Protection reading, Protection writing, int withoutData) {
    this.reading = reading;
    this.writing = writing;
    this.withoutData = withoutData;
  }

  /// Opens all whole records of `in` and leaves the rest.
  ///
  /// @throws BadRecordException if the peer broke the protocol; what came before it has been told
  void read(ByteBuf in, ByteBufAllocator allocator, Listener listener) throws BadRecordException {
    while (in.readableBytes() >= Protection.HEADER_BYTES) {
      if (peerClosed) {
        in.skipBytes(in.readableBytes()); // RFC 8446 §6.1: ignored
        return;
      }
      int bytes = sealedBytes(in);
      if (in.readableBytes() < Protection.HEADER_BYTES + bytes) {
        return;
      }
      in.skipBytes(Protection.HEADER_BYTES);
      ByteBuf opened = allocator.directBuffer(bytes);
      try {
        reading.open(in, bytes, opened);
        take(opened, listener);
      } finally {
        opened.release();
      }
    }
  }

  private int sealedBytes(ByteBuf in) throws BadRecordException {
    Suite suite = reading.suite();
    int at = in.readerIndex();
    byte told = in.getByte(at);
    if (suite.ofTls12()
        ? ContentType.of(told) == null
        : told != ContentType.APPLICATION_DATA.code) {
      throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "a record in the clear");
    }
    if (in.getUnsignedShort(at + 1) != LEGACY_VERSION) {
      throw new BadRecordException(Alert.DECODE_ERROR, "a record of another version");
    }
    int bytes = in.getUnsignedShort(at + 3);
    int added = suite.explicitNonceBytes + Suite.TAG_BYTES;
    if (bytes > (suite.ofTls12() ? MAX_CONTENT_BYTES + added : MAX_PADDED_BYTES)) {
      throw new BadRecordException(Alert.RECORD_OVERFLOW, "a record of " + bytes + " bytes");
    }
    if (bytes < (suite.ofTls12() ? added : added + 1)) {
      throw new BadRecordException(Alert.BAD_RECORD_MAC, "a record without room for its tag");
    }
    return bytes;
  }

  private void take(ByteBuf opened, Listener listener) throws BadRecordException {
    int last = opened.writerIndex() - 1;
    if (last > MAX_CONTENT_BYTES) { // RFC 8446 §5.4: what it was padded with counts
      throw new BadRecordException(Alert.RECORD_OVERFLOW, "content of " + last + " bytes");
    }
    while (last >= 0 && opened.getByte(last) == 0) {
      last--;
    }
    ContentType type = last < 0 ? null : ContentType.of(opened.getByte(last));
    if (type == null) {
      throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "a record of no known type");
    }
    opened.writerIndex(last);
    if (handshake != null && type != ContentType.HANDSHAKE) {
      throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "a message that another cuts in two");
    }
    boolean data = type == ContentType.APPLICATION_DATA && opened.isReadable();
    withoutData = data ? 0 : withoutData + 1;
    if (withoutData > MAX_WITHOUT_DATA) {
      throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "records that say nothing");
    }
    switch (type) {
      case APPLICATION_DATA -> {
        if (data) {
          listener.data(opened.retain());
        }
      }
      case HANDSHAKE -> takeHandshake(opened);
      case ALERT -> takeAlert(opened, listener);
      case CHANGE_CIPHER_SPEC ->
          throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "change_cipher_spec, sealed");
    }
  }

  /// A client may send only KeyUpdate; it may be cut into several records. In TLS 1.2 it would be another handshake, which Dormouse does not begin.
  private void takeHandshake(ByteBuf part) throws BadRecordException {
    if (reading.suite().ofTls12()) {
      throw new BadRecordException(Alert.NO_RENEGOTIATION, "another handshake");
    }
    if (!part.isReadable()) {
      throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "an empty handshake record");
    }
    ByteBuf message = handshake == null ? Unpooled.buffer(KEY_UPDATE_BYTES) : handshake;
    handshake = message;
    message.writeBytes(
        part, Math.min(part.readableBytes(), KEY_UPDATE_BYTES - message.readableBytes()));
    if (message.getByte(0) != KEY_UPDATE) {
      throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "handshake after the handshake");
    }
    if (message.readableBytes() < KEY_UPDATE_BYTES) {
      return;
    }
    handshake = null;
    if (message.getUnsignedMedium(1) != 1) {
      throw new BadRecordException(Alert.DECODE_ERROR, "a KeyUpdate of a wrong length");
    }
    if (part.isReadable()) { // what follows would be sealed with other keys
      throw new BadRecordException(Alert.UNEXPECTED_MESSAGE, "more behind a KeyUpdate");
    }
    int request = message.getByte(KEY_UPDATE_BYTES - 1);
    if (request != 0 && request != UPDATE_REQUESTED) {
      throw new BadRecordException(Alert.ILLEGAL_PARAMETER, "a KeyUpdate that asks for " + request);
    }
    reading.update();
    updateOwed |= request == UPDATE_REQUESTED;
  }

  private void takeAlert(ByteBuf alert, Listener listener) throws BadRecordException {
    if (alert.readableBytes() != 2) {
      throw new BadRecordException(Alert.DECODE_ERROR, "an alert of a wrong length");
    }
    if (reading.suite().ofTls12() && Alert.isWarning(alert)) {
      return; // RFC 5246 §7.2.2
    }
    peerClosed = true; // RFC 8446 §6: all others end the connection, whatever their level says
    listener.peerClosed();
  }

  /// Whether [#seal] has to be called, with or without data: the peer asked for new keys.
  boolean owesKeyUpdate() {
    return updateOwed && !closed;
  }

  /// Seals data, in as many records as it takes, behind a KeyUpdate if one is due.
  ///
  /// @param data read to its end, not released
  /// @return what to write; owned by the caller. Empty after [#close]
  ByteBuf seal(ByteBuf data, ByteBufAllocator allocator) {
    if (closed) {
      data.skipBytes(data.readableBytes());
      return Unpooled.EMPTY_BUFFER;
    }
    int bytes = data.readableBytes();
    int records = (bytes + MAX_CONTENT_BYTES - 1) / MAX_CONTENT_BYTES;
    int overheadBytes = writing.suite().overheadBytes;
    boolean update =
        updateOwed
            || (writing.sequence() + records > MAX_RECORDS_A_KEY && !writing.suite().ofTls12());
    int updateBytes = update ? overheadBytes + KEY_UPDATE_BYTES : 0;
    ByteBuf out = allocator.directBuffer(updateBytes + bytes + records * overheadBytes);
    if (update) {
      updateOwed = false;
      ByteBuf message = Unpooled.wrappedBuffer(new byte[] {KEY_UPDATE, 0, 0, 1, 0});
      writing.seal(message, KEY_UPDATE_BYTES, ContentType.HANDSHAKE.code, out);
      writing.update();
    }
    while (data.isReadable()) {
      int content = Math.min(data.readableBytes(), MAX_CONTENT_BYTES);
      writing.seal(data, content, ContentType.APPLICATION_DATA.code, out);
    }
    return out;
  }

  /// Seals the last record: nothing can be sealed after it.
  ///
  /// @return what to write; owned by the caller. Empty if it was called before
  ByteBuf close(Alert alert, ByteBufAllocator allocator) {
    if (closed) {
      return Unpooled.EMPTY_BUFFER;
    }
    closed = true;
    ByteBuf out = allocator.directBuffer(writing.suite().overheadBytes + 2);
    writing.seal(Unpooled.wrappedBuffer(alert.bytes()), 2, ContentType.ALERT.code, out);
    return out;
  }

  /// Whether two secrets and two counters are all there is to it: nothing is half read, owed or closed.
  boolean atRest() {
    return handshake == null && !updateOwed && !peerClosed && !closed;
  }

  boolean peerClosed() {
    return peerClosed;
  }

  Protection reading() {
    return reading;
  }

  Protection writing() {
    return writing;
  }

  /// How many records without data came last.
  int withoutData() {
    return withoutData;
  }

  /// Gives back what it has of this loop's, which it leaves.
  void leave() {
    reading.leave();
    writing.leave();
  }

  /// Forgets the secrets; nothing can be opened or sealed any more.
  void end() {
    closed = true;
    peerClosed = true;
    reading.wipe();
    writing.wipe();
  }
}
