/// The command line: what was asked for ([Cli]), and the live line of state on the terminal ([LiveLine]).
@NullMarked
package dormouse.cli;

import org.jspecify.annotations.NullMarked;
