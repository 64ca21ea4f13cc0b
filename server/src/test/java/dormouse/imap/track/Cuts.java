package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/// Feeds bytes to a decoder whole, cut in two at every byte, and in pieces of every size: it must not make a difference.
final class Cuts {
  private static final int MAX_PIECE_BYTES = 40;

  private Cuts() {}

  /// What `run` makes of `input`, a byte a character, having made the same of it however it was cut.
  static <T> T everyWay(String input, Function<List<byte[]>, T> run) {
    byte[] bytes = input.getBytes(ISO_8859_1);
    T whole = run.apply(List.of(bytes));
    for (int at = 1; at < bytes.length; at++) {
      var halves = List.of(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at, bytes.length));
      assertThat(run.apply(halves)).as("cut at byte %d", at).isEqualTo(whole);
    }
    for (int size = 1; size <= Math.min(bytes.length, MAX_PIECE_BYTES); size++) {
      assertThat(run.apply(pieces(bytes, size))).as("in pieces of %d", size).isEqualTo(whole);
    }
    return whole;
  }

  /// Lines as they are on the wire.
  static String crlf(String lines) {
    return lines.replace("\n", "\r\n");
  }

  static List<byte[]> pieces(byte[] bytes, int size) {
    var pieces = new ArrayList<byte[]>();
    for (int from = 0; from < bytes.length; from += size) {
      pieces.add(Arrays.copyOfRange(bytes, from, Math.min(from + size, bytes.length)));
    }
    return pieces;
  }
}
