package dormouse.tls.records;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/// One direction of a connection: its secret, the key and the IV that follow from it, and the number of the next record. No number is used
/// twice with one key: it is counted up before a cipher is asked. TLS 1.3's records hide their types (RFC 8446 §5.2, §5.3); TLS 1.2's
/// tell them, and those of AES-GCM a part of their nonce too, which is the number (RFC 5246 §6.2.3.3, RFC 5288 §3, RFC 7905 §2).
///
/// Lives on its connection's event loop.
final class Protection {
  static final int HEADER_BYTES = 5;

  /// Who says less than that, as most sleepers do, has no cipher lent.
  private static final int LENT_AFTER = 8; // records

  private final Suite suite;
  private byte[] secret;
  private @Nullable Keys keys; // none until the first record
  private @Nullable Cipher lent;
  private int untilLent = LENT_AFTER;
  private long sequence;

  static final class Keys {
    final TrafficKey key;
    final byte[] iv;

    Keys(TrafficKey key, byte[] iv) {
      this.key = key;
      this.iv = iv;
    }
  }

  /// @param secret of [Suite#secretBytes]; owned by this object
  /// @param sequence the number of the next record
  Protection(Suite suite, byte[] secret, long sequence) {
    this.suite = suite;
    this.secret = secret;
    this.sequence = sequence;
  }

  private Keys keys() {
    Keys here = keys;
    if (here == null) {
      here = Primitives.of(suite).keys(secret);
      keys = here;
    }
    return here;
  }

  /// Seals one record of this content behind what `out` holds.
  ///
  /// @param content read from its reader index on
  /// @param bytes how much of it, at most 2^14
  /// @param type a [ContentType#code]
  /// @param out has room for [Suite#overheadBytes] more than that
  void seal(ByteBuf content, int bytes, byte type, ByteBuf out) {
    assert SealedOnce.takeDown(secret, sequence) : "sealed twice with number " + sequence;
    boolean tellsType = suite.ofTls12();
    byte toldType = tellsType ? type : ContentType.APPLICATION_DATA.code;
    out.writeByte(toldType);
    out.writeShort(TlsRecords.LEGACY_VERSION);
    out.writeShort(bytes + suite.overheadBytes - HEADER_BYTES);
    if (suite.explicitNonceBytes > 0) {
      out.writeLong(sequence);
    }
    Primitives primitives = Primitives.of(suite);
    byte[] room = primitives.from();
    content.readBytes(room, 0, bytes);
    room[bytes] = type;
    int plainBytes = tellsType ? bytes : bytes + 1;
    Cipher own = lent(primitives);
    Cipher cipher = own == null ? primitives.sealing() : own;
    try {
      begin(cipher, Cipher.ENCRYPT_MODE, toldType, plainBytes, sequence);
      cipher.doFinal(room, 0, plainBytes, room, 0);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot seal", e);
    }
    out.writeBytes(room, 0, plainBytes + Suite.TAG_BYTES);
  }

  /// Opens one record into `out`: its content, its type, and what it was padded with.
  ///
  /// @param record read from its reader index on, behind the header, which stands before that
  /// @param bytes how long it is, at least [Suite#explicitNonceBytes] and [Suite#TAG_BYTES]
  /// @param out empty, with room for `bytes`
  void open(ByteBuf record, int bytes, ByteBuf out) throws BadRecordException {
    byte toldType = record.getByte(record.readerIndex() - HEADER_BYTES);
    long explicit = suite.explicitNonceBytes > 0 ? record.readLong() : 0;
    int sealedBytes = bytes - suite.explicitNonceBytes;
    Primitives primitives = Primitives.of(suite);
    byte[] room = primitives.from();
    record.readBytes(room, 0, sealedBytes);
    Cipher own = lent(primitives);
    Cipher cipher = own == null ? primitives.opening() : own;
    try {
      begin(cipher, Cipher.DECRYPT_MODE, toldType, sealedBytes - Suite.TAG_BYTES, explicit);
      int opened = cipher.doFinal(room, 0, sealedBytes, primitives.to(), 0);
      out.writeBytes(primitives.to(), 0, opened);
      if (suite.ofTls12()) {
        out.writeByte(toldType);
      }
    } catch (AEADBadTagException e) {
      throw new BadRecordException(Alert.BAD_RECORD_MAC, "a record that the peer did not seal");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot open", e);
    }
  }

  private @Nullable Cipher lent(Primitives primitives) {
    if (lent == null && --untilLent < 0) {
      lent = primitives.lend(this);
    }
    return lent;
  }

  /// The cipher that was lent is another's now.
  void takeBack() {
    lent = null;
    untilLent = LENT_AFTER;
  }

  /// Gives back what it has of this loop's, which it leaves.
  void leave() {
    Cipher own = lent;
    if (own != null) {
      takeBack();
      Primitives.of(suite).giveBack(this, own);
    }
  }

  /// @param explicit the nonce's part that the record tells, if it does
  private void begin(Cipher cipher, int mode, byte toldType, int plainBytes, long explicit)
      throws GeneralSecurityException {
    Keys here = keys();
    long number = sequence++;
    long varies = suite.explicitNonceBytes > 0 ? explicit : number;
    byte[] nonce = Arrays.copyOf(here.iv, Suite.IV_BYTES);
    for (int i = 0; i < Long.BYTES; i++) {
      nonce[nonce.length - 1 - i] ^= (byte) (varies >>> (8 * i));
    }
    cipher.init(mode, here.key, suite.nonce(nonce));
    Arrays.fill(nonce, (byte) 0); // with the number 0 it is the IV, and the cipher has a copy
    cipher.updateAAD(suite.ofTls12() ? told(number, toldType, plainBytes) : header(plainBytes));
  }

  private static byte[] header(int plainBytes) {
    int sealedBytes = plainBytes + Suite.TAG_BYTES;
    return new byte[] {
      ContentType.APPLICATION_DATA.code,
      (byte) (TlsRecords.LEGACY_VERSION >> 8),
      (byte) TlsRecords.LEGACY_VERSION,
      (byte) (sealedBytes >> 8),
      (byte) sealedBytes
    };
  }

  private static byte[] told(long number, byte type, int plainBytes) {
    return ByteBuffer.allocate(Long.BYTES + HEADER_BYTES)
        .putLong(number)
        .put(type)
        .putShort((short) TlsRecords.LEGACY_VERSION)
        .putShort((short) plainBytes)
        .array();
  }

  /// The next generation of the keys (RFC 8446 §7.2), of TLS 1.3 only; the old secret is gone.
  void update() {
    byte[] next = Primitives.of(suite).expand(secret, "traffic upd", suite.secretBytes);
    wipe();
    secret = next;
    sequence = 0;
  }

  /// How many records these keys have protected.
  long sequence() {
    return sequence;
  }

  /// Forgets the secrets. The loop's ciphers keep copies of the last that they were used with, until [Primitives#forgetSoon].
  void wipe() {
    leave();
    Arrays.fill(secret, (byte) 0);
    if (keys != null) {
      Arrays.fill(keys.iv, (byte) 0);
      keys.key.destroy();
      keys = null;
    }
  }

  Suite suite() {
    return suite;
  }

  /// From which the key follows; still this object's.
  byte[] secret() {
    return secret;
  }
}
