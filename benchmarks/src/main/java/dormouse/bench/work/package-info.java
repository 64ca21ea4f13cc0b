/// What is measured: each class is one question that is put to all stacks, in rounds by turns. [Workload] says what such a class
/// has, [Bench] what it works with.
@NullMarked
package dormouse.bench.work;

import org.jspecify.annotations.NullMarked;
