/// Links that decide nothing: they rewrite a user's name ([RewriteLink]) or know its backend ([MapLink]) for the links
/// behind them.
@NullMarked
package dormouse.directory.step;

import org.jspecify.annotations.NullMarked;
