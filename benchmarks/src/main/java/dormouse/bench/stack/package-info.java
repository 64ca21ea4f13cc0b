/// The stacks that are compared: mail fronts, each before a Dovecot of its own, each a few processes in a folder of its own, started and
/// stopped by id. [StackKind] is the list, [Stack] is one that runs.
@NullMarked
package dormouse.bench.stack;

import org.jspecify.annotations.NullMarked;
