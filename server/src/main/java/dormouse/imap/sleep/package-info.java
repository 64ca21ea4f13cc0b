/// How an IMAP session gives up its backend and gets one back without its client noticing. Read [Snapshot] (what is
/// taken off the backend), [MailboxWatch] (how a sleeper hears of changes), [Wake] (how it returns) and [CatchUp]
/// (what its client must hear).
@NullMarked
package dormouse.imap.sleep;

import org.jspecify.annotations.NullMarked;
