/// Memory outside the heap for what there are millions of, where no collector looks at it: cells, records, and ways to find them by a hash and by
/// their time. Knows nothing of what lies there.
///
/// Start with [Cells], of which all is made, and [Records].
@NullMarked
package dormouse.flat;

import org.jspecify.annotations.NullMarked;
