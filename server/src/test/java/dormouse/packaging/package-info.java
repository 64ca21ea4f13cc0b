/// Tests of what is shipped beside the jar.
@NullMarked
package dormouse.packaging;

import org.jspecify.annotations.NullMarked;
