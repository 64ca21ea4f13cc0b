/// What is spoken with IMAP clients (RFC 9051, RFC 3501): the dialogue until they are logged in, and the session after it.
///
/// Start with [dormouse.imap.ImapDialogue].
@NullMarked
package dormouse.imap;

import org.jspecify.annotations.NullMarked;
