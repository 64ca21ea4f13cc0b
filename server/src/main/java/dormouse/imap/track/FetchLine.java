package dormouse.imap.track;

import org.jspecify.annotations.Nullable;

/// What a FETCH response says of one message, as far as we ask.
///
/// @param seq its sequence number
/// @param uid 0 if not told
/// @param flags the text between the parentheses of FLAGS, `\Seen $Junk`; `null` if not told
/// @param modseq 0 if not told
/// @param more whether it tells anything else
public record FetchLine(long seq, long uid, @Nullable String flags, long modseq, boolean more) {

  /// The FETCH response in `line`; `null` if it is none, or none that can be read to its end.
  public static @Nullable FetchLine parse(ResponseLine line) {
    return line.kind() == Kind.FETCH ? new FetchLine(line.number(), 0, null, 0, true) : null;
  }
}
