/// `./bench`: runs the workloads on all stacks, prints tables, and writes the page, its plots and the numbers behind it. Read [Compare] first.
@NullMarked
package dormouse.bench.compare;

import org.jspecify.annotations.NullMarked;
