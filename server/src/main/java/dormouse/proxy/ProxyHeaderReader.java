package dormouse.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads a PROXY header of either version from the front of a connection. Pure functions; a header takes at most
/// [#MAX_BYTES].
///
/// Strict: what is not exactly a header is [Reading.Bad]. Unknown TLVs are passed over, as the protocol wants.
public final class ProxyHeaderReader {
  /// The longest header; the protocol would allow 65,551 bytes.
  public static final int MAX_BYTES = 4096;

  static final byte[] SIGNATURE = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
  static final int PREFIX_BYTES = 16;
  static final int STREAM = 1;

  private static final int MAX_TEXT_LENGTH = 255;
  private static final int MAX_SESSION_LENGTH = 64; // Dovecot: LOGIN_MAX_SESSION_ID_LEN
  private static final int MAX_V1_BYTES = 107;
  private static final byte[] V1_START = {'P', 'R', 'O', 'X', 'Y', ' '};
  private static final Pattern V1 =
      Pattern.compile(
          "PROXY (?:UNKNOWN(?: [ -~]*)?|TCP([46]) (\\S+) (\\S+) (\\d{1,5}) (\\d{1,5}))");
  private static final Pattern V4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final Pattern V6 = Pattern.compile("[0-9A-Fa-f:]{2,39}(\\.\\d{1,3}){0,3}");
  private static final Pattern VISIBLE = Pattern.compile("[!-~]+");

  /// What was found.
  public sealed interface Reading {
    /// Not all of the header is there; nothing was consumed.
    record More() implements Reading {}

    /// The header, which was consumed.
    record Read(ProxyHeader header) implements Reading {}

    /// No header, and no more bytes can make it one.
    ///
    /// @param why for the operator
    record Bad(String why) implements Reading {}
  }

  private static final Reading MORE = new Reading.More();

  private ProxyHeaderReader() {}

  /// Reads the header at the front of `in`, which has all that has come of the connection.
  public static Reading read(ByteBuf in) {
    if (startsLike(in, SIGNATURE)) {
      return in.readableBytes() < PREFIX_BYTES ? MORE : version2(in);
    }
    if (startsLike(in, V1_START)) {
      return version1(in);
    }
    return new Reading.Bad("it does not begin with a PROXY header");
  }

  /// Whether all that is there of the mark is the mark's.
  private static boolean startsLike(ByteBuf in, byte[] mark) {
    int length = Math.min(mark.length, in.readableBytes());
    for (int i = 0; i < length; i++) {
      if (in.getByte(in.readerIndex() + i) != mark[i]) {
        return false;
      }
    }
    return true;
  }

  private static Reading version1(ByteBuf in) {
    int searched = Math.min(in.readableBytes(), MAX_V1_BYTES);
    int end = in.indexOf(in.readerIndex(), in.readerIndex() + searched, (byte) '\n');
    if (end < 0) {
      return searched < MAX_V1_BYTES ? MORE : new Reading.Bad("its PROXY line does not end");
    }
    int length = end - in.readerIndex() - 1;
    if (length < 0 || in.getByte(end - 1) != '\r') {
      return new Reading.Bad("its PROXY line does not end in CRLF");
    }
    Matcher line = V1.matcher(in.toString(in.readerIndex(), length, US_ASCII));
    if (!line.matches()) {
      return new Reading.Bad("its PROXY line is malformed");
    }
    in.readerIndex(end + 1);
    if (line.group(1) == null) {
      return new Reading.Read(ProxyHeader.EMPTY);
    }
    Pattern family = line.group(1).equals("4") ? V4 : V6;
    InetSocketAddress source = address(family, line.group(2), line.group(4));
    InetSocketAddress destination = address(family, line.group(3), line.group(5));
    return source == null || destination == null
        ? new Reading.Bad("its PROXY line has no valid addresses")
        : new Reading.Read(new ProxyHeader(source, destination, "", "", null));
  }

  private static @Nullable InetSocketAddress address(Pattern family, String host, String port) {
    if (!family.matcher(host).matches() || Integer.parseInt(port) > 65535) {
      return null;
    }
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(host), Integer.parseInt(port));
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static Reading version2(ByteBuf in) {
    int start = in.readerIndex();
    int versionAndCommand = in.getUnsignedByte(start + 12);
    int length = in.getUnsignedShort(start + 14);
    if (versionAndCommand >> 4 != 2) {
      return new Reading.Bad("its PROXY header has version " + (versionAndCommand >> 4));
    }
    if ((versionAndCommand & 15) > 1) {
      return new Reading.Bad("its PROXY header has the command " + (versionAndCommand & 15));
    }
    if (PREFIX_BYTES + length > MAX_BYTES) {
      return new Reading.Bad(
          "its PROXY header has "
              + (PREFIX_BYTES + length)
              + " bytes, more than the "
              + MAX_BYTES
              + " that are read");
    }
    if (in.readableBytes() < PREFIX_BYTES + length) {
      return MORE;
    }
    boolean local = (versionAndCommand & 15) == 0;
    byte[] header = ByteBufUtil.getBytes(in, start, PREFIX_BYTES + length);
    in.skipBytes(header.length);
    return version2(header, local);
  }

