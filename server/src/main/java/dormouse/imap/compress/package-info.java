/// COMPRESS=DEFLATE (RFC 4978): a client's stream deflated and inflated in its pipeline, and kept small while the client
/// is quiet. Read [CompressHandler] first.
@NullMarked
package dormouse.imap.compress;

import org.jspecify.annotations.NullMarked;
