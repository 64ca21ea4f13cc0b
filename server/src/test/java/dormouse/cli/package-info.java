/// Tests of the command line.
@NullMarked
package dormouse.cli;

import org.jspecify.annotations.NullMarked;
