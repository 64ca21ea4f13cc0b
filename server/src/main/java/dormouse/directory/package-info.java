/// Who a client is, and what is known of it: a chain of links, each asked in turn.
///
/// Read [Directory] first: an [Attempt] goes in, an [Answer] comes out, with [Facts] if it is an acceptance. A [Link]
/// is one source of answers; what all links have in common stands around it in [GuardedLink].
@NullMarked
package dormouse.directory;

import org.jspecify.annotations.NullMarked;
