/// What a client knows of its selected mailbox, as values: which messages, under which numbers, with which flags, and
/// how to tell it what changed.
///
/// Read [MailboxView] first, then [UidSet] and [ViewDiff]. Everything here is immutable and does no I/O.
@NullMarked
package dormouse.imap.view;

import org.jspecify.annotations.NullMarked;
