package dormouse.imap.track;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/// One whole client command, as far as we remember it.
///
/// Immutable by agreement: nobody writes to `arguments`. Its text stays out of `toString`, as LOGIN's holds a password.
///
/// @param tag the client's; `""` for the line that ends IDLE
/// @param arguments what follows the name and its space, without the final CRLF; literals with their markers, e.g.
///     `{3+}CRLFabc`. Empty if there are none, if the verb's are not kept, or if a forwarded command had over 8 KiB.
///     Of the line that ends IDLE: the whole line, but empty if it says DONE
/// @param mentionsModseq outside strings it says MODSEQ or CHANGEDSINCE, or selects with CONDSTORE or QRESYNC: from
///     now on the client expects mod-sequences (RFC 7162 §3.1)
/// @param savesSearch a search whose result is kept as `$` (RFC 5182)
/// @param updatesContext a search that goes on reporting changes (RFC 5267)
@SuppressWarnings("ArrayRecordComponent") // compared nowhere; a String would copy once more
public record Command(
    String tag,
    Verb verb,
    byte[] arguments,
    boolean mentionsModseq,
    boolean savesSearch,
    boolean updatesContext) {

  /// The arguments as text, a byte a character.
  public String argumentsText() {
    return new String(arguments, ISO_8859_1);
  }

  @Override
  public String toString() {
    return tag + " " + verb.wireName() + " (" + arguments.length + " bytes)";
  }
}
