/// The stacks that are compared: mail fronts before one Dovecot, each a few processes in a folder of its own, started and
/// stopped by id. [StackKind] is the list, [Stacks] starts them, [Stack] is one that runs.
@NullMarked
package dormouse.bench.stack;

import org.jspecify.annotations.NullMarked;