  private static Reading version2(byte[] header, boolean local) {
    int addressBytes =
        switch (header[13] >> 4 & 15) {
          case 0 -> 0;
          case 1 -> 4;
          case 2 -> 16;
          case 3 -> 108;
          default -> -1;
        };
    boolean internet = addressBytes == 4 || addressBytes == 16;
    int tlvs = PREFIX_BYTES + Math.max(0, addressBytes) * 2 + (internet ? 4 : 0);
    if (addressBytes < 0 || tlvs > header.length) {
      return local
          ? new Reading.Read(ProxyHeader.EMPTY) // a receiver must take LOCAL, whatever is in it
          : new Reading.Bad("its PROXY header is too short for its addresses");
    }
    List<Tlv> fields = Tlv.all(header, tlvs, header.length);
    if (fields == null) {
      return new Reading.Bad("the TLVs of its PROXY header are malformed");
    }
    Optional<Tlv> crc = Tlv.first(fields, Tlv.CRC32C);
    if (crc.isPresent() && !fits(crc.get())) {
      return new Reading.Bad("the CRC32C of its PROXY header is wrong");
    }
    boolean addressed = internet && (header[13] & 15) == STREAM && !local;
    int ports = PREFIX_BYTES + 2 * addressBytes;
    return new Reading.Read(
        new ProxyHeader(
            addressed ? address(header, PREFIX_BYTES, addressBytes, ports) : null,
            addressed
                ? address(header, PREFIX_BYTES + addressBytes, addressBytes, ports + 2)
                : null,
            visible(fields, Tlv.AUTHORITY),
            session(fields),
            Tlv.first(fields, Tlv.SSL).map(ProxyHeaderReader::tls).orElse(null)));
  }

  private static String session(List<Tlv> fields) {
    String id = visible(fields, Tlv.UNIQUE_ID);
    return id.length() <= MAX_SESSION_LENGTH ? id : "";
  }

  private static InetSocketAddress address(byte[] from, int at, int length, int portAt) {
    try {
      return new InetSocketAddress(
          InetAddress.getByAddress(Arrays.copyOfRange(from, at, at + length)),
          (from[portAt] & 0xFF) << 8 | (from[portAt + 1] & 0xFF));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // 4 and 16 bytes are addresses
    }
  }

  /// Whether it is the checksum of the whole header with zeros in its own place.
  private static boolean fits(Tlv crc) {
    if (crc.length() != 4) {
      return false;
    }
    byte[] zeroed = crc.bytes().clone();
    Arrays.fill(zeroed, crc.at(), crc.at() + 4, (byte) 0);
    CRC32C sum = new CRC32C();
    sum.update(zeroed, 0, zeroed.length);
    return (int) sum.getValue() == int32(crc.bytes(), crc.at());
  }

  private static int int32(byte[] from, int at) {
    return from[at] << 24
        | (from[at + 1] & 0xFF) << 16
        | (from[at + 2] & 0xFF) << 8
        | (from[at + 3] & 0xFF);
  }

  /// The client's TLS as an SSL field tells it; null if the client has none, or the field is malformed.
  private static ProxyHeader.@Nullable Tls tls(Tlv ssl) {
    if (ssl.length() < Tlv.SSL_FIXED_BYTES || (ssl.bytes()[ssl.at()] & Tlv.CLIENT_SSL) == 0) {
      return null;
    }
    List<Tlv> within =
        Tlv.all(ssl.bytes(), ssl.at() + Tlv.SSL_FIXED_BYTES, ssl.at() + ssl.length());
    if (within == null) {
      return null;
    }
    boolean verified = int32(ssl.bytes(), ssl.at() + 1) == 0;
    return new ProxyHeader.Tls(
        visible(within, Tlv.SSL_VERSION),
        visible(within, Tlv.SSL_CIPHER),
        verified ? text(within, Tlv.SSL_CN) : "");
  }

  private static String visible(List<Tlv> tlvs, int type) {
    String text = text(tlvs, type);
    return VISIBLE.matcher(text).matches() ? text : "";
  }

  private static String text(List<Tlv> tlvs, int type) {
    String text = Tlv.first(tlvs, type).map(tlv -> new String(tlv.value(), UTF_8)).orElse("");
    return text.length() <= MAX_TEXT_LENGTH ? text : "";
  }
}
