package dormouse.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/// Reads an OCSP response as a file holds it: DER, as `openssl ocsp -respout` and ACME clients write it (RFC 6960 §4.2.1).
final class OcspFile {
  private static final int SEQUENCE = 0x30;
  private static final int ENUMERATED = 0x0A;
  private static final int NEXT_UPDATE = 0xA0; // [0]
  private static final int LONG_LENGTH = 0x80;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  /// A value of DER and its tag.
  private record Value(int tag, ByteBuffer content) {}

  private OcspFile() {}

  /// The response, if it is one, and a successful one.
  static byte[] read(Path file) throws PemFiles.BadFile {
    byte[] der = PemFiles.read(file);
    int lengthBytes = der.length > 1 && (der[1] & LONG_LENGTH) != 0 ? der[1] & ~LONG_LENGTH : 0;
    int status = 2 + (lengthBytes & 0x7F);
    boolean response =
        der.length > status + 3
            && der[0] == SEQUENCE
            && der[status] == ENUMERATED
            && der[status + 1] == 1;
    if (!response) {
      throw new PemFiles.BadFile("wanted an OCSP response in DER, but there is none in " + file);
    }
    if (der[status + 2] != 0) {
      throw new PemFiles.BadFile(
          "the OCSP response in " + file + " says that it failed: status " + der[status + 2]);
    }
    return der;
  }

  /// How long a response is good, as its first answer says (RFC 6960 §4.2.1); null if that says nothing, and so is good until there is another, or if
  /// it is none that we can read.
  static @Nullable Term term(byte[] response) {
    try {
      ByteBuffer bytes = content(content(content(ByteBuffer.wrap(response), 0), 1), 0);
      ByteBuffer data = content(content(content(bytes, 1), 0), 0);
      Value answers = next(data);
      while (answers.tag != SEQUENCE) {
        answers = next(data); // version, who says it, and when
      }
      ByteBuffer first = content(answers.content, 0);
      Instant since = time(content(first, 2)); // behind whose it is, and how it is
      Value until = first.hasRemaining() ? next(first) : null;
      return until == null || until.tag != NEXT_UPDATE
          ? null
          : new Term(since, time(content(until.content, 0)));
    } catch (IllegalArgumentException
        | IndexOutOfBoundsException
        | DateTimeException
        | BufferUnderflowException _) {
      return null;
    }
  }

  /// What is in the next value but so many.
  private static ByteBuffer content(ByteBuffer in, int skipped) {
    for (int i = 0; i < skipped; i++) {
      next(in);
    }
    return next(in).content;
  }

  private static Value next(ByteBuffer in) {
    int tag = in.get() & 0xFF;
    int length = in.get() & 0xFF;
    if (length >= LONG_LENGTH) {
      int more = length - LONG_LENGTH;
      length = 0;
      for (int i = 0; i < more; i++) {
        length = (length << 8) | (in.get() & 0xFF);
      }
    }
    ByteBuffer content = in.slice(in.position(), length);
    in.position(in.position() + length);
    return new Value(tag, content);
  }

  private static Instant time(ByteBuffer digits) {
    return TIME.parse(US_ASCII.decode(digits), Instant::from);
  }
}
