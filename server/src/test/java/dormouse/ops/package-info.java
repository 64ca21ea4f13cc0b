/// Tests of what operators see.
@NullMarked
package dormouse.ops;

import org.jspecify.annotations.NullMarked;
