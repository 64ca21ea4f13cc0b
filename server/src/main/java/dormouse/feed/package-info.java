/// Mailbox changes as backends tell them, passed on to whoever listens. Read [Feed] (one source and its health),
/// [BackendFeeds] (who listens) and [EventServer] (where backends tell over HTTP).
@NullMarked
package dormouse.feed;

import org.jspecify.annotations.NullMarked;
